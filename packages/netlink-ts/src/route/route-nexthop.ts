import { formatAddress, parseAddress } from '../address.ts'
import { AttributeCursor, type AttributeReaders, readAttributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import { AF } from '../libc.ts'
import { u8, u16, u32 } from '../reader.ts'
import type { Writer } from '../writer.ts'
import { NEXTHOP_FLAGS, RTA } from './route-constants.ts'
import { decodeEncap, encapType, encodeEncap, type RouteEncap } from './route-encap.ts'

/** One way of a multipath route (struct rtnexthop). */
export interface RouteNexthop {
  /** ifindex */
  index: number
  gateway: string | undefined
  /** From 1. */
  weight: number
  /** RTNH_F_* */
  flags: number
  flagNames: readonly string[]
  encap: RouteEncap | undefined
  realms: number | undefined
}

/** struct rtnexthop */
const HEADER_BYTES = 8

const ATTRIBUTES: AttributeReaders<RouteNexthop> = {
  [RTA.GATEWAY]: (nexthop, cursor) => {
    nexthop.gateway = cursor.address()
  },
  [RTA.VIA]: (nexthop, cursor) => {
    nexthop.gateway = readVia(cursor)
  },
  [RTA.FLOW]: (nexthop, cursor) => {
    nexthop.realms = cursor.u32()
  },
  [RTA.ENCAP_TYPE]: (nexthop, cursor) => {
    nexthop.encap = readEncap(cursor)
  },
}

/** The payload of RTA_MULTIPATH. */
export function decodeNexthops(bytes: Uint8Array, start: number, end: number): readonly RouteNexthop[] {
  const nexthops: RouteNexthop[] = []
  for (let at = start; end - at >= HEADER_BYTES; ) {
    const length = u16(bytes, at)
    if (length < HEADER_BYTES || length > end - at) {
      throw malformed(`nexthop: length ${length}, ${end - at} bytes left`)
    }
    nexthops.push(decodeNexthop(bytes, at, at + length))
    at += (length + 3) & ~3
  }
  return nexthops
}

function decodeNexthop(bytes: Uint8Array, at: number, end: number): RouteNexthop {
  const flags = u8(bytes, at + 2)
  const nexthop: RouteNexthop = {
    index: u32(bytes, at + 4),
    gateway: undefined,
    weight: u8(bytes, at + 3) + 1,
    flags,
    flagNames: NEXTHOP_FLAGS.of(flags),
    encap: undefined,
    realms: undefined,
  }
  readAttributes(nexthop, new AttributeCursor(bytes, at + HEADER_BYTES, end), ATTRIBUTES)
  return nexthop
}

/** struct rtvia: address family, address. */
export function readVia(cursor: AttributeCursor): string {
  const at = cursor.at(2)
  return formatAddress(cursor.bytes, at + 2, cursor.end - at - 2)
}

/** At RTA_ENCAP_TYPE: the RTA_ENCAP that belongs to it, which the kernel writes before it. */
export function readEncap(cursor: AttributeCursor): RouteEncap | undefined {
  const type = cursor.u16()
  const search = new AttributeCursor(cursor.bytes, cursor.first, cursor.limit)
  while (search.next()) {
    if (search.type === RTA.ENCAP) return decodeEncap(type, cursor.bytes, search.start, search.end)
  }
  return undefined
}

/** What can be set of one way; a decoded {@link RouteNexthop} fits. */
export interface RouteNexthopSpec {
  readonly index: number
  readonly gateway?: string | undefined
  /** From 1, at most 256. Default 1. */
  readonly weight?: number | undefined
  /** RTNH_F_* */
  readonly flags?: number | undefined
  readonly encap?: RouteEncap | undefined
  readonly realms?: number | undefined
}

/** Writes the payload of RTA_MULTIPATH for a route of `family`. */
export function encodeNexthops(writer: Writer, family: number, nexthops: readonly RouteNexthopSpec[]): void {
  for (const nexthop of nexthops) {
    const at = writer.length
    writer
      .u16(0)
      .u8(nexthop.flags ?? 0)
      .u8((nexthop.weight ?? 1) - 1)
      .u32(nexthop.index)
    if (nexthop.gateway !== undefined) encodeGateway(writer, family, nexthop.gateway)
    if (nexthop.realms !== undefined) writer.u32Attribute(RTA.FLOW, nexthop.realms)
    if (nexthop.encap !== undefined) encodeEncapAttributes(writer, nexthop.encap)
    writer.patchU16(at, writer.length - at)
  }
}

/** RTA_GATEWAY, or RTA_VIA for a gateway of the other family. */
export function encodeGateway(writer: Writer, family: number, gateway: string): void {
  const address = parseAddress(gateway)
  const own = address.length === 4 ? AF.INET : AF.INET6
  if (own === family) writer.bytesAttribute(RTA.GATEWAY, address)
  else writer.attribute(RTA.VIA, (via) => via.u16(own).raw(address))
}

export function encodeEncapAttributes(writer: Writer, encap: RouteEncap): void {
  writer.u16Attribute(RTA.ENCAP_TYPE, encapType(encap))
  writer.nested(RTA.ENCAP, (inner) => encodeEncap(inner, encap))
}
