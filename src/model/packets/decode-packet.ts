import { Bytes, tooShort } from './bytes.ts'
import { decodeIpv4, decodeIpv6 } from './ip.ts'
import type { Layers } from './layers.ts'
import type { DecodedPacket, EthernetHeader } from './packet.ts'

export interface DecodeOptions {
  /** What the bytes begin with; default `ethernet`. */
  readonly start?: 'ethernet' | 'ip'
  /** UDP ports that carry VXLAN; default {@link VXLAN_PORTS}. */
  readonly vxlanPorts?: readonly number[]
}

/** IANA's, and the one Linux had first. */
export const VXLAN_PORTS: readonly number[] = [4789, 8472]

/** linux/if_ether.h */
export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, VLAN: 0x8100, IPV6: 0x86dd, QINQ: 0x88a8 } as const

/** Packets inside packets inside packets: more of them are not taken apart. */
const DEEPEST = 4
const ETHERNET_BYTES = 14
const TAG_BYTES = 4
const MOST_TAGS = 4

/**
 * Takes a captured packet apart: Ethernet, 802.1Q and 802.1ad, ARP, IPv4, IPv6 and its extension headers, ICMP,
 * ICMPv6, TCP, UDP, VXLAN, ESP's plain part, DNS questions. Any bytes give a value; what cannot be read is in `cut`.
 */
export function decodePacket(bytes: Uint8Array, options: DecodeOptions = {}): DecodedPacket {
  const layers = layersAt(0, options.vxlanPorts ?? VXLAN_PORTS)
  const all = new Bytes(bytes)
  return options.start === 'ip' ? decodeIp(all, layers) : decodeEthernet(all, layers)
}

function layersAt(depth: number, vxlanPorts: readonly number[]): Layers {
  return {
    vxlanPorts,
    inside: (bytes, start) => {
      if (depth >= DEEPEST) return undefined
      const layers = layersAt(depth + 1, vxlanPorts)
      return start === 'ip' ? decodeIp(bytes, layers) : decodeEthernet(bytes, layers)
    },
  }
}

function decodeEthernet(bytes: Bytes, layers: Layers): DecodedPacket {
  if (!bytes.has(ETHERNET_BYTES)) return tooShort('ethernet header', bytes, ETHERNET_BYTES)
  const vlans: number[] = []
  let at = 12
  let etherType = bytes.u16(at)
  while ((etherType === ETHERTYPE.VLAN || etherType === ETHERTYPE.QINQ) && vlans.length < MOST_TAGS) {
    if (!bytes.has(at + TAG_BYTES + 2)) return tooShort('vlan tag', bytes.from(at), TAG_BYTES + 2)
    vlans.push(bytes.u16(at + 2) & 0x0fff)
    at += TAG_BYTES
    etherType = bytes.u16(at)
  }
  const ethernet: EthernetHeader = { destination: bytes.mac(0), source: bytes.mac(6), etherType, vlans }
  return { ethernet, ...decodeEtherType(etherType, bytes.from(at + 2), layers) }
}

function decodeEtherType(etherType: number, bytes: Bytes, layers: Layers): DecodedPacket {
  if (etherType === ETHERTYPE.IPV4) return decodeIpv4(bytes, layers)
  if (etherType === ETHERTYPE.IPV6) return decodeIpv6(bytes, layers)
  return etherType === ETHERTYPE.ARP ? decodeArp(bytes) : {}
}

function decodeIp(bytes: Bytes, layers: Layers): DecodedPacket {
  if (!bytes.has(1)) return tooShort('ip header', bytes, 20)
  const version = bytes.u8(0) >> 4
  if (version === 4) return decodeIpv4(bytes, layers)
  return version === 6 ? decodeIpv6(bytes, layers) : { cut: `ip header: version ${version}` }
}

const ARP_BYTES = 28

/** RFC 826; other hardware and protocols than Ethernet and IPv4 are left alone. */
function decodeArp(bytes: Bytes): DecodedPacket {
  if (!bytes.has(ARP_BYTES)) return tooShort('arp', bytes, ARP_BYTES)
  if (bytes.u16(2) !== ETHERTYPE.IPV4 || bytes.u16(4) !== 0x0604) return { cut: 'arp: not of Ethernet and IPv4' }
  return {
    arp: {
      operation: bytes.u16(6),
      senderMac: bytes.mac(8),
      sender: bytes.address(14, 4),
      targetMac: bytes.mac(18),
      target: bytes.address(24, 4),
    },
  }
}
