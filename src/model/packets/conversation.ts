import { PROTOCOL_NAMES } from './names.ts'
import type { DecodedPacket } from './packet.ts'

/** Two ends that talk; which of them is the source does not matter. */
export interface Ends {
  /** In small letters, as the kernel's connection tracking calls it: `tcp`, `icmpv6`. */
  readonly protocol: string
  readonly source: string
  readonly sourcePort?: number | undefined
  readonly destination: string
  readonly destinationPort?: number | undefined
  /** Of an echo. */
  readonly id?: number | undefined
}

/** What all packets of a conversation have in common, in both directions: `tcp 10.0.0.2:80 10.0.0.3:40000`. */
export function conversationKey({ protocol, source, sourcePort, destination, destinationPort, id }: Ends): string {
  const ends = [endKey(source, sourcePort), endKey(destination, destinationPort)].sort()
  return `${protocol} ${ends.join(' ')}${id === undefined ? '' : ` ${id}`}`
}

function endKey(address: string, port: number | undefined): string {
  return port === undefined ? address : `${address}:${port}`
}

/**
 * The conversation that a packet belongs to: what is inside a tunnel, and for an ICMP error that which it is about.
 * Undefined for what is neither IP nor ARP.
 */
export function conversationOf(packet: DecodedPacket): string | undefined {
  const { ip, arp, tcp, udp, icmp, vxlan } = packet
  if (vxlan !== undefined) return conversationOf(vxlan.inner)
  if (icmp?.about?.ip !== undefined) return conversationOf(icmp.about)
  if (arp !== undefined) return conversationKey({ protocol: 'arp', source: arp.sender, destination: arp.target })
  if (ip === undefined) return undefined
  const header = tcp ?? udp
  return conversationKey({
    protocol: (PROTOCOL_NAMES[ip.protocol] ?? String(ip.protocol)).toLowerCase(),
    source: ip.source,
    sourcePort: header?.sourcePort,
    destination: ip.destination,
    destinationPort: header?.destinationPort,
    id: icmp?.id,
  })
}
