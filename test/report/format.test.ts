import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatCount, formatEndpoint } from '../../src/report/format.ts'

test.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1.0k'],
  [1_234, '1.2k'],
  [9_949, '9.9k'],
  [9_951, '10k'],
  [999_499, '999k'],
  [999_500, '1.0M'],
  [34_000_000, '34M'],
])('the count %d is written %s', (count, text) => {
  expect(formatCount(count)).toBe(text)
})

test.each([
  [59, '59s'],
  [60, '1m'],
  [3_599, '59m'],
  [86_400, '1d'],
])('an age of %d seconds is written %s', (seconds, text) => {
  expect(formatAge(seconds)).toBe(text)
})

test('bytes have their unit', () => {
  expect(formatBytes(1_500)).toBe('1.5 kB')
  expect(formatBytes(12)).toBe('12 B')
})

test('an IPv6 address with a port is in brackets', () => {
  expect(formatEndpoint('fd00::2', 80)).toBe('[fd00::2]:80')
  expect(formatEndpoint('10.0.0.2', 80)).toBe('10.0.0.2:80')
  expect(formatEndpoint('fd00::2', undefined)).toBe('fd00::2')
})
