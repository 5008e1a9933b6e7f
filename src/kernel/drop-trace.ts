import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { TsnetError } from '../errors.ts'
import { type DroppedPacket, MARKS, parseDrops, parseFields } from './drop-lines.ts'
import { lockFile, openTracefs, type Tracefs } from './tracefs.ts'

const PREFIX = 'tsnet-'
const EVENT = 'events/skb/kfree_skb'
/** ETH_P_IP, ETH_P_IPV6, ETH_P_ARP */
const FILTER = 'protocol == 0x0800 || protocol == 0x86dd || protocol == 0x0806'
const NEEDED = ['reason', 'protocol', 'location']
/** A CPU; some thousand drops. */
const BUFFER_KIB = 256

/**
 * Why the kernel drops packets of this host, all namespaces together (tracepoint `skb:kfree_skb`, reasons since Linux
 * 5.17): in a trace instance of our own, which nobody else's tracing notices. It is there for the whole host, named
 * `tsnet-PID-…`, and locked: the next one to be opened removes those whose process was killed.
 */
export class DropTrace {
  readonly #tracefs: Tracefs
  readonly #folder: string
  readonly #lock: number
  #isOpen = true

  private constructor(tracefs: Tracefs, folder: string) {
    this.#tracefs = tracefs
    this.#folder = folder
    mkdirSync(folder, { mode: 0o700 })
    this.#lock = openSync(folder, 'r')
  }

  /** @throws TsnetError `privilege`, `unsupported` */
  static open(): DropTrace {
    const tracefs = openTracefs()
    try {
      removeLeftoverInstances(tracefs.path)
      const missing = NEEDED.filter((name) => !fieldsOf(tracefs.path).has(name))
      if (missing.length > 0) {
        throw new TsnetError('unsupported', `skb:kfree_skb: this kernel does not tell ${missing.join(', ')}`)
      }
      const trace = new DropTrace(
        tracefs,
        `${tracefs.path}/instances/${PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`,
      )
      try {
        trace.#start()
        return trace
      } catch (error) {
        trace.#remove()
        throw error
      }
    } catch (error) {
      tracefs.close()
      throw explained(error)
    }
  }

  #start(): void {
    if (!lockFile(this.#lock)) throw new TsnetError('failed', 'tracefs: our trace instance is taken')
    // what comes first is kept: the packet that we send is among it
    this.#write('options/overwrite', '0')
    this.#write('buffer_size_kb', String(BUFFER_KIB))
    this.#write(`${EVENT}/filter`, FILTER)
    this.#write(`${EVENT}/enable`, '1')
  }

  #write(name: string, value: string): void {
    writeFileSync(`${this.#folder}/${name}`, value)
  }

  /** What is dropped within the action, in the context of this thread, is ours. */
  during<T>(action: () => T): T {
    this.#write('trace_marker', MARKS.BEGIN)
    try {
      return action()
    } finally {
      this.#write('trace_marker', MARKS.END)
    }
  }

  /** All since it was opened; nothing more is recorded. */
  finish(): DroppedPacket[] {
    this.#write('tracing_on', '0')
    return parseDrops(readFileSync(`${this.#folder}/trace`, 'latin1'))
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.#remove()
    } finally {
      this.#tracefs.close()
    }
  }

  #remove(): void {
    // the folder first, while it is locked
    removeInstance(this.#folder)
    closeSync(this.#lock)
  }
}

function fieldsOf(path: string): ReadonlySet<string> {
  return parseFields(readFileSync(`${path}/${EVENT}/format`, 'latin1'))
}

/** Instances of a process that was killed: nobody holds their lock. */
function removeLeftoverInstances(path: string): void {
  const names = readdirSync(`${path}/instances`).filter((name) => name.startsWith(PREFIX))
  for (const name of names) {
    const folder = `${path}/instances/${name}`
    try {
      const descriptor = openSync(folder, 'r')
      try {
        if (lockFile(descriptor)) removeInstance(folder)
      } finally {
        closeSync(descriptor)
      }
    } catch {
      // another one removes it just now
    }
  }
}

function removeInstance(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // somebody reads one of its files: it is removed by the next one
  }
}

function explained(error: unknown): unknown {
  if (error instanceof TsnetError || !(error instanceof Error)) return error
  const { code } = error as NodeJS.ErrnoException
  const isForbidden = code === 'EPERM' || code === 'EACCES'
  return new TsnetError(isForbidden ? 'privilege' : 'unsupported', `tracefs: ${code ?? error.message}`, {
    cause: error,
    ...(isForbidden ? { hint: 'needs root on the host, and a kernel that is not locked down' } : {}),
  })
}
