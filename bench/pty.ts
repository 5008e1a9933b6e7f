import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A program on a terminal of its own (script(1) makes the pty). */
export interface Terminal {
  /** Milliseconds from the start until `text` was on the screen. */
  untilText(text: string): Promise<number>
  /** Types and gives the milliseconds until the next output. */
  untilOutput(keys: string): Promise<number>
  /** Types, without waiting. */
  type(keys: string): void
  /** Waits until nothing was written for `quietMs`. */
  settle(quietMs: number): Promise<void>
  /** Process that the terminal runs. */
  pid(): number
  close(): Promise<void>
}

const DEADLINE_MS = 20_000

export function openTerminal(words: readonly string[], size: { rows: number; columns: number }): Terminal {
  const started = performance.now()
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const command = `stty rows ${size.rows} cols ${size.columns}; exec ${quoted}`
  const environment = { ...process.env, TERM: 'xterm-256color' }
  const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: 'pipe', env: environment })
  const screen = new Screen(child)
  return {
    untilText: async (text) => (await screen.wait(() => screen.text.includes(text), `${text} to be shown`)) - started,
    untilOutput: async (keys) => {
      const before = screen.chunks
      const typed = performance.now()
      child.stdin?.write(keys)
      return (await screen.wait(() => screen.chunks > before, `an answer to ${JSON.stringify(keys)}`)) - typed
    },
    type: (keys) => child.stdin?.write(keys),
    settle: (quietMs) => screen.settle(quietMs),
    pid: () => onlyChild(child.pid ?? 0),
    close: () => screen.close(),
  }
}

/** What was written to the terminal, and when. */
class Screen {
  text = ''
  chunks = 0
  #last = performance.now()
  #waiting: (() => void) | undefined
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.on('data', (chunk: Buffer) => {
      this.text = (this.text + chunk.toString()).slice(-200_000)
      this.chunks++
      this.#last = performance.now()
      this.#waiting?.()
    })
  }

  /** When `condition` came true: the time of the output that made it so. */
  wait(condition: () => boolean, what: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`waited ${DEADLINE_MS} ms for ${what}`)), DEADLINE_MS)
      this.#waiting = () => {
        if (!condition()) return
        clearTimeout(deadline)
        this.#waiting = undefined
        resolve(this.#last)
      }
      this.#waiting()
    })
  }

  async settle(quietMs: number): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS
    while (performance.now() - this.#last < quietMs && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null) return resolve()
      this.#child.once('exit', () => resolve())
      this.#child.kill('SIGTERM')
    })
  }
}

function onlyChild(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  if (children.length !== 1) throw new Error(`script: ${children.length} children where one was expected`)
  return Number(children[0])
}

/** proc_pid_stat(5): processor time used so far, in seconds. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const TICKS_PER_SECOND = 100
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** proc_pid_status(5): resident memory in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
