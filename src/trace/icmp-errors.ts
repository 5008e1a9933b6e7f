import type { DecodedPacket } from '../model/packets/packet.ts'

/** RFC 792 and its successors: codes of "destination unreachable". */
const UNREACHABLE: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
  9: 'network prohibited',
  10: 'host prohibited',
  13: 'prohibited by a filter',
}
/** RFC 4443. */
const UNREACHABLE_V6: Readonly<Record<number, string>> = {
  0: 'no route',
  1: 'prohibited',
  3: 'address unreachable',
  4: 'port unreachable',
}

/** What an ICMP error says, and who says it. */
export function icmpErrorText({ ip, icmp }: DecodedPacket): string {
  const from = ip === undefined ? '' : `${ip.source}: `
  const { type = 0, code = 0, mtu } = icmp ?? {}
  const size = mtu === undefined ? '' : `, it takes ${mtu} bytes`
  return `${from}${nameOf(ip?.version === 6, type, code)}${size}`
}

function nameOf(isV6: boolean, type: number, code: number): string {
  if (isV6) {
    if (type === 1) return UNREACHABLE_V6[code] ?? `unreachable, code ${code}`
    if (type === 2) return 'packet too big'
    return type === 3 ? 'hop limit exceeded' : `icmpv6 type ${type} code ${code}`
  }
  if (type === 3) return UNREACHABLE[code] ?? `unreachable, code ${code}`
  return type === 11 ? 'TTL exceeded' : `icmp type ${type} code ${code}`
}
