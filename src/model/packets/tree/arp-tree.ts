import type { Bytes } from '../bytes.ts'
import { addressField, cutLayer, dataLayer, field, hex, layer, named, type PacketNode } from './node.ts'

const ARP_BYTES = 28
const IPV4 = 0x0800
/** Six bytes of MAC and four of IPv4. */
const SIZES = 0x0604
const OPERATIONS: Readonly<Record<number, string>> = { 1: 'request', 2: 'reply' }

/** RFC 826 */
export function arpTree(bytes: Bytes): readonly PacketNode[] {
  if (!bytes.has(ARP_BYTES)) return cutLayer(bytes, `ARP: ${bytes.length} of ${ARP_BYTES} bytes`)
  if (bytes.u16(2) !== IPV4 || bytes.u16(4) !== SIZES) return dataLayer(bytes)
  const operation = bytes.u16(6)
  const [sender, target] = [bytes.address(14, 4), bytes.address(24, 4)]
  const text = operation === 1 ? `who has ${target}? ${sender} asks` : `${sender} is at ${bytes.mac(8)}`
  return [
    layer(
      bytes,
      ['arp', 'ARP', ARP_BYTES, text],
      [
        field(bytes, [
          'arp.hw.type',
          'Hardware',
          0,
          2,
          named(bytes.u16(0), bytes.u16(0) === 1 ? 'Ethernet' : undefined),
        ]),
        field(bytes, ['arp.proto.type', 'Protocol', 2, 2, `IPv4 (${hex(IPV4, 4)})`]),
        field(bytes, ['arp.hw.size', 'Hardware size', 4, 1, bytes.u8(4)]),
        field(bytes, ['arp.proto.size', 'Protocol size', 5, 1, bytes.u8(5)]),
        field(bytes, ['arp.opcode', 'Operation', 6, 2, named(operation, OPERATIONS[operation])]),
        field(bytes, ['arp.src.hw_mac', 'Sender MAC', 8, 6, bytes.mac(8)]),
        addressField(bytes, ['arp.src.proto_ipv4', 'Sender', 14, 4]),
        field(bytes, ['arp.dst.hw_mac', 'Target MAC', 18, 6, bytes.mac(18)]),
        addressField(bytes, ['arp.dst.proto_ipv4', 'Target', 24, 4]),
      ],
    ),
    ...dataLayer(bytes.from(ARP_BYTES)),
  ]
}
