import { formatIpv4, formatIpv6, parseAddress } from '../address.ts'
import { AttributeCursor } from '../attribute.ts'
import { IPPROTO } from '../diag/ip-protocol.ts'
import { malformed } from '../error.ts'
import { u16be } from '../reader.ts'
import type { Writer } from '../writer.ts'
import { CTA_IP, CTA_PROTO, CTA_TUPLE } from './conntrack-constants.ts'

/** One direction of a connection. Ports only for protocols that have them, icmp fields only for ICMP and ICMPv6. */
export interface ConntrackTuple {
  readonly source: string
  readonly destination: string
  /** IPPROTO_* */
  readonly protocol: number
  readonly sourcePort: number | undefined
  readonly destinationPort: number | undefined
  readonly icmpType: number | undefined
  readonly icmpCode: number | undefined
  readonly icmpId: number | undefined
  /** Zone of this direction alone. */
  readonly zone: number | undefined
}

/** All fields set at once, in one order: a table of 100,000 of them is built and walked several times faster. */
class Tuple implements ConntrackTuple {
  source = ''
  destination = ''
  protocol = 0
  sourcePort: number | undefined = undefined
  destinationPort: number | undefined = undefined
  icmpType: number | undefined = undefined
  icmpCode: number | undefined = undefined
  icmpId: number | undefined = undefined
  zone: number | undefined = undefined
}

/** CTA_TUPLE_ORIG, CTA_TUPLE_REPLY: the nest from `start` to `end`. */
export function decodeConntrackTuple(bytes: Uint8Array, start: number, end: number): ConntrackTuple {
  const tuple = new Tuple()
  const nest = new AttributeCursor(bytes, start, end)
  while (nest.next()) {
    if (nest.type === CTA_TUPLE.IP) decodeAddresses(tuple, nest.nested())
    else if (nest.type === CTA_TUPLE.PROTO) decodeProtocol(tuple, nest.nested())
    else if (nest.type === CTA_TUPLE.ZONE) tuple.zone = u16be(bytes, nest.at(2))
  }
  if (tuple.source === '' || tuple.destination === '') throw malformed('conntrack tuple: an address is missing')
  return tuple
}

function decodeAddresses(tuple: Tuple, field: AttributeCursor): void {
  while (field.next()) {
    switch (field.type) {
      case CTA_IP.V4_SRC:
        tuple.source = formatIpv4(field.bytes, field.at(4))
        break
      case CTA_IP.V4_DST:
        tuple.destination = formatIpv4(field.bytes, field.at(4))
        break
      case CTA_IP.V6_SRC:
        tuple.source = formatIpv6(field.bytes, field.at(16))
        break
      case CTA_IP.V6_DST:
        tuple.destination = formatIpv6(field.bytes, field.at(16))
        break
    }
  }
}

function decodeProtocol(tuple: Tuple, field: AttributeCursor): void {
  while (field.next()) {
    switch (field.type) {
      case CTA_PROTO.NUM:
        tuple.protocol = field.u8()
        break
      case CTA_PROTO.SRC_PORT:
        tuple.sourcePort = u16be(field.bytes, field.at(2))
        break
      case CTA_PROTO.DST_PORT:
        tuple.destinationPort = u16be(field.bytes, field.at(2))
        break
      case CTA_PROTO.ICMP_ID:
      case CTA_PROTO.ICMPV6_ID:
        tuple.icmpId = u16be(field.bytes, field.at(2))
        break
      case CTA_PROTO.ICMP_TYPE:
      case CTA_PROTO.ICMPV6_TYPE:
        tuple.icmpType = field.u8()
        break
      case CTA_PROTO.ICMP_CODE:
      case CTA_PROTO.ICMPV6_CODE:
        tuple.icmpCode = field.u8()
        break
    }
  }
}

/** What names a connection in one direction. */
export interface ConntrackTupleSpecification {
  readonly source: string
  readonly destination: string
  /** IPPROTO_* */
  readonly protocol: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly icmpType?: number
  readonly icmpCode?: number
  readonly icmpId?: number
}

/** Writes CTA_TUPLE_ORIG or CTA_TUPLE_REPLY (`type`). */
export function writeConntrackTuple(writer: Writer, type: number, tuple: ConntrackTupleSpecification): Writer {
  return writer.nested(type, (w) => {
    w.nested(CTA_TUPLE.IP, (ip) => {
      const [source, destination] = [parseAddress(tuple.source), parseAddress(tuple.destination)]
      if (source.length !== destination.length) throw malformed('conntrack tuple: addresses of two families')
      ip.bytesAttribute(source.length === 4 ? CTA_IP.V4_SRC : CTA_IP.V6_SRC, source)
      ip.bytesAttribute(source.length === 4 ? CTA_IP.V4_DST : CTA_IP.V6_DST, destination)
    })
    w.nested(CTA_TUPLE.PROTO, (protocol) => writeProtocol(protocol, tuple))
  })
}

function writeProtocol(writer: Writer, tuple: ConntrackTupleSpecification): void {
  writer.u8Attribute(CTA_PROTO.NUM, tuple.protocol)
  if (tuple.protocol === IPPROTO.ICMP || tuple.protocol === IPPROTO.ICMPV6) {
    const first = tuple.protocol === IPPROTO.ICMP ? CTA_PROTO.ICMP_ID : CTA_PROTO.ICMPV6_ID
    writer.u16beAttribute(first, tuple.icmpId ?? 0)
    writer.u8Attribute(first + 1, tuple.icmpType ?? 0).u8Attribute(first + 2, tuple.icmpCode ?? 0)
    return
  }
  if (tuple.sourcePort !== undefined) writer.u16beAttribute(CTA_PROTO.SRC_PORT, tuple.sourcePort)
  if (tuple.destinationPort !== undefined) writer.u16beAttribute(CTA_PROTO.DST_PORT, tuple.destinationPort)
}
