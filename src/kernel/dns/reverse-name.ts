import { parseAddress } from 'netlink-ts'

/** `2.0.20.10.in-addr.arpa` of 10.20.0.2 (RFC 1035 3.5), nibbles below `ip6.arpa` for IPv6 (RFC 3596 2.5). */
export function reverseName(address: string): string {
  const bytes = [...parseAddress(address)].reverse()
  if (bytes.length === 4) return `${bytes.join('.')}.in-addr.arpa`
  const nibbles = bytes.flatMap((byte) => [byte & 0xf, byte >> 4])
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`
}

/** @param name in lower case, without a final dot */
export function isReverseName(name: string): boolean {
  return name.endsWith('.in-addr.arpa') || name.endsWith('.ip6.arpa')
}
