import { displayWidth, padCells } from '../report/sanitise.ts'

export { displayWidth }

/** What a piece of text says, from which its colour follows (and which its words or marks say as well). */
export type Tone = 'plain' | 'faint' | 'strong' | 'good' | 'warning' | 'error' | 'accent' | 'changed' | 'heading'

/** Already sanitised text in one tone. */
export interface Span {
  readonly text: string
  readonly tone: Tone
}

/** One line of the screen. */
export interface Line {
  readonly spans: readonly Span[]
  /** Selected: shown inverted as well as marked. */
  readonly selected?: boolean
}

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone }
}

export function line(...spans: readonly (Span | string)[]): Line {
  return { spans: spans.map((each) => (typeof each === 'string' ? span(each) : each)) }
}

export const EMPTY_LINE: Line = { spans: [] }

/** Exactly `width` columns: cut in the middle, padded at the end (or at the start). */
export function padTo(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  return width <= 0 ? '' : padCells(withoutMiddle(text, width * 2), width, align)
}

/** What will not be seen anyway is left out before it is measured: names may have 1,000 characters. */
function withoutMiddle(text: string, end: number): string {
  return text.length > end * 4 ? text.slice(0, end) + text.slice(-end) : text
}

/** Columns that a line fills. */
export function lineWidth({ spans }: Line): number {
  let width = 0
  for (const { text } of spans) width += displayWidth(text)
  return width
}

/** Exactly `width` columns of a line: what does not fit is cut off at the end, the rest is blank. */
export function fitLine(source: Line, width: number): Line {
  const spans: Span[] = []
  let left = width
  for (const { text, tone } of source.spans) {
    if (left <= 0) break
    const size = displayWidth(text)
    if (size <= left) {
      spans.push({ text, tone })
      left -= size
    } else {
      spans.push({ text: cutEnd(text, left), tone })
      left = 0
    }
  }
  if (left > 0) spans.push(span(' '.repeat(left)))
  return { ...source, spans }
}

/** The first `width` columns; the last of them says `…` when something is missing. */
export function cutEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width <= 0) return ''
  let out = ''
  let used = 0
  for (const character of text) {
    const size = displayWidth(character)
    if (used + size > width - 1) break
    out += character
    used += size
  }
  return `${out}…${' '.repeat(width - 1 - used)}`
}

/** Breaks words into lines of at most `width` columns. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (displayWidth(longer) <= width) {
      current = longer
      continue
    }
    if (current !== '') lines.push(current)
    current = cutEnd(word, width)
  }
  return current === '' ? lines : [...lines, current]
}

/** Two parts on one line, the second at the right-hand edge; the first is cut when both do not fit. */
export function spread(left: Line, right: Line, width: number): Line {
  const room = width - lineWidth(right)
  if (room < 10) return fitLine(left, width)
  return { ...left, spans: [...fitLine(left, room).spans, ...right.spans] }
}
