import { describe, expect, test } from 'vitest'
import { decodePacket } from '../../../src/model/packets/decode-packet.ts'
import { flowKey } from '../../../src/model/packets/flow-key.ts'
import { packetJson, packetLine } from '../../../src/report/packets/packet-line.ts'
import { conversationText } from '../../../src/report/packets/packet-text.ts'

const NAMES: Readonly<Record<string, string>> = {
  '10.0.0.1': 'web',
  '10.0.0.2': 'db',
  '10.9.0.1': 'A',
  '10.9.0.2': 'B',
}
const nameOf = (address: string) => NAMES[address]

const ethernet = (type: number, body: readonly number[]) => [...Array(12).fill(2), type >> 8, type & 255, ...body]
function ipv4(protocol: number, ends: readonly [string, string], body: readonly number[]): number[] {
  const size = 20 + body.length
  const addresses = ends.flatMap((end) => end.split('.').map(Number))
  return [0x45, 0, size >> 8, size & 255, 0, 1, 0, 0, 64, protocol, 0, 0, ...addresses, ...body]
}
const udp = (from: number, to: number, body: readonly number[]) => [
  ...[from >> 8, from & 255, to >> 8, to & 255, 0, 8 + body.length, 0, 0],
  ...body,
]
const syn = [0x9c, 0x40, 0x21, 0x34, 0, 0, 0, 5, 0, 0, 0, 0, 0x50, 2, 0xfa, 0xf0, 0, 0, 0, 0]
const tcpFrame = ethernet(0x0800, ipv4(6, ['10.0.0.1', '10.0.0.2'], syn))
const vxlanFrame = ethernet(
  0x0800,
  ipv4(17, ['10.9.0.1', '10.9.0.2'], udp(50_000, 4789, [8, 0, 0, 0, 0, 0, 42, 0, ...tcpFrame])),
)
const lineOf = (bytes: readonly number[]) =>
  packetLine(
    {
      place: 'web:eth0',
      timeNs: 1_795_573_458_000_000_009n,
      direction: 'out',
      length: bytes.length,
      packet: decodePacket(Uint8Array.from(bytes)),
    },
    nameOf,
  )

describe('the line of a packet', () => {
  test('has names instead of addresses', () => {
    expect(lineOf(tcpFrame)).toBe(
      '02:24:18.000000009  web:eth0  out  web:40000 → db:8500 TCP [SYN] seq 5 win 64240 len 0',
    )
  })

  test('shows what is inside VXLAN', () => {
    expect(lineOf(vxlanFrame)).toContain('A → B VXLAN 42 ⟨web:40000 → db:8500 TCP [SYN] seq 5 win 64240 len 0⟩')
  })

  test('says where a packet ends too early', () => {
    expect(lineOf(tcpFrame.slice(0, 40))).toContain('[cut: tcp header: 6 of 20 bytes]')
  })

  test('is never more than a line, whatever is in it', () => {
    let state = 7
    for (let round = 0; round < 300; round++) {
      const bytes = Array.from(vxlanFrame, (byte) => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
        return state % 6 === 0 ? state >>> 24 : byte
      })
      expect(lineOf(bytes)).toMatch(/^[^\p{Cc}]*$/u)
    }
  })

  test('names a conversation by both ends', () => {
    expect(conversationText(decodePacket(Uint8Array.from(vxlanFrame)), nameOf)).toBe(
      'A (10.9.0.1) → B (10.9.0.2) VXLAN 42: web:40000 (10.0.0.1) → db:8500 (10.0.0.2) TCP',
    )
  })

  test('as JSON has layers and names, and no bytes', () => {
    const seen = { place: 'x', timeNs: 1n, length: 9, packet: decodePacket(Uint8Array.from(vxlanFrame)) }
    const json = JSON.parse(JSON.stringify(packetJson(seen, nameOf)))
    expect(json).toMatchObject({ timeNs: '1', vxlan: { vni: 42, inner: { ip: { sourceName: 'web' } } } })
    expect(JSON.stringify(json)).not.toContain('"payload"')
  })
})

describe('the key of a conversation', () => {
  const key = (bytes: readonly number[]) => flowKey(Uint8Array.from(bytes), 0, bytes.length, 'ethernet')
  const udpFrame = (ends: readonly [string, string], ports: readonly [number, number]) =>
    ethernet(0x0800, ipv4(17, ends, udp(ports[0], ports[1], [1])))

  test('is that of the answer', () => {
    const there = key(udpFrame(['10.0.0.1', '10.0.0.2'], [5, 6]))
    expect(there).toBeDefined()
    expect(key(udpFrame(['10.0.0.2', '10.0.0.1'], [6, 5]))).toBe(there)
  })

  test('is another for 10,000 others', () => {
    const keys = new Set<number | undefined>()
    for (let port = 0; port < 10_000; port++) keys.add(key(udpFrame(['10.0.0.1', '10.0.0.2'], [port, 53])))
    expect(keys.size).toBe(10_000)
  })

  test('is none for what is not IP or cut', () => {
    expect(key(ethernet(0x0806, []))).toBeUndefined()
    expect(key(tcpFrame.slice(0, 20))).toBeUndefined()
  })
})
