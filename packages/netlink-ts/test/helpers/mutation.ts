import { NetlinkError } from '../../src/error.ts'
import { messageAt } from '../../src/message.ts'
import { decodeLink } from '../../src/route/link.ts'
import { DECODERS, type Decoder } from '../netfilter/decoders.ts'
import { ROUTE_DECODERS } from '../route/decoders.ts'
import { linkSampleMessages } from '../route/link-samples.ts'
import { fixture } from './hex.ts'

/** Every decoder of the package with its real messages. */
export const ALL_DECODERS: readonly (Decoder & { readonly originals: readonly Uint8Array[] })[] = [
  ...[...ROUTE_DECODERS, ...DECODERS].map((decoder) => ({ ...decoder, originals: fixture(decoder.fixture) })),
  { fixture: 'link kinds, encoded', decode: decodeLink, originals: linkSampleMessages() },
]

const HEADER_BYTES = 16

/** xorshift32: the same numbers for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** A real message with bits flipped, bytes replaced, 16-bit lengths changed, or its end cut off or moved. */
export function mutate(original: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = original.slice()
  for (let left = 1 + random(4); left > 0; left--) {
    const payload = bytes.length - HEADER_BYTES
    if (payload === 0) break
    const at = HEADER_BYTES + random(payload)
    switch (random(5)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random(8))
        break
      case 1:
        bytes[at] = random(256)
        break
      case 2:
        // the length of an attribute stands at a multiple of 4
        bytes[at & ~3] = random(64)
        break
      case 3:
        bytes = bytes.slice(0, HEADER_BYTES + random(payload + 1))
        break
      default:
        bytes.copyWithin(at, HEADER_BYTES + random(payload))
    }
  }
  new DataView(bytes.buffer).setUint32(0, bytes.length, true)
  return bytes
}

/**
 * Decodes `count` mutated messages of all decoders in turn. Throws when one ends otherwise than with a value or with
 * NetlinkError `malformed`; the message says how to get the same bytes again.
 */
export function decodeMutated(count: number, seed: number): { values: number; refusals: number } {
  const random = randomNumbers(seed)
  let values = 0
  for (let run = 0; run < count; run++) {
    const decoder = ALL_DECODERS[run % ALL_DECODERS.length] as (typeof ALL_DECODERS)[number]
    const bytes = mutate(decoder.originals[random(decoder.originals.length)] as Uint8Array, random)
    try {
      decoder.decode(messageAt(bytes, 0))
      values++
    } catch (error) {
      if (error instanceof NetlinkError && error.code === 'malformed') continue
      throw new Error(`${decoder.fixture}: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
    }
  }
  return { values, refusals: count - values }
}
