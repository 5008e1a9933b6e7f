import { EventEmitter } from 'node:events'
import { stringWidth } from './string-width.ts'

/** Begin and end of a synchronised update (mode 2026), which terminals that lack it ignore. */
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'

/**
 * What Ink draws on instead of the terminal: it hands over whole frames, and only lines that differ from what
 * is on the screen are written, each at its absolute place.
 *
 * Ink's own incremental writer moves relative to where it believes the cursor to be, which a resize, a
 * resumed job or a program that wrote in between makes wrong; and it draws nothing at all when CI is set.
 */
export class FrameStream extends EventEmitter {
  readonly isTTY = false
  columns: number
  rows: number
  readonly #write: (text: string) => void
  #lines: readonly string[] = []

  constructor(size: { readonly columns: number; readonly rows: number }, write: (text: string) => void) {
    super()
    this.columns = size.columns
    this.rows = size.rows
    this.#write = write
  }

  write(frame: string): boolean {
    const lines = frame.split('\n').slice(0, this.rows)
    const changed = [...this.#changes(lines)]
    this.#lines = lines
    if (changed.length > 0) this.#write(BEGIN + changed.join('') + END)
    return true
  }

  /** The screen holds something else now (resize, resume): the next frame is written whole. */
  forget(size: { readonly columns: number; readonly rows: number }): void {
    this.columns = size.columns
    this.rows = size.rows
    this.#lines = []
    this.#write('\x1b[2J')
  }

  *#changes(lines: readonly string[]): Generator<string> {
    const count = Math.max(lines.length, this.#lines.length)
    for (let position = 0; position < count; position++) {
      const line = lines[position] ?? ''
      if (line === (this.#lines[position] ?? '')) continue
      // erasing after a line that fills the screen would take its last character away
      const erase = stringWidth(line) < this.columns ? '\x1b[K' : ''
      yield `\x1b[${position + 1};1H${line}${erase}`
    }
  }
}
