import { describe, expect, test } from 'vitest'
import { encodeInterface, encodeSection, encodeStatistics, LINKTYPE } from '../../../src/model/pcapng/blocks.ts'
import { PacketChunk, type PacketRecord, packetFlags, wholeBlocks } from '../../../src/model/pcapng/packet-chunk.ts'
import { readCapture } from '../../../src/model/pcapng/read-capture.ts'

const NAME = 'web:eth0'
const FRAME = Uint8Array.from([...Array(12).fill(2), 0x08, 0x00, 0x45, ...Array(20).fill(7)])

const record = (fields: Partial<PacketRecord> = {}): PacketRecord => ({
  seconds: 1_795_573_458,
  nanoseconds: 593_933_222,
  length: FRAME.length,
  memory: FRAME,
  start: 0,
  end: FRAME.length,
  tag: 0,
  ...fields,
})

function file(records: readonly PacketRecord[], comment?: string): Uint8Array {
  const chunk = new PacketChunk(64 * 1024)
  chunk.addBlock(encodeSection({ application: 'test', os: 'Linux' }))
  chunk.addBlock(encodeInterface({ name: NAME, linkType: LINKTYPE.ETHERNET, snaplen: 0, description: 'docker web' }))
  for (const each of records) chunk.addPacket(each, { interface: 0, flags: packetFlags(4), comment })
  chunk.addBlock(encodeStatistics({ interface: 0, startNs: 1n, endNs: 2n, received: records.length, dropped: 3 }))
  return chunk.bytes
}

describe('a pcapng file', () => {
  test('is read back as it was written, to the nanosecond', () => {
    const [packet, ...others] = readCapture(file([record()], 'at web: a → b'), 'x')
    expect(others).toEqual([])
    expect(packet).toEqual({
      interface: NAME,
      linkType: 1,
      timeNs: 1_795_573_458_593_933_222n,
      direction: 'out',
      length: FRAME.length,
      bytes: FRAME,
      comment: 'at web: a → b',
    })
  })

  test.each([
    [0, 0],
    [0xffff_ffff, 999_999_999],
    [1_700_000_000, 1],
    [65_536, 0],
    [65_535, 999_999_999],
  ])('keeps the time %i.%i', (seconds, nanoseconds) => {
    const [packet] = readCapture(file([record({ seconds, nanoseconds })]), 'x')
    expect(packet?.timeNs).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds))
  })

  test('has a VLAN tag where it was', () => {
    const [packet] = readCapture(file([record({ tag: 0x8100_0000 + 0x200a })]), 'x')
    expect([...(packet?.bytes.subarray(12, 18) ?? [])]).toEqual([0x81, 0x00, 0x20, 0x0a, 0x08, 0x00])
    expect([packet?.length, packet?.bytes.length]).toEqual([FRAME.length + 4, FRAME.length + 4])
  })

  test('that is cut off gives the packets that are whole', () => {
    const bytes = file([record(), record(), record()])
    for (let length = 24; length <= bytes.length; length++) {
      const whole = wholeBlocks(bytes, length)
      expect(whole).toBeLessThanOrEqual(length)
      expect([...readCapture(bytes.subarray(0, length), 'x')].length).toBeLessThanOrEqual(3)
    }
    expect(wholeBlocks(bytes, bytes.length)).toBe(bytes.length)
  })

  test('has no room for a packet that does not fit, and says so', () => {
    const chunk = new PacketChunk(100)
    expect(chunk.addPacket(record(), { interface: 0, flags: 0 })).toBe(true)
    expect(chunk.addPacket(record(), { interface: 0, flags: 0 })).toBe(false)
    expect(chunk.packets).toBe(1)
  })

  test('is nothing else', () => {
    expect(() => [...readCapture(new Uint8Array(100), 'x')]).toThrow('x: neither pcapng nor pcap')
  })
})
