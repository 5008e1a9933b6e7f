import { describe, expect, test } from 'vitest'
import type { IperfInterval, IperfMeasured } from '../../src/model/measurement.ts'
import { dnsLines } from '../../src/report/measure/dns.ts'
import { httpLines } from '../../src/report/measure/http.ts'
import { iperfHeatMap, iperfLines, iperfLiveLine } from '../../src/report/measure/iperf.ts'
import { mtuLines, pingLines } from '../../src/report/measure/ping.ts'
import { formatBitRate, formatMs, sparkline } from '../../src/report/measure/rate.ts'

const intervals: readonly IperfInterval[] = [1, 2, 4].map((rate, at) => ({
  startS: at,
  endS: at + 1,
  bitsPerSecond: rate * 1e9,
  direction: 'forward' as const,
}))

function measured(bitsPerSecond: number): IperfMeasured {
  const forward = { bitsPerSecond, bytes: 3e8, seconds: 3, retransmits: 2, meanRttMicroseconds: 52 }
  const summary = { forward, isReverse: false, clientCpuPercent: 40.4, serverCpuPercent: 51 }
  const report = { start: { test: { protocol: 'TCP' } } }
  return { ok: true, version: '3.12', summary, report, intervals, isComplete: true }
}

test('rates, times and bars', () => {
  expect([0, 999, 1e6, 9.41e9, 1.234e11].map(formatBitRate)).toEqual([
    '0 bit/s',
    '999 bit/s',
    '1.00 Mbit/s',
    '9.41 Gbit/s',
    '123 Gbit/s',
  ])
  expect([0.0624, 12.34, 250.4, 1520].map(formatMs)).toEqual(['0.062 ms', '12.3 ms', '250 ms', '1.52 s'])
  expect(sparkline([0, 1, 2, 4], 3)).toBe('▃▅█')
  expect(sparkline([0, 0], 5)).toBe('▁▁')
})

test('iperf: the live line and the summary', () => {
  expect(iperfLiveLine(intervals)).toBe('  3 s  4.00 Gbit/s  ▃▅█')
  expect(iperfLines({ from: 'web', to: 'd\x1bb' }, measured(8e8))).toEqual([
    'web → d\\x1bb  tcp  iperf 3.12',
    '  →  800 Mbit/s   300 MB in 3.0 s   ▃▅█   retransmits 2   RTT 0.052 ms',
    '  CPU client 40 %, server 51 %',
  ])
})

test('iperf: the heat map has a row a sender and tells what failed', () => {
  const failed = { ok: false, reason: 'refused', detail: 'iperf db to web: refused', timeMs: 1 } as const
  const cells = [
    { from: 'web', to: 'db', result: measured(1e9) },
    { from: 'db', to: 'web', result: failed },
  ]
  expect(iperfHeatMap(cells, { colour: false })).toBe(
    [
      '      web            db',
      'web   ·              1.00 Gbit/s',
      'db    ✖ refused      ·',
      '✖ iperf db to web: refused',
      '',
    ].join('\n'),
  )
  expect(iperfHeatMap(cells, { colour: true })).toContain('\x1b[30;48;5;119m1.00 Gbit/s')
})

describe('what failed is one line:', () => {
  const failure = { ok: false, reason: 'timeout', detail: 'x\u202e', timeMs: 1 } as const
  test.each([
    ['http', httpLines(failure)],
    ['mtu', mtuLines(failure, undefined)],
    ['ping', pingLines({ ...failure, address: 'x', sent: 2, problems: [] }).slice(0, 1)],
  ])('%s', (_, lines) => {
    expect(lines).toEqual(['✖ x\\u202e'])
  })
})

test('mtu: a black hole and another prediction are said', () => {
  const found = { ok: true, address: '10.0.0.2', mtu: 1450, probes: [], isBlackHole: true, rttMs: 0.1 } as const
  const lines = mtuLines(found, { largestPacket: 1500, limit: 'web: mtu 1500 of eth0' })
  expect(lines[1]).toContain('vanish without an answer')
  expect(lines[2]).toBe('▲ predicted is 1500 (web: mtu 1500 of eth0)')
})

test('dns: the chain behind 127.0.0.11 and what is missing of it', () => {
  const chain = {
    search: [],
    ndots: 0,
    tried: ['db'],
    hosts: [],
    servers: [
      { server: '127.0.0.11', embedded: { rules: [], sockets: [], forwarders: ['192.0.2.1'], by: 'x' }, answers: [] },
    ],
  }
  expect(dnsLines(chain)).toEqual([
    'resolv.conf there is none   ndots 0   tried: db',
    '127.0.0.11',
    '  ▲ no DNAT rule leads to its socket',
    '  ▲ no socket listens for it here',
    '  asks    192.0.2.1 (x)',
  ])
})
