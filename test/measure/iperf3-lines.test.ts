import { describe, expect, test } from 'vitest'
import { intervalOfLine } from '../../src/measure/iperf/iperf3-lines.ts'
import { versionOf } from '../../src/measure/iperf/iperf3-tool.ts'

const one = (line: string) => intervalOfLine(line, { several: false })

describe('a line of a server', () => {
  test('of TCP is an interval with its rate', () => {
    expect(one('[  5]   1.00-2.00   sec   505 MBytes  4251918 Kbits/sec                  ')).toEqual({
      startS: 1,
      endS: 2,
      bitsPerSecond: 4_251_918_000,
      direction: 'forward',
    })
  })

  test('of a sender has its retransmits, of a receiver of UDP its loss', () => {
    expect(
      one('[  8][TX-S]   1.00-2.00   sec   496 MBytes  4159029 Kbits/sec    1   2.05 MBytes       '),
    ).toMatchObject({
      direction: 'backward',
      retransmits: 1,
    })
    expect(one('[  5][RX-S]   0.00-1.00   sec   129 KBytes  1054 Kbits/sec  0.025 ms  9/91 (9.9%)  ')).toMatchObject({
      direction: 'forward',
      lostPercent: 9.9,
    })
  })

  test('of several streams counts when it is their sum', () => {
    const sum = '[SUM]   0.00-1.00   sec  1.17 GBytes  10044956 Kbits/sec                  '
    expect(intervalOfLine(sum, { several: true })?.bitsPerSecond).toBe(10_044_956_000)
    expect(one(sum)).toBeUndefined()
    expect(intervalOfLine('[  5]   0.00-1.00   sec   1 MBytes  1 Kbits/sec', { several: true })).toBeUndefined()
  })

  test.each([
    '[ ID] Interval           Transfer     Bitrate',
    '[  5]   2.00-2.01   sec  2.50 MBytes  2319858 Kbits/sec                  ',
    '[  5]   0.00-2.01   sec  1.02 GBytes  4380288 Kbits/sec                  receiver',
    'Server listening on 5302 (test #1)',
    '',
  ])('that tells of no interval is none: %j', (line) => {
    expect(one(line)).toBeUndefined()
  })
})

describe('the version of iperf3', () => {
  test.each([
    ['iperf 3.12 (cJSON 1.7.15)\nLinux', '3.12'],
    ['iperf 3.17.1 (cJSON 1.7.15)', '3.17.1'],
    ['iperf 3.1', '3.1'],
  ])('%j', (text, version) => {
    expect(versionOf(text)).toBe(version)
  })

  test.each([
    ['iperf 3.0.7', 'too old'],
    ['iperf version 2.1.8', 'does not say'],
    ['', 'does not say'],
  ])('%j is none that can be used', (text, why) => {
    expect(() => versionOf(text)).toThrow(why)
  })
})
