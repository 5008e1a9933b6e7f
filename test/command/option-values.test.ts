import { expect, test } from 'vitest'
import { readChoice, readNumber, readPairs } from '../../src/command/option-values.ts'
import { Options } from '../../src/command/options.ts'

const given = (...values: string[]) => new Options(new Map([['x', values]]))
const none = new Options(new Map())

test('numbers are whole and in their bounds', () => {
  const bounds = { min: 1, max: 60 }
  expect(readNumber(given('7'), 'x', bounds)).toBe(7)
  expect(readNumber(none, 'x', bounds)).toBeUndefined()
  for (const text of ['0', '61', '-1', '1.5', '1e1', 'ten', '']) {
    expect(() => readNumber(given(text), 'x', bounds)).toThrow('a whole number from 1 to 60 is expected')
  }
})

test('choices are those that there are', () => {
  expect(readChoice(given('b'), 'x', ['a', 'b'])).toBe('b')
  expect(readChoice(none, 'x', ['a', 'b'])).toBeUndefined()
  expect(() => readChoice(given('c'), 'x', ['a', 'b'])).toThrow('--x c: there is only a, b')
})

test('pairs may have more than one sign of equality, and the last of a key counts', () => {
  expect(readPairs(given('a=1', 'b=c=d', 'a='), 'x')).toEqual({ a: '', b: 'c=d' })
  for (const text of ['a', '=1']) expect(() => readPairs(given(text), 'x')).toThrow('KEY=VALUE is expected')
})
