import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { TsnetError } from '../errors.ts'
import { isOwnNamespace } from './own-namespace.ts'

/** A network namespace by a path that leads to it (`/proc/PID/ns/net`, `/run/netns/NAME`). */
export interface NamespacePath {
  readonly path: string
  /** When given, the path must still lead to this one: a pid may have been used again. */
  readonly inode?: number
}

export interface RunOptions {
  /** Where to run it; absent = where we are. */
  readonly namespace?: NamespacePath
  readonly deadlineMs: number
  /** Of stdout and stderr together; more ends the tool with an error. */
  readonly maxOutputBytes: number
  readonly input?: string
  /** Debian package of the tool, for the hint when it is not installed. */
  readonly package?: string
  /** Takes stdout as it comes; then it is not kept. What it throws ends the tool. */
  readonly onOutput?: (chunk: Buffer) => void
  readonly signal?: AbortSignal
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
}

/** A child costs about as much processor as it waits; more at once only costs memory. */
const MAX_CHILDREN = 2 * availableParallelism()
/** Tools live in the system folders, which an ordinary user's PATH may lack. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Where the child finds the namespace's descriptor (after stdin, stdout, stderr). */
const NAMESPACE_FD = 3
/** `nsenter` when it cannot execute the tool (exit status of a shell as well). */
const NOT_FOUND_STATUS = 127

let running = 0
const waiting: (() => void)[] = []

/**
 * Runs a tool to its end, never through a shell, in a network namespace if wished (`nsenter`, which
 * becomes the tool: no second process). At most a few run at once; the deadline counts from the start.
 *
 * @throws TsnetError `unsupported` not installed · `vanished` the namespace is gone · `privilege` we may
 * not enter it · `failed` exit status, signal, deadline or too much output.
 */
export async function runTool(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  if (running >= MAX_CHILDREN) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await runNow(command, args, options)
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

async function runNow(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  if (!options.namespace || isOwn(options.namespace)) return collect(command, start(command, args), options)
  const fd = openNamespace(options.namespace)
  try {
    return await collect(
      command,
      start('nsenter', [`--net=/proc/self/fd/${NAMESPACE_FD}`, '--', command, ...args], fd),
      options,
    )
  } finally {
    closeSync(fd)
  }
}

function isOwn({ inode }: NamespacePath): boolean {
  return inode !== undefined && isOwnNamespace(inode)
}

/** An own descriptor keeps the namespace alive and the same while the tool is on its way into it. */
function openNamespace({ path, inode }: NamespacePath): number {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (cause) {
    throw openError(path, cause)
  }
  if (inode === undefined || fstatSync(fd).ino === inode) return fd
  closeSync(fd)
  throw new TsnetError('vanished', `namespace ${path}: leads to another namespace now`)
}

function openError(path: string, cause: unknown): TsnetError {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') {
    return new TsnetError('vanished', `namespace ${path}: it is gone`, { cause })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new TsnetError('privilege', `namespace ${path}: permission denied`, {
      cause,
      hint: 'run as root, or with --cap-add SYS_PTRACE',
    })
  }
  return new TsnetError('failed', `namespace ${path}: ${code ?? 'cannot be opened'}`, { cause })
}

function start(command: string, args: readonly string[], namespaceFd?: number): ChildProcess {
  return spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe', ...(namespaceFd === undefined ? [] : [namespaceFd])],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${SYSTEM_PATH}`, LC_ALL: 'C' },
  })
}

function collect(command: string, child: ChildProcess, options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = []
    const err: Buffer[] = []
    let bytes = 0
    let failure: unknown
    const stop = (reason: unknown) => {
      failure ??= reason
      child.kill('SIGKILL')
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    const take = (use: (chunk: Buffer) => void) => (chunk: Buffer) => {
      bytes += chunk.length
      if (failure !== undefined) return
      if (bytes > options.maxOutputBytes) {
        stop(new TsnetError('failed', `${command}: more than ${options.maxOutputBytes} bytes of output`))
        return
      }
      try {
        use(chunk)
      } catch (reason) {
        stop(reason)
      }
    }
    const onAbort = () => stop(new TsnetError('failed', `${command}: interrupted`))
    const deadline = setTimeout(
      () => stop(new TsnetError('failed', `${command}: no end within ${options.deadlineMs} ms`)),
      options.deadlineMs,
    )
    const settle = () => {
      clearTimeout(deadline)
      options.signal?.removeEventListener('abort', onAbort)
    }
    child.stdout?.on('data', take(options.onOutput ?? ((chunk) => void out.push(chunk))))
    child.stderr?.on(
      'data',
      take((chunk) => void err.push(chunk)),
    )
    // a tool that ends without reading its input closes the pipe under us: its status tells
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
    child.once('error', (cause) => {
      settle()
      reject(spawnError(command, cause, options))
    })
    child.once('close', (status, signal) => {
      settle()
      const stderr = Buffer.concat(err).toString()
      if (failure !== undefined) reject(failure)
      else if (status === 0) resolve({ stdout: Buffer.concat(out).toString(), stderr })
      else reject(exitError(command, { status, signal, stderr }, options))
    })
    if (options.signal?.aborted) onAbort()
    else options.signal?.addEventListener('abort', onAbort)
  })
}

function spawnError(command: string, cause: Error, options: RunOptions): TsnetError {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
    return new TsnetError('failed', `${command}: ${cause.message}`, { cause })
  }
  return options.namespace ? notInstalled('nsenter', 'util-linux') : notInstalled(command, options.package)
}

function notInstalled(command: string, debianPackage: string | undefined): TsnetError {
  const hint = debianPackage === undefined ? {} : { hint: `install the package ${debianPackage}` }
  return new TsnetError('unsupported', `${command}: not installed`, hint)
}

interface Exit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

function exitError(command: string, { status, signal, stderr }: Exit, options: RunOptions): TsnetError {
  const said = stderr.trim().split('\n')[0] ?? ''
  if (status === NOT_FOUND_STATUS && said.startsWith('nsenter: failed to execute')) {
    return notInstalled(command, options.package)
  }
  if (/operation not permitted|permission denied|must be root/i.test(said)) {
    return new TsnetError('privilege', `${command}: ${said}`, {
      hint: 'run as root, or with --cap-add NET_ADMIN,SYS_ADMIN',
    })
  }
  const how = signal === null ? `exit status ${status}` : `ended by ${signal}`
  return new TsnetError('failed', `${command}: ${said === '' ? how : said}`)
}
