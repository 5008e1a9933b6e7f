import type { RingFrame } from '../../kernel/packets/packet-ring.ts'

const MACS_BYTES = 12
const TAG_BYTES = 4

/** The frame as it was on the wire, its VLAN tag put back; a view of the ring when it had none. */
export function frameBytes({ memory, start, end, tag }: RingFrame): Uint8Array {
  const bytes = memory.subarray(start, end)
  if (tag === 0 || bytes.length < MACS_BYTES) return bytes
  const whole = new Uint8Array(bytes.length + TAG_BYTES)
  whole.set(bytes.subarray(0, MACS_BYTES))
  new DataView(whole.buffer).setUint32(MACS_BYTES, tag)
  whole.set(bytes.subarray(MACS_BYTES), MACS_BYTES + TAG_BYTES)
  return whole
}

export function timeOf({ seconds, nanoseconds }: RingFrame): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
}
