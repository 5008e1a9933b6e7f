import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeKeys, decodeRest } from '../../src/tui/screen/keyboard.ts'

test.each([
  ['j', ['j']],
  ['jjK', ['j', 'j', 'K']],
  ['\r', ['enter']],
  ['\t\x1b[Z', ['tab', 'shift-tab']],
  ['\x7f\b', ['backspace', 'backspace']],
  ['\x06\x13\x17', ['ctrl-f', 'ctrl-s', 'ctrl-w']],
  ['\x1b[A\x1bOB', ['up', 'down']],
  ['\x1b[1;5C', ['right']],
  ['\x1b[5~\x1b[6~', ['pgup', 'pgdn']],
  ['\x1b[H\x1b[F\x1b[1~\x1b[4~', ['home', 'end', 'home', 'end']],
  ['\x1b[<64;10;5M\x1b[<65;10;5M', ['wheel-up', 'wheel-down']],
  ['\x1b[<81;10;5M', ['wheel-down']],
  ['\x1b[<0;10;5M\x1b[<0;10;5m', []],
  ['\x1b[200~ab\x1b[201~', ['a', 'b']],
  ['\x1b[15~', []],
  ['é漢😀', ['é', '漢', '😀']],
  ['\x1bj', ['esc', 'j']],
])('%j is %j', (input, keys) => {
  expect(decodeKeys(input)).toEqual({ keys, rest: '' })
})

describe('a sequence that comes in pieces', () => {
  test('waits for its end', () => {
    const first = decodeKeys('j\x1b[1')
    expect(first).toEqual({ keys: ['j'], rest: '\x1b[1' })
    expect(decodeKeys(`${first.rest};5A`)).toEqual({ keys: ['up'], rest: '' })
  })

  test('that never ends is the escape key', () => {
    expect(decodeKeys('\x1b')).toEqual({ keys: [], rest: '\x1b' })
    expect(decodeRest('\x1b')).toEqual(['esc'])
    expect(decodeRest('\x1b[')).toEqual(['esc', '['])
  })
})

test('any input gives the same keys whether it comes at once or in pieces', () => {
  const piece = fc.constantFrom('\x1b', '[', 'O', '1', ';', '5', '~', 'A', 'M', '<', 'j', '\r', ' ', '\x06', 'é')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const whole = decodeKeys(pieces.join(''))
      let rest = ''
      const keys: string[] = []
      for (const each of pieces) {
        const decoded = decodeKeys(rest + each)
        keys.push(...decoded.keys)
        rest = decoded.rest
      }
      expect(keys).toEqual(whole.keys)
      expect(rest).toBe(whole.rest)
    }),
  )
})
