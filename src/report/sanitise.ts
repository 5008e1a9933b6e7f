import { eastAsianWidth } from 'get-east-asian-width'

/**
 * What a terminal must not get from outside: controls (C0, DEL, C1), marks that show nothing or turn the
 * direction of the text round, spaces that look like another, line and paragraph ends, what no font has,
 * halves of surrogate pairs and the sign of a byte that was no UTF-8.
 */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffd]|(?! )\p{Zs}/gu

/** More marks on one letter than any script needs would cover the lines above. */
const PILED_MARKS = /(\p{M}{3})(\p{M}+)/gu

const PLAIN = /^[\x20-\x7e]*$/

/** Characters; longer text is cut in the middle. */
const LONGEST = 1024

/**
 * Text from outside, as it may be shown on a terminal: one line, nothing invisible, of bounded length.
 * What is harmful appears as `\x1b` or `\u202e` or `\u{e0041}`.
 */
export function sanitise(text: string, { max = LONGEST }: { readonly max?: number } = {}): string {
  const bounded = text.length <= max ? text : cutCharacters(text, max)
  if (PLAIN.test(bounded)) return bounded
  return bounded
    .replace(HARMFUL, escapeAll)
    .replace(PILED_MARKS, (_, kept: string, rest: string) => kept + escapeAll(rest))
}

function escapeAll(text: string): string {
  return Array.from(text, (character) => escapeOne(character.codePointAt(0) ?? 0)).join('')
}

function escapeOne(code: number): string {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}

/** Keeps both ends, which tell names apart, and never splits a pair of surrogates. */
function cutCharacters(text: string, max: number): string {
  const head = Math.ceil((max - 1) / 2)
  const tail = Math.floor((max - 1) / 2)
  const start = wholePair(text, head)
  const end = wholePair(text, text.length - tail)
  return `${text.slice(0, start)}…${text.slice(end)}`
}

function wholePair(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1)) ? at - 1 : at
}

/** JSON that is safe on a terminal: the same value, but nothing in it that JSON.stringify left harmful. */
export function safeJson(json: string): string {
  return json.replace(HARMFUL_IN_JSON, (match) =>
    Array.from({ length: match.length }, (_, at) => `\\u${match.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  )
}

/** As {@link HARMFUL}, without the line ends that indent it. */
const HARMFUL_IN_JSON = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffd]/gu

/**
 * Columns that sanitised text takes on a terminal. Code point by code point: sanitised text holds no joiner and no
 * variation selector, and the segmenter of Intl costs a cold start more than the whole of Node.
 */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const character of text) width += NO_WIDTH.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0)
  return width
}

/** Marks that stand on the letter before, and the vowels and finals that close a Hangul syllable. */
const NO_WIDTH = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7fb]/u

/** At most `width` columns of sanitised text: what is too long loses its middle (`veth1…f2a`). */
export function truncateMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width <= 0) return ''
  const head = Math.ceil((width - 1) / 2)
  if (PLAIN.test(text)) return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`
  const characters = text.match(LETTERS) ?? []
  const start = takeWidth(characters, head)
  const end = takeWidth(characters.reverse(), width - 1 - displayWidth(start.join(''))).reverse()
  return `${start.join('')}…${end.join('')}`
}

/** Exactly `width` columns: cut in the middle or padded, on the right unless aligned to it. */
export function padCells(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = truncateMiddle(text, width)
  const gap = ' '.repeat(Math.max(0, width - displayWidth(cut)))
  return align === 'right' ? gap + cut : cut + gap
}

/** A letter with its marks, or the jamo of a syllable; never half a pair of surrogates. */
const LETTERS = /.[\p{M}\u1160-\u11ff\ud7b0-\ud7fb]*/gsu

function takeWidth(characters: readonly string[], width: number): string[] {
  const taken: string[] = []
  let used = 0
  for (const character of characters) {
    used += displayWidth(character)
    if (used > width) break
    taken.push(character)
  }
  return taken
}
