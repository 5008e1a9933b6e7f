import type { ChildProcess } from 'node:child_process'

/** Of each stream; more is not kept. */
const MAX_OUTPUT = 256 * 1024 * 1024

/** A tool that runs while we do something else: its output kept and told line by line, its end certain. */
export class ToolProcess {
  /** Settles when it has ended and all its output is here. */
  readonly exited: Promise<void>
  stdout = ''
  stderr = ''
  /** It could not be started at all. */
  startError: Error | undefined
  /** That ended it. */
  endedBy: NodeJS.Signals | null = null
  readonly #child: ChildProcess
  readonly #listeners: ((line: string) => void)[] = []
  #line = ''
  #isOver = false

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.stderr.length < MAX_OUTPUT) this.stderr += text
    })
    this.exited = new Promise((resolve) => {
      const settle = (): void => {
        this.#isOver = true
        resolve()
      }
      child.once('error', (error) => {
        this.startError = error
        settle()
      })
      child.once('close', (_, signal) => {
        this.endedBy = signal
        settle()
      })
    })
  }

  /** Told of every line of stdout from now on. */
  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener)
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#isOver) this.#child.kill(name)
  }

  /** Kills it, if it still runs, and waits until it is gone. */
  async end(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
  }

  #take(text: string): void {
    if (this.stdout.length < MAX_OUTPUT) this.stdout += text
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) for (const listener of this.#listeners) listener(line)
  }
}
