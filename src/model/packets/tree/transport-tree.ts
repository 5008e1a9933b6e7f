import type { Bytes } from '../bytes.ts'
import { dnsTree } from './dns-tree.ts'
import { icmpTree, icmpv6Tree } from './icmp-tree.ts'
import { cutLayer, dataLayer, field, hex, layer, type PacketNode, type TreeContext } from './node.ts'
import { tcpTree } from './tcp-tree.ts'

type Tree = (bytes: Bytes, context: TreeContext) => readonly PacketNode[]

/** linux/in.h */
const TREES: Readonly<Record<number, Tree>> = {
  1: icmpTree,
  4: (bytes, context) => context.inside(bytes, 'ip'),
  6: tcpTree,
  17: udpTree,
  41: (bytes, context) => context.inside(bytes, 'ip'),
  50: espTree,
  58: icmpv6Tree,
}

/** What an IP header carries. */
export function transportTree(protocol: number, bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  return (TREES[protocol] ?? dataLayer)(bytes, context)
}

const UDP_BYTES = 8
const DNS_PORT = 53

/** RFC 768 */
function udpTree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (!bytes.has(UDP_BYTES)) return cutLayer(bytes, `UDP header: ${bytes.length} of ${UDP_BYTES} bytes`)
  const [source, destination, length] = [bytes.u16(0), bytes.u16(2), bytes.u16(4)]
  const udp = layer(
    bytes,
    ['udp', 'UDP', UDP_BYTES, `${source} → ${destination}`],
    [
      field(bytes, ['udp.srcport', 'Source port', 0, 2, source]),
      field(bytes, ['udp.dstport', 'Destination port', 2, 2, destination]),
      field(bytes, ['udp.length', 'Length', 4, 2, `${length} bytes`]),
      field(bytes, ['udp.checksum', 'Checksum', 6, 2, hex(bytes.u16(6), 4)]),
    ],
  )
  const body = bytes.from(UDP_BYTES, length === 0 ? bytes.length : length - UDP_BYTES)
  if (context.vxlanPorts.includes(destination)) return [udp, ...vxlanTree(body, context)]
  const isDns = source === DNS_PORT || destination === DNS_PORT
  return [udp, ...(isDns ? dnsTree(body) : dataLayer(body))]
}

const VXLAN_BYTES = 8
const VNI_VALID = 0x08

/** RFC 7348, section 5; the group policy of draft-smith-vxlan-group-policy. */
function vxlanTree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (!bytes.has(VXLAN_BYTES)) return cutLayer(bytes, `VXLAN header: ${bytes.length} of ${VXLAN_BYTES} bytes`)
  if ((bytes.u8(0) & VNI_VALID) === 0) return dataLayer(bytes)
  const vni = bytes.u32(4) >>> 8
  const vxlan = layer(
    bytes,
    ['vxlan', 'VXLAN', VXLAN_BYTES, `VNI ${vni}`],
    [
      field(bytes, ['vxlan.flags', 'Flags', 0, 2, hex(bytes.u16(0), 4)]),
      field(bytes, ['vxlan.gbp', 'Group policy', 2, 2, bytes.u16(2)]),
      field(bytes, ['vxlan.vni', 'Network identifier', 4, 3, vni]),
      field(bytes, ['vxlan.reserved8', 'Reserved', 7, 1, bytes.u8(7)]),
    ],
  )
  return [vxlan, ...context.inside(bytes.from(VXLAN_BYTES), 'ethernet')]
}

const ESP_BYTES = 8

/** RFC 4303: the rest is encrypted. */
function espTree(bytes: Bytes): readonly PacketNode[] {
  if (!bytes.has(ESP_BYTES)) return cutLayer(bytes, `ESP header: ${bytes.length} of ${ESP_BYTES} bytes`)
  const spi = hex(bytes.u32(0), 8)
  const rest = bytes.from(ESP_BYTES)
  return [
    layer(
      bytes,
      ['esp', 'ESP', bytes.length, `SPI ${spi}`],
      [
        field(bytes, ['esp.spi', 'SPI', 0, 4, spi]),
        field(bytes, ['esp.sequence', 'Sequence', 4, 4, bytes.u32(4)]),
        ...(rest.length === 0
          ? []
          : [field(rest, ['esp.encrypted', 'Encrypted', 0, rest.length, `${rest.length} bytes`])]),
      ],
    ),
  ]
}
