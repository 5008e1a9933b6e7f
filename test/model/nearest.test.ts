import { expect, test } from 'vitest'
import { didYouMean, editDistance, nearest } from '../../src/model/nearest.ts'

const KINDS = ['links', 'addrs', 'routes', 'rules', 'neigh', 'fdb', 'iptables', 'ipset', 'ipvs']

test('a mistyped word finds what was meant', () => {
  expect(nearest('link', KINDS)).toEqual(['links'])
  expect(nearest('ruotes', KINDS)[0]).toBe('routes')
  expect(nearest('IPVS', KINDS)[0]).toBe('ipvs')
  expect(nearest('neighbours', KINDS)).toContain('neigh')
})

test('a word that resembles nothing finds nothing', () => {
  expect(nearest('zzzzzz', KINDS)).toEqual([])
  expect(nearest('', KINDS)).toEqual([])
  expect(didYouMean('zzzzzz', KINDS)).toBe('')
})

test('no more than the limit is offered, the closest first', () => {
  expect(nearest('web1', ['web9', 'web', 'web2', 'web1x', 'db'], 2)).toHaveLength(2)
  expect(didYouMean('fbd', KINDS)).toBe(' (did you mean fdb?)')
})

test('distances are those of the definition', () => {
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('kitten', 'sitting')).toBe(3)
  expect(editDistance('ab', 'ba')).toBe(1)
  expect(editDistance('same', 'same')).toBe(0)
})

test('ten-kilobyte words are compared in bounded time', () => {
  const long = 'x'.repeat(10_000)
  expect(nearest(long, [`${long}y`])).toEqual([`${long}y`])
})
