import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePacket } from '../../../src/model/packets/decode-packet.ts'
import type { PacketNode } from '../../../src/model/packets/tree/node.ts'
import { packetTree } from '../../../src/model/packets/tree/packet-tree.ts'

const FRAMES = readFileSync(new URL('fixtures/kinds.hex', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^[0-9a-f]+$/.test(line))
  .map((line) => Uint8Array.from(Buffer.from(line, 'hex')))

const flatten = (nodes: readonly PacketNode[]): readonly PacketNode[] =>
  nodes.flatMap((node) => [node, ...flatten(node.children)])

const layersOf = (frame: Uint8Array) => packetTree(frame).map(({ label }) => label)

/** The first field of a name. */
const fieldOf = (frame: Uint8Array, name: string) =>
  flatten(packetTree(frame)).find((node) => node.name === name)?.value

function frameWith(name: string, value = ''): Uint8Array {
  const found = FRAMES.find((frame) =>
    flatten(packetTree(frame)).some((n) => n.name === name && n.value.includes(value)),
  )
  if (found === undefined) throw new Error(`no frame has ${name} ${value}`)
  return found
}

describe('the layers of a packet', () => {
  test('are given from the outside in, what is inside VXLAN as well', () => {
    const frame = FRAMES.find((each) => layersOf(each).includes('VXLAN') && layersOf(each).includes('DNS'))
    expect(layersOf(frame ?? new Uint8Array())).toEqual([
      'Ethernet',
      'IPv4',
      'UDP',
      'VXLAN',
      'Ethernet',
      'IPv4',
      'UDP',
      'DNS',
    ])
  })

  test('tags of two VLANs are layers of their own, and padding is told from data', () => {
    expect(layersOf(frameWith('ieee8021ad.id'))).toEqual([
      'Ethernet',
      '802.1ad tag',
      '802.1Q tag',
      'IPv4',
      'UDP',
      'Data',
      'Padding',
    ])
  })

  test('an ICMP error holds the packet that it is about', () => {
    expect(layersOf(frameWith('icmp.mtu'))).toEqual(['Ethernet', 'IPv4', 'ICMP', 'IPv4', 'TCP'])
    expect(fieldOf(frameWith('icmp.mtu'), 'icmp.mtu')).toBe('1400')
  })

  test('text is shown as its lines', () => {
    expect(fieldOf(frameWith('data.text', 'GET '), 'data.text')).toBe('GET / HTTP/1.1')
  })

  test('names of a DNS answer are followed to where they were said first', () => {
    const frame = frameWith('dns.resp', 'CNAME')
    const records = flatten(packetTree(frame)).filter(({ name }) => name === 'dns.resp')
    expect(records.map(({ value }) => value)).toEqual([
      'CNAME db.example alt.db.example',
      'A alt.db.example 172.20.0.2',
    ])
    const address = flatten(records).find(({ name }) => name === 'dns.a')
    expect(address).toMatchObject({ address: '172.20.0.2', length: 4 })
  })
})

describe('whatever the frame', () => {
  test.each(FRAMES.map((frame, number) => [number + 1, frame] as const))(
    'frame %i says what the decoder says',
    (_, frame) => {
      const { ethernet, ip, tcp, udp, arp, vxlan } = decodePacket(frame)
      const family = ip?.version === 6 ? 'ipv6' : 'ip'
      expect(fieldOf(frame, 'eth.src')).toContain(ethernet?.source)
      expect(fieldOf(frame, `${family}.src`)).toBe(ip?.source)
      expect(fieldOf(frame, `${family}.dst`)).toBe(ip?.destination)
      expect(fieldOf(frame, 'arp.dst.proto_ipv4')).toBe((arp ?? vxlan?.inner.arp)?.target)
      if (tcp !== undefined) expect(fieldOf(frame, 'tcp.seq_raw')).toBe(String(tcp.sequence))
      if (udp !== undefined) expect(fieldOf(frame, 'udp.dstport')).toBe(String(udp.destinationPort))
    },
  )

  test('its layers follow each other without a gap, and together are all of it', () => {
    for (const frame of FRAMES) {
      const layers = packetTree(frame)
      let next = 0
      for (const { start, length } of layers) {
        expect(start).toBe(next)
        next = start + length
      }
      expect(next).toBe(frame.length)
    }
  })

  test('bytes changed or missing give fields within what there is, each within its layer', () => {
    const change = fc.tuple(fc.nat(1_500), fc.nat(255))
    fc.assert(
      fc.property(
        fc.constantFrom(...FRAMES),
        fc.array(change, { maxLength: 6 }),
        fc.nat(1_500),
        fc.constantFrom('ethernet' as const, 'ip' as const),
        (frame, changes, length, start) => {
          const data = frame.slice(0, length)
          for (const [at, value] of changes) if (at < data.length) data[at] = value
          checkWithin(packetTree(data, { start }), 0, data.length)
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

function checkWithin(nodes: readonly PacketNode[], from: number, to: number): void {
  for (const { start, length, children } of nodes) {
    if (start < from || start + length > to) throw new Error(`${start}+${length} is not within ${from}–${to}`)
    checkWithin(children, start, start + length)
  }
}
