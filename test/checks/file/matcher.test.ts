import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeMatcher } from '../../../src/checks/file/describe.ts'
import { type Matcher, matches, parseQuantity, type Value } from '../../../src/checks/file/matcher.ts'
import { readMatcher } from '../../../src/checks/file/read-matcher.ts'
import { search } from '../../../src/health/search.ts'
import { Complaints } from '../../../src/model/file/problem.ts'

const read = (written: unknown): Matcher => {
  const complaints = new Complaints()
  const matcher = readMatcher(written, { at: [], complaints })
  expect(complaints.list).toEqual([])
  return matcher
}
const is = (written: unknown, value: Value): boolean => matches(read(written), value, search)

describe('a matcher', () => {
  test.each<readonly [unknown, Value, boolean]>([
    [1, '1', true],
    ['1', 1, true],
    [true, true, true],
    ['', undefined, false],
    [null, undefined, true],
    [null, '', false],
    [['b', 'a'], ['a', 'b'], true],
    [['a'], ['a', 'b'], false],
    [['a', 'a'], ['a', 'b'], false],
    [[{ starts: 'a' }, 'ab'], ['ab', 'ac'], true],
    [['ab', { starts: 'a' }], ['ab', 'ac'], true],
    [[], undefined, true],
    [{ ge: 1400, lt: 1500 }, 1400, true],
    [{ ge: 1400, lt: 1500 }, 1500, false],
    [{ lt: '20ms' }, 19.5, true],
    [{ ge: '10mbit' }, 9_999_999, false],
    [{ between: [1, 3] }, 3, true],
    [{ gt: 0 }, 'x', false],
    [{ gt: 0 }, undefined, false],
    [{ contains: 'b' }, 'abc', true],
    [{ contains: 'b' }, ['abc'], false],
    [{ contains: { contains: 'b' } }, ['abc'], true],
    [{ contains: ['a', 'b'] }, ['a', 'b', 'c'], true],
    [{ matches: '^v\\d+$' }, 'v12', true],
    [{ starts: 'a', ends: 'c' }, 'abc', true],
    [{ within: '10.0.0.0/8' }, '10.1.2.3/24', true],
    [{ within: '10.0.0.0/8' }, '11.1.2.3', false],
    [{ within: 'fd00::/8' }, 'fd12::1', true],
    [{ within: '10.0.0.0/8' }, 'fd12::1', false],
    [{ in: ['a', 'b'] }, 'b', true],
    [{ exists: false }, undefined, true],
    [{ length: { ge: 2 } }, ['a', 'b'], true],
    [{ any: { starts: 'b' } }, ['a', 'b'], true],
    [{ every: { starts: 'b' } }, ['a', 'b'], false],
    [{ not: { in: ['a'] } }, 'b', true],
    [{ and: [{ gt: 1 }, { lt: 3 }] }, 2, true],
    [{ or: [{ lt: 1 }, { gt: 3 }] }, 2, false],
    [{ 'have-len': 2 }, ['a', 'b'], true],
    [{ 'consist-of': ['b', 'a'] }, ['a', 'b'], true],
    [{ 'match-regexp': 'a+' }, 'caab', true],
  ])('%j of %j is %s', (written, value, expected) => {
    expect(is(written, value)).toBe(expected)
  })

  const value: fc.Arbitrary<Value> = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(undefined),
    fc.array(fc.oneof(fc.string(), fc.integer())),
  )
  const written = fc.letrec<{ matcher: unknown }>((tie) => ({
    matcher: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.record({ contains: fc.string() }),
      fc.record({ ge: fc.integer() }),
      fc.record({ starts: fc.string() }),
      fc.record({ not: tie('matcher') }),
      fc.record({ any: tie('matcher') }),
      fc.record({ every: tie('matcher') }),
      fc.record({ length: tie('matcher') }),
      fc.record({ and: fc.array(tie('matcher'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('matcher'), { minLength: 1, maxLength: 3 }) }),
    ),
  })).matcher

  test('and its opposite never agree, and both can be told in words', () => {
    fc.assert(
      fc.property(written, value, (each, of) => {
        expect(is({ not: each }, of)).toBe(!is(each, of))
        expect(describeMatcher(read(each))).not.toBe('')
      }),
    )
  })

  test('and, or, any and every keep the laws of logic', () => {
    fc.assert(
      fc.property(written, written, value, (a, b, of) => {
        expect(is({ not: { and: [a, b] } }, of)).toBe(is({ or: [{ not: a }, { not: b }] }, of))
        expect(is({ not: { any: a } }, of)).toBe(is({ every: { not: a } }, of))
      }),
    )
  })

  test('a list is itself in any order, and is not when one is missing', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (list) => {
        expect(is(list.toReversed(), list)).toBe(true)
        expect(is(list.slice(1), list)).toBe(false)
      }),
    )
  })
})

test('a regular expression that never ends is given up', () => {
  const start = performance.now()
  expect(() => is({ matches: '^(a+)+$' }, `${'a'.repeat(60)}b`)).toThrow('takes more than 250 ms')
  expect(performance.now() - start).toBeLessThan(5000)
  expect(is({ matches: 'b$' }, 'ab')).toBe(true)
})

test('what a regular expression finds is what JavaScript finds', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = /(\w)(\d)?/u.exec(text)
      expect(search('(\\w)(\\d)?', text)).toEqual(found === null ? undefined : [...found])
    }),
  )
})

test('quantities have units of times, rates and shares', () => {
  const texts = ['20ms', '2s', '1.5m', '500us', '10mbit', '5%', '-3', '12x', '', 'ms']
  expect(texts.map(parseQuantity)).toEqual([20, 2000, 90_000, 0.5, 10_000_000, 5, -3, undefined, undefined, undefined])
})
