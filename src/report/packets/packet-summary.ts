import type { DecodedPacket } from '../../model/packets/packet.ts'
import type { NameOfAddress } from './packet-names.ts'
import { arpText, endText, hexType, protocolWords } from './packet-text.ts'

/** A packet in the columns of a list. Not sanitised. */
export interface PacketSummary {
  /** Who has the address, with its port; else the address. */
  readonly source: string
  readonly destination: string
  readonly protocol: string
  readonly info: string
}

/** Of what is inside a tunnel; the tunnel is said behind it. */
export function packetSummary(packet: DecodedPacket, nameOf: NameOfAddress): PacketSummary {
  const { ethernet, vxlan, cut } = packet
  const tags = (ethernet?.vlans ?? []).map((vlan) => `vlan ${vlan} `).join('')
  const broken = cut === undefined ? '' : ` [cut: ${cut}]`
  const summary = vxlan === undefined ? plainSummary(packet, nameOf) : tunnelled(packet, vxlan, nameOf)
  return { ...summary, info: `${tags}${summary.info}${broken}` }
}

function tunnelled(
  { ip }: DecodedPacket,
  { vni, inner }: NonNullable<DecodedPacket['vxlan']>,
  nameOf: NameOfAddress,
): PacketSummary {
  const summary = packetSummary(inner, nameOf)
  const [from, to] = [endText(ip?.source, undefined, nameOf), endText(ip?.destination, undefined, nameOf)]
  return { ...summary, info: `${summary.info} (VXLAN ${vni}: ${from} → ${to})` }
}

function plainSummary(packet: DecodedPacket, nameOf: NameOfAddress): PacketSummary {
  const { arp, ip, ethernet } = packet
  if (arp !== undefined) {
    const [source, destination] = [arp.sender, arp.target].map((each) => nameOf(each) ?? each)
    return { source: source ?? '', destination: destination ?? '', protocol: 'ARP', info: arpText(arp, nameOf) }
  }
  if (ip !== undefined) {
    const header = packet.tcp ?? packet.udp
    const { protocol, info } = protocolWords(packet)
    const source = endText(ip.source, header?.sourcePort, nameOf)
    return { source, destination: endText(ip.destination, header?.destinationPort, nameOf), protocol, info }
  }
  const { source = '', destination = '', etherType } = ethernet ?? {}
  return { source, destination, protocol: etherType === undefined ? '?' : hexType(etherType), info: '' }
}
