import type { AttributeCursor } from '../attribute.ts'
import { u16be, u32 } from '../reader.ts'

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
