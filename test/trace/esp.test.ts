import { expect, test } from 'vitest'
import type { Namespace } from '../../src/model/snapshot.ts'
import { withEsp } from '../../src/trace/esp.ts'
import type { CapturedFrame } from '../../src/trace/listeners.ts'
import type { Sighting } from '../../src/trace/sightings.ts'

const STATE = { source: '10.0.0.1', destination: '10.0.0.2', spi: 0xabcd, protocol: 'esp' }
const NAMESPACES = new Map(
  [
    { inode: 1, links: [{ index: 5, name: 'vx0', kind: 'vxlan' }], xfrm: { states: [] } },
    { inode: 2, links: [{ index: 2, name: 'eth0', kind: 'veth' }], xfrm: { states: [STATE] } },
    { inode: 3, links: [{ index: 2, name: 'eth0', kind: 'veth' }], xfrm: { states: [STATE] } },
  ].map((namespace) => [namespace.inode, namespace as unknown as Namespace]),
)

/** A ping of 84 bytes that goes into vx0. */
const INNER: Sighting = {
  namespace: 1,
  link: 5,
  direction: 'out',
  isForOther: false,
  timeNs: 1_000n,
  role: 'packet',
  packet: { ip: { version: 4, source: '10.1.0.2', destination: '10.1.0.3', protocol: 1, ttl: 64, size: 84, tos: 0 } },
}

/** AES-GCM, as tcpdump saw it: 14 + 20 + 8 of the SPI and number, then what nobody can read. */
function espFrame(namespace: number, timeNs: bigint, { spi = 0xabcd, number = 7, size = 168 } = {}): CapturedFrame {
  const bytes = Buffer.alloc(14 + size)
  bytes.writeUInt16BE(0x0800, 12)
  bytes.write('4500', 14, 'hex')
  bytes.writeUInt16BE(size, 16)
  bytes[22] = 64
  bytes[23] = 50
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2], 26)
  bytes.writeUInt32BE(spi, 34)
  bytes.writeUInt32BE(number, 38)
  const direction = namespace === 2 ? 'out' : 'in'
  return {
    namespace,
    link: 2,
    direction,
    isForOther: false,
    timeNs,
    hardware: 1,
    protocol: 0x0800,
    length: size,
    bytes,
  }
}

const around = (frames: readonly CapturedFrame[]) =>
  withEsp({ sightings: [INNER], neighbours: [] }, frames, NAMESPACES).sightings.flatMap(
    ({ namespace, direction, around: text }) => (text === undefined ? [] : [`${namespace} ${direction}: ${text}`]),
  )

test('what leaves encrypted soon after ours went into the tunnel is followed by its number', () => {
  const frames = [espFrame(3, 2_500n), espFrame(2, 2_000n), espFrame(2, 3_000n, { number: 8 })]
  expect(around(frames)).toEqual([
    '2 out: ESP 0x0000abcd number 7 10.0.0.1 → 10.0.0.2 (by its time and size)',
    '3 in: ESP 0x0000abcd number 7 10.0.0.1 → 10.0.0.2 (by its time and size)',
  ])
})

test.each([
  ['left before ours', espFrame(2, 500n)],
  ['left long after it', espFrame(2, 500_000_000n)],
  ['is of an association that the namespace does not have', espFrame(2, 2_000n, { spi: 1 })],
  ['is too small for it', espFrame(2, 2_000n, { size: 120 })],
  ['is too large for it', espFrame(2, 2_000n, { size: 900 })],
])('what %s is not ours', (_, frame) => {
  expect(around([frame])).toEqual([])
})
