import { type ChildProcess, spawn } from 'node:child_process'
import type { Row } from '../checks/file/judge.ts'
import { TsnetError } from '../errors.ts'

export interface RunCommandOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Its standard input. */
  readonly input?: string
}

/** Of both outputs; the rest is not kept, and the program is not stopped for it. */
const MAX_OUTPUT_BYTES = 1024 * 1024
/** Where nsenter finds the namespace: after stdin, stdout, stderr. */
const NAMESPACE_FD = 3
/** Of a shell, and of nsenter: the program could not be executed. */
const NOT_FOUND = 127

/**
 * Runs a program of this machine with the network of a namespace, never through a shell. It and what it started (its
 * process group) are ended when the time is over.
 *
 * @throws TsnetError `unsupported` when there is no such program
 */
export async function runCommand(fd: number, words: readonly string[], options: RunCommandOptions): Promise<Row> {
  const startMs = performance.now()
  const child = spawn('nsenter', [`--net=/proc/self/fd/${NAMESPACE_FD}`, '--', ...words], {
    stdio: ['pipe', 'pipe', 'pipe', fd],
    // a group of its own
    detached: true,
  })
  const output = new Output(child)
  child.stdin?.on('error', () => undefined).end(options.input ?? '')
  const status = await ended(child, options)
  const ms = performance.now() - startMs
  if (status === NOT_FOUND) throw new TsnetError('unsupported', `${words[0]}: not installed`)
  if (status === undefined) {
    const detail = `${words[0]}: no end within ${options.timeoutMs} ms`
    return { result: 'timeout', detail, output: output.text, ms }
  }
  return { result: 'ended', status, output: output.text, ms, detail: status === 0 ? undefined : output.text }
}

class Output {
  readonly #pieces: Buffer[] = []
  #bytes = 0

  constructor({ stdout, stderr }: ChildProcess) {
    for (const stream of [stdout, stderr]) stream?.on('data', (piece: Buffer) => this.#take(piece))
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString('utf8')
  }

  #take(piece: Buffer): void {
    if (this.#bytes < MAX_OUTPUT_BYTES) this.#pieces.push(piece.subarray(0, MAX_OUTPUT_BYTES - this.#bytes))
    this.#bytes += piece.length
  }
}

/** Of a program that a signal ended, as a shell tells it. */
const SIGNALLED = 128

/** Its exit status; undefined when it had to be ended. */
function ended(child: ChildProcess, { timeoutMs, signal }: RunCommandOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      killGroup(child)
      // a process that left the group may hold the pipes open
      child.stdout?.destroy()
      child.stderr?.destroy()
      finish(undefined)
    }
    const deadline = setTimeout(stop, timeoutMs)
    const finish = (status: number | undefined): void => {
      clearTimeout(deadline)
      signal.removeEventListener('abort', stop)
      resolve(status)
    }
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    child.once('error', (cause) => {
      finish(undefined)
      reject(new TsnetError('unsupported', `nsenter: ${cause.message}`, { cause, hint: 'install util-linux' }))
    })
    child.once('close', (status) => finish(status ?? SIGNALLED))
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}
