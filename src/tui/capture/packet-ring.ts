import type { PacketItem } from './packet-item.ts'

/** The newest so many packets are kept. */
export const MOST_PACKETS = 10_000
/** Together no more characters than that: about 24 MB of packets. */
export const MOST_SIZE = 32 * 1024 * 1024

/** What is kept of packets and those that came after them. */
export function keepNewest(
  packets: readonly PacketItem[],
  more: readonly PacketItem[],
  most: { readonly packets: number; readonly size: number } = { packets: MOST_PACKETS, size: MOST_SIZE },
): readonly PacketItem[] {
  const all = packets.length === 0 ? more : [...packets, ...more]
  let first = all.length
  let size = 0
  while (first > 0 && all.length - first < most.packets) {
    size += all[first - 1]?.size ?? 0
    if (size > most.size) break
    first--
  }
  return first === 0 ? all : all.slice(first)
}
