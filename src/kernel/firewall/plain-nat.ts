import { type NftExpression, u16be, u32, xtablesOfExpression } from 'netlink-ts'

/** linux/netfilter/nf_nat.h */
const NF_NAT_RANGE = { MAP_IPS: 1, PROTO_SPECIFIED: 2 } as const

/** Where an address translation leads to, one address and one port of it. */
interface Range {
  readonly flags: number
  readonly address: Uint8Array
  readonly lastAddress: Uint8Array
  readonly port: number
  readonly lastPort: number
}

/** Options of the targets that name a place. */
const OPTIONS: Readonly<Record<string, string>> = { DNAT: '--to-destination', SNAT: '--to-source' }

/** `DNAT --to-destination 10.0.0.2:80` of a `target` expression; undefined for a target, range or flag that is another. */
export function plainNatText(expression: NftExpression): string | undefined {
  const { extension, revision, payload } = xtablesOfExpression(expression) ?? {}
  const option = OPTIONS[extension ?? '']
  const range = payload === undefined ? undefined : rangeOf(payload, revision)
  if (option === undefined || range === undefined) return undefined
  const { flags, address, lastAddress, port, lastPort } = range
  if (flags === 0 || (flags & ~(NF_NAT_RANGE.MAP_IPS | NF_NAT_RANGE.PROTO_SPECIFIED)) !== 0) return undefined
  if (address.join() !== lastAddress.join() || port !== lastPort) return undefined
  const place = (flags & NF_NAT_RANGE.MAP_IPS) === 0 ? '' : address.join('.')
  return `${extension} ${option} ${place}${(flags & NF_NAT_RANGE.PROTO_SPECIFIED) === 0 ? '' : `:${port}`}`
}

const RANGE2_BYTES = 42
const MULTI_RANGE_BYTES = 20

/** Revision 0 is struct nf_nat_ipv4_multi_range_compat, revision 2 of DNAT struct nf_nat_range2. */
function rangeOf(payload: Uint8Array, revision: number | undefined): Range | undefined {
  if (revision === 2 && payload.length >= RANGE2_BYTES) {
    return rangeAt(payload, { flags: 0, addresses: [4, 20], ports: 36 })
  }
  const isOne = revision === 0 && payload.length >= MULTI_RANGE_BYTES && u32(payload, 0) === 1
  return isOne ? rangeAt(payload, { flags: 4, addresses: [8, 12], ports: 16 }) : undefined
}

function rangeAt(
  payload: Uint8Array,
  at: { readonly flags: number; readonly addresses: readonly [number, number]; readonly ports: number },
): Range {
  const [first, last] = at.addresses
  return {
    flags: u32(payload, at.flags),
    address: payload.subarray(first, first + 4),
    lastAddress: payload.subarray(last, last + 4),
    port: u16be(payload, at.ports),
    lastPort: u16be(payload, at.ports + 2),
  }
}
