import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePacket } from '../../src/model/packets/decode-packet.ts'
import { type Identity, identityOf, roleOf } from '../../src/trace/identity.ts'

const FLAG = { FIN: 1, SYN: 2, RST: 4, ACK: 16 }

function ipv4(protocol: number, body: Uint8Array): Uint8Array {
  const header = Buffer.from('450000000000400040000000ac130003ac130002', 'hex')
  header.writeUInt16BE(20 + body.length, 2)
  header[9] = protocol
  return Buffer.concat([header, body])
}

function segment(sequence: number, acknowledgement: number, flags: number, data = 0): Uint8Array {
  const bytes = Buffer.alloc(20 + data)
  bytes.writeUInt32BE(sequence, 4)
  bytes.writeUInt32BE(acknowledgement, 8)
  bytes[12] = 0x50
  bytes[13] = flags
  return ipv4(6, bytes)
}

function datagram(ports: readonly [number, number], payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(ports[0], 0)
  header.writeUInt16BE(ports[1], 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return ipv4(17, Buffer.concat([header, payload]))
}

function icmp(type: number, body: Uint8Array): Uint8Array {
  return ipv4(1, Buffer.concat([Buffer.of(type, 0, 0, 0, 0, 1, 0, 1), body]))
}

const role = (identity: Identity, bytes: Uint8Array) => roleOf(identity, decodePacket(bytes, { start: 'ip' }))

describe('a connection', () => {
  const isn = 0xffff_ffff
  const tcp: Identity = { family: 4, protocol: 6, cookie: isn }

  test.each([
    ['the SYN', segment(isn, 0, FLAG.SYN), 'packet'],
    ['the SYN-ACK', segment(7, 0, FLAG.SYN | FLAG.ACK), 'answer'],
    ['a reset', segment(0, 0, FLAG.RST | FLAG.ACK), 'answer'],
    ['the ACK', segment(0, 8, FLAG.ACK), 'acknowledgement'],
    ['a FIN behind it', segment(0, 8, FLAG.ACK | FLAG.FIN), undefined],
    ['data behind it', segment(0, 8, FLAG.ACK, 10), undefined],
    ['somebody else’s SYN', segment(isn - 1, 0, FLAG.SYN), undefined],
    ['an error with its first 8 bytes', icmp(3, segment(isn, 0, FLAG.SYN).subarray(0, 28)), 'error'],
  ])('is told by its number, which may overflow: %s', (_, bytes, expected) => {
    expect(role(tcp, bytes)).toBe(expected)
  })
})

describe('a datagram', () => {
  const cookie = Buffer.from('cafebabe', 'hex')
  const udp: Identity = { family: 4, protocol: 17, cookie: 0xcafebabe, sourcePort: 4000 }

  test('is told by its first bytes, whatever NAT does to its ports, and its answer by the port', () => {
    expect(role(udp, datagram([61_000, 53], cookie))).toBe('packet')
    expect(role(udp, datagram([53, 4_000], cookie))).toBe('answer')
    expect(role(udp, datagram([53, 4_001], Buffer.from('00000000', 'hex')))).toBeUndefined()
    expect(role(udp, icmp(3, datagram([4_000, 53], cookie)))).toBe('error')
  })
})

test('an echo request and its reply carry the same bytes', () => {
  const ping: Identity = { family: 4, protocol: 1, cookie: 0x01020304 }
  const payload = Buffer.from('01020304', 'hex')
  expect([icmp(8, payload), icmp(0, payload), icmp(8, Buffer.alloc(4))].map((bytes) => role(ping, bytes))).toEqual([
    'packet',
    'answer',
    undefined,
  ])
})

test('a packet that is followed is recognised by what was read off it', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_fffe), fc.nat(0xffff_ffff), fc.nat(100), (sequence, acknowledgement, data) => {
      const bytes = segment(sequence, acknowledgement, FLAG.ACK, data)
      const identity = identityOf(decodePacket(bytes, { start: 'ip' })) as Identity
      expect(role(identity, bytes)).toBe('packet')
      if (data > 0) expect(role(identity, segment(5, (sequence + data) >>> 0, FLAG.ACK))).toBe('answer')
    }),
  )
})
