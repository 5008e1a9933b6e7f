import { Bytes } from '../bytes.ts'
import { type DecodeOptions, ETHERTYPE, VXLAN_PORTS } from '../decode-packet.ts'
import { arpTree } from './arp-tree.ts'
import { ipv4Tree, ipv6Tree } from './ip-tree.ts'
import { cutLayer, dataLayer, field, hex, layer, named, type PacketNode, type TreeContext } from './node.ts'

const DEEPEST = 4
const ETHERNET_BYTES = 14
const TAG_BYTES = 4
const MOST_TAGS = 4

/**
 * The layers of a captured packet, outermost first, each with its fields and where they are: what
 * {@link decodePacket} takes apart, for people who look at every byte. Any bytes give a value.
 */
export function packetTree(bytes: Uint8Array, options: DecodeOptions = {}): readonly PacketNode[] {
  return contextAt(0, options.vxlanPorts ?? VXLAN_PORTS).inside(new Bytes(bytes), options.start ?? 'ethernet')
}

function contextAt(depth: number, vxlanPorts: readonly number[]): TreeContext {
  return {
    vxlanPorts,
    inside: (bytes, start) => {
      if (depth > DEEPEST) return dataLayer(bytes)
      const context = contextAt(depth + 1, vxlanPorts)
      return start === 'ip' ? ipTree(bytes, context) : ethernetTree(bytes, context)
    },
  }
}

/** IEEE 802.1AB */
const LLDP = 0x88cc

const ETHERTYPE_NAMES: Readonly<Record<number, string>> = {
  [ETHERTYPE.IPV4]: 'IPv4',
  [ETHERTYPE.ARP]: 'ARP',
  [ETHERTYPE.VLAN]: '802.1Q',
  [ETHERTYPE.IPV6]: 'IPv6',
  [ETHERTYPE.QINQ]: '802.1ad',
  [LLDP]: 'LLDP',
}

function typeText(etherType: number): string {
  const name = ETHERTYPE_NAMES[etherType]
  return name === undefined ? hex(etherType, 4) : `${name} (${hex(etherType, 4)})`
}

/** IEEE 802.3, and tags of 802.1Q and 802.1ad behind the addresses. */
function ethernetTree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (!bytes.has(ETHERNET_BYTES)) return cutLayer(bytes, `Ethernet header: ${bytes.length} of ${ETHERNET_BYTES} bytes`)
  const ethernet = layer(
    bytes,
    ['eth', 'Ethernet', ETHERNET_BYTES, `${bytes.mac(6)} → ${bytes.mac(0)}`],
    [
      field(bytes, ['eth.dst', 'Destination', 0, 6, macText(bytes, 0)]),
      field(bytes, ['eth.src', 'Source', 6, 6, macText(bytes, 6)]),
      field(bytes, ['eth.type', 'Type', 12, 2, typeText(bytes.u16(12))]),
    ],
  )
  const tags: PacketNode[] = []
  let etherType = bytes.u16(12)
  let rest = bytes.from(ETHERNET_BYTES)
  while ((etherType === ETHERTYPE.VLAN || etherType === ETHERTYPE.QINQ) && tags.length < MOST_TAGS) {
    if (!rest.has(TAG_BYTES)) return [ethernet, ...tags, ...cutLayer(rest, `VLAN tag: ${rest.length} of 4 bytes`)]
    tags.push(tagNode(rest, etherType))
    etherType = rest.u16(2)
    rest = rest.from(TAG_BYTES)
  }
  return [ethernet, ...tags, ...etherTypeTree(etherType, rest, context)]
}

function macText(bytes: Bytes, at: number): string {
  const first = bytes.u8(at)
  const mac = bytes.mac(at)
  if (mac === 'ff:ff:ff:ff:ff:ff') return `${mac} (broadcast)`
  return (first & 1) === 1 ? `${mac} (multicast)` : mac
}

function tagNode(bytes: Bytes, etherType: number): PacketNode {
  const tci = bytes.u16(0)
  // that of a provider's tag is in its first byte, as tshark has it
  const [name, label, bits] =
    etherType === ETHERTYPE.QINQ ? (['ieee8021ad', '802.1ad tag', 1] as const) : (['vlan', '802.1Q tag', 2] as const)
  const id = tci & 0x0fff
  return layer(
    bytes,
    [name, label, TAG_BYTES, `id ${id}`],
    [
      field(bytes, [`${name}.priority`, 'Priority', 0, bits, tci >> 13]),
      field(bytes, [`${name}.dei`, 'Drop eligible', 0, bits, (tci >> 12) & 1]),
      field(bytes, [`${name}.id`, 'VLAN', 0, 2, id]),
      field(bytes, [`${name}.etype`, 'Type', 2, 2, typeText(bytes.u16(2))]),
    ],
  )
}

/** Ethernet pads what is shorter than 46 bytes, and LLC has a length here instead of a type. */
function etherTypeTree(etherType: number, bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (etherType === ETHERTYPE.IPV4) return ipv4Tree(bytes, context)
  if (etherType === ETHERTYPE.IPV6) return ipv6Tree(bytes, context)
  return etherType === ETHERTYPE.ARP ? arpTree(bytes) : dataLayer(bytes)
}

function ipTree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  const version = bytes.u8(0) >> 4
  if (version === 4) return ipv4Tree(bytes, context)
  if (version === 6) return ipv6Tree(bytes, context)
  return cutLayer(bytes, bytes.has(1) ? `IP header: version ${named(version, undefined)}` : 'IP header: no byte')
}
