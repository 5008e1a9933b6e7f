import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { displayWidth, padCells, safeJson, sanitise, truncateMiddle } from '../../src/report/sanitise.ts'

/** Written from Unicode's own classes, without looking at the sanitiser's. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd\u{e0000}-\u{e007f}]/u

const anyString = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string())

describe('the sanitiser', () => {
  test.each([
    ['a colour sequence', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
    ['a window title (OSC)', '\x1b]0;owned\x07', '\\x1b]0;owned\\x07'],
    ['an eight-bit CSI', '\x9b2J', '\\x9b2J'],
    ['a carriage return and a newline', 'a\r\nb', 'a\\x0d\\x0ab'],
    ['a right-to-left override', 'gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['a zero-width space', 'we\u200bb', 'we\\u200bb'],
    ['a tag character', 'web\u{e0041}', 'web\\u{e0041}'],
    ['half a surrogate pair', 'a\ud800b', 'a\\ud800b'],
    ['a byte that was no UTF-8', 'a\ufffdb', 'a\\ufffdb'],
    ['a no-break space', 'a\u00a0b', 'a\\xa0b'],
    ['DEL', 'a\x7fb', 'a\\x7fb'],
  ])('shows %s harmlessly', (_, hostile, shown) => {
    expect(sanitise(hostile)).toBe(shown)
  })

  test.each(['br-46cf', 'naïve', '網路', 'café', 'नेटवर्क', '🐳 whale'])('leaves %s as it is', (text) => {
    expect(sanitise(text)).toBe(text)
  })

  test('bounds a long name and keeps both of its ends', () => {
    const shown = sanitise(`head${'x'.repeat(10_000)}tail`, { max: 64 })
    expect(shown).toHaveLength(64)
    expect(shown).toMatch(/^head.*….*tail$/)
  })

  test('does not let marks pile up over the lines above', () => {
    expect(sanitise(`a${'\u0301'.repeat(500)}`)).toMatch(/^a\u0301{3}(\\u0301)+$/)
  })

  test('never lets a control, bidi or invisible character through, whatever the text', () => {
    fc.assert(fc.property(anyString, (text) => !UNSAFE.test(sanitise(text)) && sanitise(text).isWellFormed()))
  })
})

describe('JSON for a terminal', () => {
  test('is the same value with nothing harmful in it, whatever the text', () => {
    fc.assert(
      fc.property(anyString, (text) => {
        const json = safeJson(JSON.stringify({ [text]: [text] }, null, 2))
        expect(JSON.parse(json)).toEqual({ [text]: [text] })
        expect(json.replaceAll('\n', '')).not.toMatch(UNSAFE)
      }),
    )
  })
})

describe('fitting into columns', () => {
  test('cuts the middle out of a name', () => {
    expect(truncateMiddle('vethaabbccddeeff', 9)).toBe('veth…eeff')
  })

  test('counts wide characters twice', () => {
    expect(displayWidth('網路')).toBe(4)
    expect(truncateMiddle('網路網路網路', 7)).toBe('網…網路')
  })

  test('counts as string-width does, whose start is too slow to ship', () => {
    const letters = 'azé한ᄒ ｱ網路ひらкश가ä́🐳😀▲✖●→…─│'
    const text = fc.string({ unit: fc.constantFrom(...letters) })
    fc.assert(fc.property(text, (each) => displayWidth(each) === stringWidth(each)))
  })

  test('gives exactly the width that was asked for, whatever the text', () => {
    fc.assert(
      fc.property(anyString, fc.integer({ min: 2, max: 40 }), (text, width) => {
        expect(displayWidth(padCells(sanitise(text), width))).toBe(width)
      }),
    )
  })
})
