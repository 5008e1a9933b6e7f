import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distributionOf } from '../../src/measure/distribution.ts'
import { parseUrl } from '../../src/measure/fetch-http.ts'
import { judgeIperf } from '../../src/measure/iperf/judge-iperf.ts'
import { candidates, ndotsOf } from '../../src/measure/resolve-name.ts'

describe('a distribution', () => {
  test('of a series has the figures that ping has', () => {
    expect(distributionOf([1, 3, 2, 10])).toEqual({
      min: 1,
      avg: 4,
      p50: 2,
      p99: 10,
      max: 10,
      jitter: 3.667,
      deviation: 3.536,
    })
    expect(distributionOf([5])).toMatchObject({ min: 5, p99: 5, jitter: 0, deviation: 0 })
  })

  test('lies between its least and its largest value', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(values, (series) => {
        const { min, avg, p50, p99, max } = distributionOf(series)
        for (const figure of [avg, p50, p99]) expect(figure >= min - 0.001 && figure <= max + 0.001).toBe(true)
        expect(p50).toBeLessThanOrEqual(p99)
      }),
    )
  })
})

describe('thresholds', () => {
  const forward = { bitsPerSecond: 9e8, bytes: 1e8, seconds: 1, retransmits: 7, lostPercent: 0.2, packets: 1000 }

  test('that are kept say nothing', () => {
    const kept = { minBitsPerSecond: 8e8, maxLossPercent: 0.5, maxRetransmits: 7 }
    expect(judgeIperf({ forward, isReverse: false }, kept)).toEqual([])
    expect(judgeIperf({ forward, isReverse: false }, {})).toEqual([])
  })

  test('that are not are told one by one, of each direction', () => {
    const strict = { minBitsPerSecond: 1e9, maxLossPercent: 0.1, maxRetransmits: 6 }
    expect(judgeIperf({ forward, backward: forward, isReverse: false }, strict)).toEqual([
      '900 Mbit/s is less than 1.00 Gbit/s',
      'loss 0.200 % is more than 0.1 %',
      '7 retransmits are more than 6',
      'backward 900 Mbit/s is less than 1.00 Gbit/s',
      'backward loss 0.200 % is more than 0.1 %',
      'backward 7 retransmits are more than 6',
    ])
  })
})

describe('the names that a search list makes', () => {
  const search = ['lan', 'example.org']
  test.each([
    ['db', [], ['db.lan', 'db.example.org', 'db']],
    ['db', ['ndots:0'], ['db', 'db.lan', 'db.example.org']],
    ['db.lan', [], ['db.lan', 'db.lan.lan', 'db.lan.example.org']],
    ['db.lan', ['ndots:1', 'ndots:5'], ['db.lan.lan', 'db.lan.example.org', 'db.lan']],
    ['db.', [], ['db']],
  ])('of %s with %j', (name, options, expected) => {
    expect(candidates(name, { search, options })).toEqual(expected)
  })

  test('a number of dots that is none is the default', () => {
    expect(ndotsOf({ options: ['ndots:many'] })).toBe(1)
  })
})

test.each(['db:80', 'ftp://db/', '', 'http://'])('%j is no URL to fetch', (url) => {
  expect(() => parseUrl(url)).toThrow('no URL of http or https')
})
