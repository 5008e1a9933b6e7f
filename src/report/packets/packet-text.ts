import {
  DNS_RCODE_NAMES,
  DNS_TYPE_NAMES,
  ICMP_NAMES,
  ICMPV6_NAMES,
  PROTOCOL_NAMES,
  TCP_FLAG_NAMES,
  UNREACHABLE_NAMES,
} from '../../model/packets/names.ts'
import type { DecodedPacket, IcmpMessage, TcpHeader } from '../../model/packets/packet.ts'
import type { NameOfAddress } from './packet-names.ts'

/** `web:40000 → db:8500 TCP [SYN] seq 1 win 64240 len 0`; for VXLAN what is inside follows. Not sanitised. */
export function packetText(packet: DecodedPacket, nameOf: NameOfAddress): string {
  const { arp, ip, ethernet, vxlan, cut } = packet
  const broken = cut === undefined ? '' : ` [cut: ${cut}]`
  if (arp !== undefined) return `ARP ${arpText(arp, nameOf)}${broken}`
  if (ip === undefined) return (ethernet === undefined ? 'no Ethernet' : etherText(ethernet)) + broken
  const { protocol, info } = protocolWords(packet)
  const outer = `${flowText(packet, nameOf)} ${protocol} ${info}`
  if (vxlan === undefined) return outer + broken
  return `${flowText(packet, nameOf, { ports: false })} VXLAN ${vxlan.vni} ⟨${packetText(vxlan.inner, nameOf)}⟩${broken}`
}

/** What all packets of a conversation have in common: `web:40000 → db:8500 TCP`. Not sanitised. */
export function conversationText(packet: DecodedPacket, nameOf: NameOfAddress): string {
  const { ip, vxlan } = packet
  const protocol = PROTOCOL_NAMES[ip?.protocol ?? -1] ?? `protocol ${ip?.protocol ?? '?'}`
  if (vxlan === undefined) return `${flowText(packet, nameOf, { addresses: true })} ${protocol}`
  const inner = vxlan.inner.ip === undefined ? packetText(vxlan.inner, nameOf) : conversationText(vxlan.inner, nameOf)
  return `${flowText(packet, nameOf, { ports: false, addresses: true })} VXLAN ${vxlan.vni}: ${inner}`
}

interface FlowOptions {
  readonly ports?: boolean
  /** Beside the names. */
  readonly addresses?: boolean
}

function flowText({ ip, tcp, udp }: DecodedPacket, nameOf: NameOfAddress, options: FlowOptions = {}): string {
  const header = options.ports === false ? undefined : (tcp ?? udp)
  const end = (address: string | undefined, port: number | undefined) => {
    const text = endText(address, port, nameOf)
    const isNamed = options.addresses === true && address !== undefined && nameOf(address) !== undefined
    return isNamed ? `${text} (${address})` : text
  }
  return `${end(ip?.source, header?.sourcePort)} → ${end(ip?.destination, header?.destinationPort)}`
}

/** `db:8500`, `[fd00::1]:80`: who has the address, else the address. Not sanitised. */
export function endText(address = '', port: number | undefined, nameOf: NameOfAddress): string {
  const text = nameOf(address) ?? bracketed(address, port)
  return port === undefined ? text : `${text}:${port}`
}

function bracketed(address: string, port: number | undefined): string {
  return port !== undefined && address.includes(':') ? `[${address}]` : address
}

/** The innermost protocol, and what its header says. Not sanitised. */
export function protocolWords(packet: DecodedPacket): { readonly protocol: string; readonly info: string } {
  const { ip, dns, esp } = packet
  const fragment = ip?.fragment
  const part = fragment === undefined ? '' : ` fragment ${fragment.offset}${fragment.more ? '+' : ''} of ${fragment.id}`
  const named = dns !== undefined ? 'DNS' : esp !== undefined ? 'ESP' : PROTOCOL_NAMES[ip?.protocol ?? -1]
  return { protocol: named ?? `protocol ${ip?.protocol}`, info: headerText(packet) + part }
}

function headerText({ ip, tcp, udp, icmp, esp, dns }: DecodedPacket): string {
  if (dns !== undefined) return dnsText(dns)
  if (tcp !== undefined) return tcpText(tcp)
  if (udp !== undefined) return `len ${Math.max(0, udp.length - 8)}`
  if (icmp !== undefined) return icmpText(icmp, ip?.version === 6)
  if (esp !== undefined) return `spi 0x${esp.spi.toString(16)} seq ${esp.sequence}`
  return `len ${ip?.size ?? 0}`
}

function tcpText({ flags, sequence, acknowledgement, window, length, mss }: TcpHeader): string {
  const names = TCP_FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
  const ack = (flags & 16) === 0 ? '' : ` ack ${acknowledgement}`
  const size = mss === undefined ? '' : ` mss ${mss}`
  return `[${names.join(' ')}] seq ${sequence}${ack} win ${window}${size} len ${length}`
}

function icmpText({ type, code, id, sequence, mtu, target }: IcmpMessage, isV6: boolean): string {
  const known = isV6 ? ICMPV6_NAMES[type] : type === 3 ? UNREACHABLE_NAMES[code] : ICMP_NAMES[type]
  const parts = [known ?? `type ${type} code ${code}`]
  if (id !== undefined) parts.push(`id ${id} seq ${sequence}`)
  if (mtu !== undefined) parts.push(`mtu ${mtu}`)
  if (target !== undefined) parts.push(target)
  return parts.join(' ')
}

function dnsText({ isAnswer, name, type, rcode, id }: NonNullable<DecodedPacket['dns']>): string {
  const question = `${DNS_TYPE_NAMES[type] ?? `type ${type}`} ${name === '' ? '.' : name}`
  return isAnswer
    ? `answer ${id} ${question}: ${DNS_RCODE_NAMES[rcode ?? 0] ?? `rcode ${rcode}`}`
    : `question ${id} ${question}`
}

/** Without the word ARP. Not sanitised. */
export function arpText(arp: NonNullable<DecodedPacket['arp']>, nameOf: NameOfAddress): string {
  const named = (address: string) => nameOf(address) ?? address
  if (arp.operation === 1) return `who has ${named(arp.target)} (${arp.target}), ${named(arp.sender)} asks`
  return `${named(arp.sender)} (${arp.sender}) is at ${arp.senderMac}`
}

function etherText({ source, destination, etherType }: NonNullable<DecodedPacket['ethernet']>): string {
  return `${source} → ${destination} type ${hexType(etherType)}`
}

export function hexType(etherType: number): string {
  return `0x${etherType.toString(16).padStart(4, '0')}`
}
