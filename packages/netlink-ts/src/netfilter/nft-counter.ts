import type { Attributes } from '../attribute.ts'

/** linux/netfilter/nf_tables.h: enum nft_counter_attributes. */
const NFTA_COUNTER = { BYTES: 1, PACKETS: 2 } as const

export interface NftCounter {
  readonly packets: number
  readonly bytes: number
}

/** Counter of a rule or of a chain's policy; exact up to 2^53. */
export function decodeNftCounter(attributes: Attributes | undefined): NftCounter | undefined {
  if (!attributes) return undefined
  return { packets: attributes.u64be(NFTA_COUNTER.PACKETS) ?? 0, bytes: attributes.u64be(NFTA_COUNTER.BYTES) ?? 0 }
}
