import { safeJson, sanitise } from '../report/sanitise.ts'

/** What kind of terminal stdout is, if it is one. */
export interface Terminal {
  /** Absent: lines may be as long as they are. */
  readonly width?: number
  readonly colour: boolean
  readonly interactive: boolean
}

/** Where results go: data to stdout, words about it to stderr. */
export class Output {
  readonly terminal: Terminal

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  /** Text that is sanitised already. */
  write(text: string): void {
    process.stdout.write(text)
  }

  /** Indented where a person reads it. */
  json(value: unknown): void {
    this.write(`${jsonText(value, this.terminal.interactive)}\n`)
  }

  /** One line for people. */
  note(text: string): void {
    process.stderr.write(`${sanitise(text)}\n`)
  }
}

export function jsonText(value: unknown, indented: boolean): string {
  const json = indented ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)
  return ASCII.test(json) ? json : safeJson(json)
}

/** Most JSON is nothing but this, which is found out much faster than what else there may be in it. */
const ASCII = /^[\x20-\x7e\n]*$/

/** The terminal of this process; `--no-color`, NO_COLOR (any value but the empty one) and TERM=dumb take the colours. */
export function terminalOf(noColor: boolean): Terminal {
  const { isTTY, columns } = process.stdout
  const { NO_COLOR = '', TERM = '' } = process.env
  const colour = isTTY === true && !noColor && NO_COLOR === '' && TERM !== 'dumb'
  return { colour, interactive: isTTY === true, ...(isTTY === true && columns > 0 ? { width: columns } : {}) }
}
