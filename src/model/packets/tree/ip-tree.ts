import type { Bytes } from '../bytes.ts'
import { EXTENSION, extensionBytes, isExtension, MOST_EXTENSIONS } from '../ip.ts'
import { PROTOCOL_NAMES } from '../names.ts'
import {
  addressField,
  cutLayer,
  dataLayer,
  field,
  hex,
  layer,
  named,
  type PacketNode,
  type TreeContext,
  yesNo,
} from './node.ts'
import { transportTree } from './transport-tree.ts'

const IPV4_BYTES = 20
const IPV6_BYTES = 40

/** RFC 791 */
export function ipv4Tree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  const headerBytes = (bytes.u8(0) & 15) * 4
  const needed = Math.max(IPV4_BYTES, headerBytes)
  if (!bytes.has(needed)) return cutLayer(bytes, `IPv4 header: ${bytes.length} of ${needed} bytes`)
  if (bytes.u8(0) >> 4 !== 4 || headerBytes < IPV4_BYTES)
    return cutLayer(bytes, 'IPv4 header: says something impossible')
  const announced = bytes.u16(2)
  const size = announced === 0 ? bytes.length : announced
  const offset = (bytes.u16(6) & 0x1fff) * 8
  const protocol = bytes.u8(9)
  const options = bytes.from(IPV4_BYTES, headerBytes - IPV4_BYTES)
  const ip = layer(
    bytes,
    ['ip', 'IPv4', headerBytes, `${bytes.address(12, 4)} → ${bytes.address(16, 4)}`],
    [
      field(bytes, ['ip.version', 'Version', 0, 1, 4]),
      field(bytes, ['ip.hdr_len', 'Header', 0, 1, `${headerBytes} bytes`]),
      field(bytes, ['ip.dsfield', 'DSCP and ECN', 1, 1, tosText(bytes.u8(1))]),
      field(bytes, ['ip.len', 'Length', 2, 2, `${announced} bytes`]),
      field(bytes, ['ip.id', 'Identification', 4, 2, hex(bytes.u16(4), 4)]),
      ...fragmentFields(bytes, offset),
      field(bytes, ['ip.ttl', 'Time to live', 8, 1, bytes.u8(8)]),
      field(bytes, ['ip.proto', 'Protocol', 9, 1, named(protocol, PROTOCOL_NAMES[protocol])]),
      field(bytes, ['ip.checksum', 'Checksum', 10, 2, hex(bytes.u16(10), 4)]),
      addressField(bytes, ['ip.src', 'Source', 12, 4]),
      addressField(bytes, ['ip.dst', 'Destination', 16, 4]),
      ...(options.length === 0
        ? []
        : [field(options, ['ip.options', 'Options', 0, options.length, `${options.length} bytes`])]),
    ],
  )
  const body = bytes.from(headerBytes, size - headerBytes)
  const padding = bytes.from(size)
  const inside = offset > 0 ? dataLayer(body) : transportTree(protocol, body, context)
  return [ip, ...inside, ...paddingLayer(padding)]
}

function paddingLayer({ start, length }: Bytes): readonly PacketNode[] {
  if (length === 0) return []
  return [{ name: 'eth.padding', label: 'Padding', value: `${length} bytes`, start, length, children: [] }]
}

function fragmentFields(bytes: Bytes, offset: number): readonly PacketNode[] {
  const flags = bytes.u8(6) >> 5
  return [
    field(
      bytes,
      ['ip.flags', 'Flags', 6, 1, hex(flags, 1)],
      [
        field(bytes, ['ip.flags.df', "Don't fragment", 6, 1, yesNo((flags & 2) !== 0)]),
        field(bytes, ['ip.flags.mf', 'More fragments', 6, 1, yesNo((flags & 1) !== 0)]),
      ],
    ),
    field(bytes, ['ip.frag_offset', 'Fragment offset', 6, 2, offset]),
  ]
}

const ECN = ['not ECN-capable', 'ECT(1)', 'ECT(0)', 'congestion experienced']

function tosText(tos: number): string {
  return `DSCP ${tos >> 2}, ${ECN[tos & 3]}`
}

/** RFC 8200 */
export function ipv6Tree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (!bytes.has(IPV6_BYTES)) return cutLayer(bytes, `IPv6 header: ${bytes.length} of ${IPV6_BYTES} bytes`)
  if (bytes.u8(0) >> 4 !== 6) return cutLayer(bytes, 'IPv6 header: says something impossible')
  const announced = bytes.u16(4)
  const size = announced === 0 ? bytes.length : IPV6_BYTES + announced
  const chain = extensionNodes(bytes.from(0, size))
  const ip = layer(
    bytes,
    ['ipv6', 'IPv6', chain.at, `${bytes.address(8, 16)} → ${bytes.address(24, 16)}`],
    [
      field(bytes, ['ipv6.version', 'Version', 0, 1, 6]),
      field(bytes, ['ipv6.tclass', 'Traffic class', 0, 4, tosText((bytes.u16(0) >> 4) & 0xff)]),
      field(bytes, ['ipv6.flow', 'Flow label', 1, 3, hex(bytes.u32(0) & 0xf_ffff, 5)]),
      field(bytes, ['ipv6.plen', 'Payload', 4, 2, `${announced} bytes`]),
      field(bytes, ['ipv6.nxt', 'Next header', 6, 1, named(bytes.u8(6), PROTOCOL_NAMES[bytes.u8(6)])]),
      field(bytes, ['ipv6.hlim', 'Hop limit', 7, 1, bytes.u8(7)]),
      addressField(bytes, ['ipv6.src', 'Source', 8, 16]),
      addressField(bytes, ['ipv6.dst', 'Destination', 24, 16]),
      ...chain.nodes,
    ],
  )
  const body = bytes.from(chain.at, size - chain.at)
  const inside = chain.isPart ? dataLayer(body) : transportTree(chain.protocol, body, context)
  return [ip, ...inside, ...paddingLayer(bytes.from(size))]
}

const EXTENSION_NAMES: Readonly<Record<number, readonly [string, string]>> = {
  [EXTENSION.HOP_BY_HOP]: ['ipv6.hopopts', 'Hop-by-hop options'],
  [EXTENSION.ROUTING]: ['ipv6.routing', 'Routing'],
  [EXTENSION.FRAGMENT]: ['ipv6.fraghdr', 'Fragment'],
  [EXTENSION.AUTHENTICATION]: ['ah', 'Authentication'],
  [EXTENSION.DESTINATION]: ['ipv6.dstopts', 'Destination options'],
}

interface ExtensionChain {
  readonly nodes: readonly PacketNode[]
  readonly protocol: number
  /** Where what they announce begins. */
  readonly at: number
  /** A fragment that is not the first: no header follows. */
  readonly isPart: boolean
}

function extensionNodes(bytes: Bytes): ExtensionChain {
  const nodes: PacketNode[] = []
  let protocol = bytes.u8(6)
  let at = IPV6_BYTES
  while (isExtension(protocol) && nodes.length < MOST_EXTENSIONS && bytes.length >= at + 8) {
    const length = extensionBytes(protocol, bytes.u8(at + 1))
    const header = bytes.from(at, length)
    nodes.push(extensionNode(protocol, header))
    const isPart = protocol === EXTENSION.FRAGMENT && (header.u16(2) & 0xfff8) > 0
    protocol = header.u8(0)
    at += length
    if (isPart) return { nodes, protocol, at, isPart }
  }
  return { nodes, protocol, at, isPart: false }
}

function extensionNode(protocol: number, bytes: Bytes): PacketNode {
  const [name, label] = EXTENSION_NAMES[protocol] ?? ['ipv6.opt', 'Extension']
  const next = bytes.u8(0)
  const nextField = field(bytes, [`${name}.nxt`, 'Next header', 0, 1, named(next, PROTOCOL_NAMES[next])])
  if (protocol !== EXTENSION.FRAGMENT)
    return layer(bytes, [name, label, bytes.length, `${bytes.length} bytes`], [nextField])
  const place = bytes.u16(2)
  return layer(
    bytes,
    [name, label, bytes.length, `offset ${place & 0xfff8} of ${hex(bytes.u32(4), 8)}`],
    [
      nextField,
      field(bytes, ['ipv6.fraghdr.offset', 'Offset', 2, 2, place & 0xfff8]),
      field(bytes, ['ipv6.fraghdr.more', 'More fragments', 2, 2, yesNo((place & 1) === 1)]),
      field(bytes, ['ipv6.fraghdr.ident', 'Identification', 4, 4, hex(bytes.u32(4), 8)]),
    ],
  )
}
