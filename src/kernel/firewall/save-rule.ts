const COMMENT = ' --comment '

/** What a rule of `iptables-save` says besides its matches. */
export interface SaveRuleParts {
  /** After `-j` or `-g`. */
  readonly target?: string
  /** Unquoted. */
  readonly comment?: string
}

/**
 * Finds target and comment in the text of a rule as iptables-save quotes it (xtables_save_string: a value with
 * anything but letters, digits and `_-0-9` is put in `"`, with `"`, `\` and `'` escaped by `\`).
 * Called once a line of a long list, so without a tokeniser.
 */
export function ruleParts(text: string): SaveRuleParts {
  const comment = findComment(text)
  const target = findTarget(text, comment?.end ?? 0) ?? (comment ? findTarget(text, 0, comment.start) : undefined)
  if (comment === undefined) return target === undefined ? {} : { target }
  return target === undefined ? { comment: comment.text } : { target, comment: comment.text }
}

interface Span {
  readonly text: string
  readonly start: number
  readonly end: number
}

function findComment(line: string): Span | undefined {
  const at = line.indexOf(COMMENT)
  if (at < 0) return undefined
  const start = at + COMMENT.length
  if (line.charCodeAt(start) !== 0x22) {
    const blank = line.indexOf(' ', start)
    const end = blank < 0 ? line.length : blank
    return { text: line.slice(start, end), start: at, end }
  }
  const end = closingQuote(line, start)
  const quoted = line.slice(start + 1, end)
  const text = quoted.includes('\\') ? quoted.replace(/\\(.)/gs, '$1') : quoted
  return { text, start: at, end: Math.min(end + 1, line.length) }
}

/** Index of the `"` that ends the quotation begun at `start`, or the end of the line. */
function closingQuote(line: string, start: number): number {
  for (let i = start + 1; i < line.length; i++) {
    const byte = line.charCodeAt(i)
    if (byte === 0x5c) i++
    else if (byte === 0x22) return i
  }
  return line.length
}

function findTarget(line: string, from: number, to = line.length): string | undefined {
  let at = from === 0 && line.startsWith('-') ? 0 : nextOption(line, from)
  while (at >= 0 && at < to) {
    const letter = line.charCodeAt(at + 1)
    if ((letter === 0x6a || letter === 0x67) && line.charCodeAt(at + 2) === 0x20) {
      const end = line.indexOf(' ', at + 3)
      return end < 0 ? line.slice(at + 3) : line.slice(at + 3, end)
    }
    at = nextOption(line, at)
  }
  return undefined
}

/** Where the next option begins that follows a blank outside quotes; -1 = none. */
function nextOption(line: string, from: number): number {
  let at = from
  for (;;) {
    const blank = line.indexOf(' -', at)
    if (blank < 0) return -1
    const quote = line.indexOf('"', at)
    if (quote < 0 || blank < quote) return blank + 1
    at = closingQuote(line, quote) + 1
  }
}
