import { AttributeCursor } from '../attribute.ts'
import { u16, u16be, u32 } from '../reader.ts'

/** struct ndmsg */
export const NEIGHBOUR_HEADER_BYTES = 12

/** struct nda_cacheinfo counts ticks of 10 ms. */
export function seconds(bytes: Uint8Array, at: number): number {
  return Math.trunc(u32(bytes, at) / 100)
}

/** UDP port, network byte order. */
export function readPort(cursor: AttributeCursor): number {
  return u16be(cursor.bytes, cursor.at(2))
}

/** linux/neighbour.h: NUD_NOARP | NUD_PERMANENT. The kernel counts their ages too, but nothing depends on them. */
const AGELESS = 0xc0
const NDA_CACHEINFO = 3

export function hasAges(state: number): boolean {
  return (state & AGELESS) === 0
}

/** Takes the ages out of an RTM_NEWNEIGH of an entry that never ages, so that it stays the same while it is. */
export function takeOutAges(bytes: Uint8Array, start: number, end: number): void {
  if (end - start < NEIGHBOUR_HEADER_BYTES || hasAges(u16(bytes, start + 8))) return
  const cursor = new AttributeCursor(bytes, start + NEIGHBOUR_HEADER_BYTES, end)
  while (cursor.next()) if (cursor.type === NDA_CACHEINFO) bytes.fill(0, cursor.start, cursor.end)
}
