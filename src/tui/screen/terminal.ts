import { writeSync } from 'node:fs'

/**
 * Alternate screen, home, no cursor, no wrapping at the right-hand edge, wheel reports (xterm ctlseqs: 1049, 25,
 * 7, 1000 and 1006).
 */
const ENTER = '\x1b[?1049h\x1b[H\x1b[2J\x1b[?25l\x1b[?7l\x1b[?1000h\x1b[?1006h'
/** The same in reverse, and any colour left on. */
const LEAVE = '\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?7h\x1b[?25h\x1b[?1049l'

/** A terminal's stream; its descriptor is written to directly. */
export type Output = NodeJS.WriteStream & { readonly fd: number }

/** The terminal while the screen is ours. Writing is synchronous, so that it also works while the process dies. */
export class Terminal {
  readonly #input: NodeJS.ReadStream
  readonly #output: Output
  #entered = false

  constructor(input: NodeJS.ReadStream, output: Output) {
    this.#input = input
    this.#output = output
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 }
  }

  enter(): void {
    if (this.#entered) return
    this.#entered = true
    this.#input.setRawMode(true)
    this.write(ENTER)
  }

  /** Safe to call at any time, any number of times. */
  leave(): void {
    if (!this.#entered) return
    this.#entered = false
    this.write(LEAVE)
    // fails when the terminal is gone (SIGHUP): then there is nothing to restore
    try {
      this.#input.setRawMode(false)
    } catch {}
  }

  /** A terminal that is gone cannot be written to; SIGHUP ends the program anyway. */
  write(text: string): void {
    const bytes = Buffer.from(text)
    let at = 0
    const deadline = Date.now() + 2_000
    while (at < bytes.length) {
      try {
        at += writeSync(this.#output.fd, bytes, at)
      } catch (error) {
        // a terminal that is slow to take what it is given (over ssh): try again
        if (!isBusy(error) || Date.now() > deadline) return
      }
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}
