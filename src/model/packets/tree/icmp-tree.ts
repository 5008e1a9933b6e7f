import type { Bytes } from '../bytes.ts'
import { ICMP_NAMES, ICMPV6_NAMES, UNREACHABLE_NAMES } from '../names.ts'
import { ECHO_TYPES, ERROR_TYPES, ICMPV6 } from '../transport.ts'
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
} from './node.ts'

const ICMP_BYTES = 8
const UNREACHABLE = 3
const FRAGMENTATION_NEEDED = 4

/** RFC 792, RFC 1191 */
export function icmpTree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (!bytes.has(ICMP_BYTES)) return cutLayer(bytes, `ICMP: ${bytes.length} of ${ICMP_BYTES} bytes`)
  const [type, code] = [bytes.u8(0), bytes.u8(1)]
  const isError = ERROR_TYPES.has(type)
  const codeName = type === UNREACHABLE ? UNREACHABLE_NAMES[code] : undefined
  const icmp = layer(
    bytes,
    ['icmp', 'ICMP', ICMP_BYTES, codeName ?? ICMP_NAMES[type] ?? `type ${type}`],
    [
      ...headFields(bytes, 'icmp', [ICMP_NAMES[type], codeName]),
      ...(ECHO_TYPES.has(type) ? echoFields(bytes, ['icmp.ident', 'icmp.seq']) : []),
      ...(type === UNREACHABLE && code === FRAGMENTATION_NEEDED
        ? [field(bytes, ['icmp.mtu', 'MTU of the next hop', 6, 2, bytes.u16(6)])]
        : []),
    ],
  )
  const body = bytes.from(ICMP_BYTES)
  return [icmp, ...(isError && body.length > 0 ? context.inside(body, 'ip') : dataLayer(body))]
}

function headFields(
  bytes: Bytes,
  protocol: string,
  [typeName, codeName]: readonly (string | undefined)[],
): readonly PacketNode[] {
  return [
    field(bytes, [`${protocol}.type`, 'Type', 0, 1, named(bytes.u8(0), typeName)]),
    field(bytes, [`${protocol}.code`, 'Code', 1, 1, named(bytes.u8(1), codeName)]),
    field(bytes, [`${protocol}.checksum`, 'Checksum', 2, 2, hex(bytes.u16(2), 4)]),
  ]
}

function echoFields(bytes: Bytes, [id, sequence]: readonly [string, string]): readonly PacketNode[] {
  return [
    field(bytes, [id, 'Identifier', 4, 2, bytes.u16(4)]),
    field(bytes, [sequence, 'Sequence', 6, 2, bytes.u16(6)]),
  ]
}

const NEIGHBOUR_BYTES = 24

/** RFC 4443, RFC 4861 */
export function icmpv6Tree(bytes: Bytes, context: TreeContext): readonly PacketNode[] {
  if (!bytes.has(ICMP_BYTES)) return cutLayer(bytes, `ICMPv6: ${bytes.length} of ${ICMP_BYTES} bytes`)
  const type = bytes.u8(0)
  const head = headFields(bytes, 'icmpv6', [ICMPV6_NAMES[type]])
  const text = ICMPV6_NAMES[type] ?? `type ${type}`
  const isNeighbour = type === ICMPV6.SOLICITATION || type === ICMPV6.ADVERTISEMENT
  if (isNeighbour && bytes.has(NEIGHBOUR_BYTES)) {
    const name = type === ICMPV6.SOLICITATION ? 'icmpv6.nd.ns.target_address' : 'icmpv6.nd.na.target_address'
    const fields = [...head, addressField(bytes, [name, 'Target', 8, 16]), ...optionNodes(bytes.from(NEIGHBOUR_BYTES))]
    return [layer(bytes, ['icmpv6', 'ICMPv6', bytes.length, `${text} ${bytes.address(8, 16)}`], fields)]
  }
  const isEcho = type === ICMPV6.ECHO || type === ICMPV6.ECHO_REPLY
  const fields = [
    ...head,
    ...(isEcho ? echoFields(bytes, ['icmpv6.echo.identifier', 'icmpv6.echo.sequence_number']) : []),
    ...(type === ICMPV6.TOO_BIG ? [field(bytes, ['icmpv6.mtu', 'MTU of the next hop', 4, 4, bytes.u32(4)])] : []),
  ]
  const body = bytes.from(ICMP_BYTES)
  const isError = type <= ICMPV6.LAST_ERROR && body.length > 0
  const icmp = layer(bytes, ['icmpv6', 'ICMPv6', ICMP_BYTES, text], fields)
  return [icmp, ...(isError ? context.inside(body, 'ip') : dataLayer(body))]
}

const OPTION_NAMES: Readonly<Record<number, string>> = { 1: 'Source MAC', 2: 'Target MAC', 5: 'MTU' }
const MAC_OPTIONS: ReadonlySet<number> = new Set([1, 2])
const MOST_OPTIONS = 16

/** RFC 4861, section 4.6: lengths are in units of 8 bytes. */
function optionNodes(bytes: Bytes): readonly PacketNode[] {
  const nodes: PacketNode[] = []
  for (let at = 0; bytes.length >= at + 8 && nodes.length < MOST_OPTIONS; ) {
    const [type, length] = [bytes.u8(at), bytes.u8(at + 1) * 8]
    const option = bytes.from(at, Math.max(8, length))
    const value = MAC_OPTIONS.has(type) ? option.mac(2) : `${option.length} bytes`
    nodes.push(field(option, ['icmpv6.opt', OPTION_NAMES[type] ?? `Option ${type}`, 0, option.length, value]))
    at += Math.max(8, length)
  }
  return nodes
}
