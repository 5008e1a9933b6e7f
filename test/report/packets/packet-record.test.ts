import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { conversationKey, conversationOf } from '../../../src/model/packets/conversation.ts'
import { decodePacket } from '../../../src/model/packets/decode-packet.ts'
import { packetRecord } from '../../../src/report/packets/packet-record.ts'

/** Frames of every kind: see the head of the file. */
const FRAMES = readFileSync(new URL('../../model/packets/fixtures/kinds.hex', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^[0-9a-f]+$/.test(line))
  .map((line) => Uint8Array.from(Buffer.from(line, 'hex')))

const NAMES: Readonly<Record<string, string>> = {
  '172.20.0.1': 'web',
  '172.20.0.2': 'db',
  '10.0.0.1': 'A',
  '10.0.0.2': 'B',
}

function recordOf(bytes: Uint8Array) {
  const seen = {
    place: 'web:e0',
    timeNs: 5n,
    direction: 'out' as const,
    length: bytes.length,
    packet: decodePacket(bytes),
  }
  return packetRecord(seen, (address) => NAMES[address], { namespace: 7, begins: 'ethernet', bytes })
}

const records = FRAMES.map(recordOf)

describe('the record of a packet', () => {
  test('has names, ports, protocol and what its header says, and the bytes', () => {
    const record = records.find(({ info }) => info.startsWith('[SYN] '))
    expect(record).toMatchObject({ timeNs: '5', namespace: 7, place: 'web:e0', protocol: 'TCP' })
    expect(record?.source).toMatch(/^web:\d+$/)
    expect(record?.destination).toBe('db:8500')
    expect(FRAMES.map((frame) => Buffer.from(frame).toString('base64'))).toContain(record?.bytes)
  })

  test('is of what is inside VXLAN, and says through which tunnel', () => {
    const record = records.find(({ info, protocol }) => protocol === 'ICMP' && info.includes('VXLAN'))
    expect(record).toMatchObject({ source: 'web', destination: 'db' })
    expect(record?.info).toMatch(/^echo request id \d+ seq 1 \(VXLAN 42: A → B\)$/)
  })

  test('of ARP tells who asks for whom, and of VLANs their numbers', () => {
    expect(records.find(({ protocol }) => protocol === 'ARP')).toMatchObject({ source: 'web', destination: 'db' })
    expect(records.some(({ info }) => info.startsWith('vlan 100 vlan 10 '))).toBe(true)
  })
})

describe('a conversation', () => {
  test('is the same in both directions, inside a tunnel and outside, and for an error about it', () => {
    const echoes = records.filter(({ protocol, info }) => protocol === 'ICMP' && /^echo (request|reply)/.test(info))
    const byId = new Map(
      echoes.map(({ info }) => [
        /id \d+/.exec(info)?.[0],
        echoes.filter((each) => each.info.includes(`${/id \d+/.exec(info)?.[0]} `)),
      ]),
    )
    for (const [, group] of byId) expect(new Set(group.map(({ conversation }) => conversation)).size).toBe(1)
    const unreachable = records.find(({ info }) => info.startsWith('port unreachable'))
    const datagram = records.find(({ destination }) => destination === 'db:7777')
    expect(unreachable?.conversation).toBe(datagram?.conversation)
  })

  test('is told from another between the same ends by its ports', () => {
    const ends = { protocol: 'tcp', source: '10.0.0.1', destination: '10.0.0.2', destinationPort: 80 }
    expect(conversationKey({ ...ends, sourcePort: 1 })).not.toBe(conversationKey({ ...ends, sourcePort: 2 }))
  })

  test('is nothing where there is neither IP nor ARP', () => {
    expect(conversationOf(decodePacket(new Uint8Array(20)))).toBeUndefined()
  })
})
