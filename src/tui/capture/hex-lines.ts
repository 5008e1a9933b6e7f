import { type Line, line, type Span, span } from '../text.ts'

export const PER_LINE = 16
/** `0000  00 … 00  text`, a bracket on either side. */
export const HEX_WIDTH = 4 + 2 + PER_LINE * 3 + 1 + PER_LINE + 2

interface Chosen {
  readonly start: number
  readonly length: number
}

/**
 * Bytes, sixteen a line; those of the chosen field stand between brackets as well as in colour.
 *
 * ```
 * 0010  00 3c 1c 46 40 00[40]06 b1 e6 ac 14 00 01 ac 14  .<.F@.@.........
 * ```
 */
export function hexLine(bytes: Uint8Array, number: number, { start, length }: Chosen): Line {
  const from = number * PER_LINE
  const isChosen = (at: number) => at >= start && at < start + length
  const cells: Span[] = []
  let text: Span[] = []
  for (let at = from; at < from + PER_LINE; at++) {
    const byte = bytes[at]
    const tone = byte !== undefined && isChosen(at) ? 'changed' : 'plain'
    cells.push(span(byte === undefined ? '  ' : byte.toString(16).padStart(2, '0'), tone))
    cells.push(span(gapAfter(at, isChosen, { from, end: Math.min(bytes.length, from + PER_LINE) }), 'changed'))
    text = joined(text, span(byte === undefined ? '' : printable(byte), tone))
  }
  const before = isChosen(from) ? '[' : ' '
  const offset = span(`${from.toString(16).padStart(4, '0')} `, 'faint')
  return line(offset, span(before, 'changed'), ...cells, ' ', ...text)
}

function gapAfter(at: number, isChosen: (at: number) => boolean, row: { readonly from: number; readonly end: number }) {
  const isLast = at + 1 >= row.end
  if (isChosen(at)) return isLast || !isChosen(at + 1) ? ']' : ' '
  return !isLast && isChosen(at + 1) ? '[' : ' '
}

function joined(spans: readonly Span[], next: Span): Span[] {
  const last = spans.at(-1)
  if (last?.tone !== next.tone) return [...spans, next]
  return [...spans.slice(0, -1), { ...last, text: last.text + next.text }]
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
}

export function hexLineCount(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / PER_LINE)
}

/** First line shown: where somebody scrolled to, else so that the chosen bytes are seen. */
export function hexWindow(
  bytes: Uint8Array,
  height: number,
  { chosen, top }: { readonly chosen: Chosen; readonly top: number | undefined },
): number {
  const last = Math.max(0, hexLineCount(bytes) - height)
  if (top !== undefined) return Math.max(0, Math.min(top, last))
  const first = Math.floor(chosen.start / PER_LINE)
  return Math.max(0, Math.min(first - Math.floor(height / 4), last))
}
