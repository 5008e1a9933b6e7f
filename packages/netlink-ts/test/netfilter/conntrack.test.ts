import { expect, test } from 'vitest'
import {
  CTA,
  conntrackNat,
  conntrackStatusNames,
  decodeConntrack,
  decodeConntrackCpuStatistics,
  decodeConntrackEvent,
  decodeConntrackUsage,
  encodeMessage,
  messageAt,
  newConntrack,
} from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

const connections = fixture('netfilter/conntrack.hex').map((bytes) => decodeConntrack(messageOf(bytes)))

function from(source: string) {
  const found = connections.find(({ original }) => original.source === source)
  if (!found) throw new Error(`the fixture has no connection from ${source}`)
  return found
}

test('a source-translated TCP connection gives both tuples, state, status, mark and counters', () => {
  const connection = from('10.0.0.1')
  expect(connection).toMatchObject({ family: 2, protocol: 6, state: 'ESTABLISHED', mark: 0x11, packets: [0, 0] })
  expect(connection.original).toMatchObject({ destination: '192.0.2.1', sourcePort: 1000, destinationPort: 443 })
  expect(connection.reply).toMatchObject({ source: '192.0.2.1', destination: '203.0.113.7', destinationPort: 60000 })
  expect(conntrackStatusNames(connection.status)).toEqual(expect.arrayContaining(['SEEN_REPLY', 'ASSURED']))
  expect(conntrackNat(connection)).toEqual({ source: true, destination: false })
})

test('a destination-translated UDP connection has no state', () => {
  const connection = from('10.0.0.2')
  expect(connection).toMatchObject({ protocol: 17, state: undefined })
  expect(conntrackNat(connection)).toEqual({ source: false, destination: true })
})

test('ICMP has type, code and id in the place of ports', () => {
  expect(from('10.0.0.3').original).toMatchObject({ icmpType: 8, icmpCode: 0, icmpId: 4711, sourcePort: undefined })
  expect(from('10.0.0.3').reply).toMatchObject({ icmpType: 0, icmpId: 4711 })
  expect(conntrackNat(from('10.0.0.3'))).toEqual({ source: false, destination: false })
})

test('an ICMPv6 connection in a zone', () => {
  expect(from('fd00::1')).toMatchObject({ family: 10, protocol: 58, zone: 5, original: { icmpType: 128, icmpId: 77 } })
})

test('a real connection has counted its packets and says when it began', () => {
  const connection = from('127.0.0.1')
  expect(connection.packets?.[0]).toBeGreaterThan(0)
  expect(connection.bytes?.[1]).toBeGreaterThan(0)
  expect(connection.startMs).toBeGreaterThan(Date.UTC(2020))
})

test('notifications tell a new connection, its change and its end apart', () => {
  const events = fixture('netfilter/conntrack-events.hex').map((bytes) => decodeConntrackEvent(messageOf(bytes)))
  const udp = events.filter(({ connection }) => connection.protocol === 17)
  expect(udp.map(({ event }) => event)).toEqual(['new', 'update', 'destroy'])
  expect(udp[1]?.connection.mark).toBe(5)
})

test('statistics of the table and of each CPU', () => {
  const usage = fixture('netfilter/conntrack-usage.hex').map((bytes) => decodeConntrackUsage(messageOf(bytes)))
  expect(usage).toEqual([{ entries: 5, maxEntries: 262144 }])
  const cpus = fixture('netfilter/conntrack-cpu.hex').map((bytes) => decodeConntrackCpuStatistics(messageOf(bytes)))
  expect(cpus.map(({ cpu }) => cpu)).toEqual([0, 1])
  expect(cpus[0]).toMatchObject({ drop: 0, insertFailed: 0, earlyDrop: 0 })
})

test('what is encoded decodes to the same', () => {
  const original = { source: 'fd00::a', destination: 'fd00::b', protocol: 17, sourcePort: 1, destinationPort: 65535 }
  const reply = { source: 'fd00::b', destination: 'fd00::c', protocol: 17, sourcePort: 65535, destinationPort: 1 }
  const { type, fill } = newConntrack({ original, reply, timeoutS: 60, mark: 0xffff_ffff, zone: 9 })
  const message = messageAt(encodeMessage(type, 0, fill ? { fill } : {}), 0)
  expect(decodeConntrack(message)).toMatchObject({ original, reply, timeoutS: 60, mark: 0xffff_ffff, zone: 9 })
})

test('a connection without its original direction is refused', () => {
  const message = messageAt(encodeMessage(0x100, 0, { fill: (w) => w.u32(2).u32beAttribute(CTA.STATUS, 8) }), 0)
  expect(() => decodeConntrack(message)).toThrow('original tuple is missing')
})
