import { close, existsSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { TsnetError } from '../errors.ts'

/** The kernel's trace files, wherever they are. */
export interface Tracefs {
  readonly path: string
  close(): void
}

const MOUNTED = '/sys/kernel/tracing'
/** asm-generic/unistd.h: the same numbers on every architecture. */
const SYS = { FSOPEN: 430, FSCONFIG: 431, FSMOUNT: 432 } as const
const CLOEXEC = 1
const FSCONFIG_CMD_CREATE = 6

/**
 * Opens tracefs where it is mounted, or mounts it for this process alone: no path leads to such a mount, and it is gone
 * with its descriptor, whatever ends us (fsmount(2), Linux 5.2).
 *
 * @throws TsnetError `privilege`, or `unsupported` where the kernel has none
 */
export function openTracefs(): Tracefs {
  if (existsSync(`${MOUNTED}/instances`)) return { path: MOUNTED, close: () => undefined }
  const context = called('fsopen', open()(SYS.FSOPEN, 'tracefs', CLOEXEC))
  try {
    called('fsconfig', configure()(SYS.FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0))
    const mount = called('fsmount', attach()(SYS.FSMOUNT, context, CLOEXEC, 0))
    return { path: `/proc/self/fd/${mount}`, close: () => close(mount, () => undefined) }
  } finally {
    close(context, () => undefined)
  }
}

type Native = (...args: unknown[]) => number

const library = koffi.load(null)
const declared = new Map<string, Native>()

function native(prototype: string): Native {
  const found = declared.get(prototype) ?? (library.func(prototype) as unknown as Native)
  declared.set(prototype, found)
  return found
}

const open = () => native('long syscall(long, const char *, long)')
const configure = () => native('long syscall(long, long, long, const void *, const void *, long)')
const attach = () => native('long syscall(long, long, long, long)')

const ERRNO = { EPERM: 1, EACCES: 13 } as const

function called(call: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  const message = `tracefs: ${call}: ${getSystemErrorName(-errno)}`
  if (errno !== ERRNO.EPERM && errno !== ERRNO.EACCES) throw new TsnetError('unsupported', message)
  throw new TsnetError('privilege', message, { hint: 'needs CAP_SYS_ADMIN on the host: run as root' })
}

const LOCK = { EXCLUSIVE: 2, NOT_BLOCKING: 4 } as const

/** Takes a file for this process until the descriptor is closed (flock(2)); false when somebody else has it. */
export function lockFile(descriptor: number): boolean {
  return native('int flock(int, int)')(descriptor, LOCK.EXCLUSIVE | LOCK.NOT_BLOCKING) === 0
}
