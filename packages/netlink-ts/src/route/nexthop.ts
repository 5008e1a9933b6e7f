import { AttributeCursor, type AttributeReaders, readAttributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message, NLM_F } from '../message.ts'
import { u8, u32 } from '../reader.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { nameOfNumber, ROUTE_PROTOCOLS, ROUTE_SCOPES } from './names.ts'
import { NEXTHOP_FLAGS, RTNH_F } from './route-constants.ts'
import { decodeEncap, encapType, encodeEncap, type RouteEncap } from './route-encap.ts'
import { RTM } from './rtnetlink.ts'

/** linux/nexthop.h */
export const NHA = {
  ID: 1,
  GROUP: 2,
  GROUP_TYPE: 3,
  BLACKHOLE: 4,
  OIF: 5,
  GATEWAY: 6,
  ENCAP_TYPE: 7,
  ENCAP: 8,
  GROUPS: 9,
  MASTER: 10,
  FDB: 11,
  RES_GROUP: 12,
} as const

/** A nexthop object that routes refer to by its id (RTM_NEWNEXTHOP). */
export interface Nexthop {
  id: number
  family: 4 | 6 | undefined
  scope: string
  protocol: string
  /** RTNH_F_* */
  flags: number
  flagNames: readonly string[]
  index: number | undefined
  gateway: string | undefined
  blackhole: boolean
  /** Of an FDB, not of routes. */
  fdb: boolean
  /** Members with weights (from 1), if it is a group. */
  group: readonly { readonly id: number; readonly weight: number }[] | undefined
  groupType: 'mpath' | 'resilient' | undefined
  encap: RouteEncap | undefined
}

/** struct nhmsg */
const HEADER_BYTES = 8
/** struct nexthop_grp */
const MEMBER_BYTES = 8

const ATTRIBUTES: AttributeReaders<Nexthop> = {
  [NHA.ID]: (nexthop, cursor) => {
    nexthop.id = cursor.u32()
  },
  [NHA.OIF]: (nexthop, cursor) => {
    nexthop.index = cursor.u32()
  },
  [NHA.GATEWAY]: (nexthop, cursor) => {
    nexthop.gateway = cursor.address()
  },
  [NHA.BLACKHOLE]: (nexthop) => {
    nexthop.blackhole = true
  },
  [NHA.FDB]: (nexthop) => {
    nexthop.fdb = true
  },
  [NHA.GROUP]: (nexthop, cursor) => {
    nexthop.group = readGroup(cursor)
  },
  [NHA.GROUP_TYPE]: (nexthop, cursor) => {
    nexthop.groupType = cursor.u16() === 1 ? 'resilient' : 'mpath'
  },
  [NHA.ENCAP_TYPE]: (nexthop, cursor) => {
    nexthop.encap = readEncap(cursor)
  },
}

export function decodeNexthop(message: Message): Nexthop {
  const cursor = cursorOf(message, HEADER_BYTES)
  const { bytes, start } = message
  const family = u8(bytes, start)
  const flags = u32(bytes, start + 4)
  const nexthop: Nexthop = {
    id: 0,
    family: family === AF.INET ? 4 : family === AF.INET6 ? 6 : undefined,
    scope: nameOfNumber(ROUTE_SCOPES, u8(bytes, start + 1)),
    protocol: nameOfNumber(ROUTE_PROTOCOLS, u8(bytes, start + 2)),
    flags,
    flagNames: NEXTHOP_FLAGS.of(flags),
    index: undefined,
    gateway: undefined,
    blackhole: false,
    fdb: false,
    group: undefined,
    groupType: undefined,
    encap: undefined,
  }
  readAttributes(nexthop, cursor, ATTRIBUTES)
  return nexthop
}

function readGroup(cursor: AttributeCursor): readonly { readonly id: number; readonly weight: number }[] {
  const members: { id: number; weight: number }[] = []
  for (let at = cursor.start; at + MEMBER_BYTES <= cursor.end; at += MEMBER_BYTES) {
    members.push({ id: u32(cursor.bytes, at), weight: u8(cursor.bytes, at + 4) + 1 })
  }
  return members
}

function readEncap(cursor: AttributeCursor): RouteEncap | undefined {
  const type = cursor.u16()
  const search = new AttributeCursor(cursor.bytes, cursor.first, cursor.limit)
  while (search.next()) {
    if (search.type === NHA.ENCAP) return decodeEncap(type, cursor.bytes, search.start, search.end)
  }
  return undefined
}

/** The nexthop objects of the socket's namespace. */
export function dumpNexthops(socket: NetlinkSocket): Nexthop[] {
  return socket.dump({ type: RTM.GETNEXTHOP, fill: (writer) => writer.zeros(HEADER_BYTES) }, decodeNexthop)
}

/** What can be set of a nexthop object; a decoded {@link Nexthop} fits. */
export interface NexthopSpec {
  readonly id: number
  readonly index?: number | undefined
  readonly gateway?: string | undefined
  readonly blackhole?: boolean | undefined
  readonly fdb?: boolean | undefined
  readonly group?: Nexthop['group']
  /** RTNH_F_ONLINK. */
  readonly flags?: number | undefined
  readonly encap?: RouteEncap | undefined
  /** Needed when neither gateway nor group says it. Default 4. */
  readonly family?: 4 | 6 | undefined
}

function familyOf({ group, gateway, family }: NexthopSpec): number {
  if (group) return AF.UNSPEC
  return gateway?.includes(':') || family === 6 ? AF.INET6 : AF.INET
}

function encodeNexthop(writer: Writer, spec: NexthopSpec): void {
  const { group, encap } = spec
  writer
    .u8(familyOf(spec))
    .zeros(3)
    .u32((spec.flags ?? 0) & RTNH_F.ONLINK)
    .u32Attribute(NHA.ID, spec.id)
  if (group) writer.attribute(NHA.GROUP, (list) => writeMembers(list, group))
  if (spec.blackhole) writer.flagAttribute(NHA.BLACKHOLE)
  if (spec.fdb) writer.flagAttribute(NHA.FDB)
  if (spec.index !== undefined) writer.u32Attribute(NHA.OIF, spec.index)
  if (spec.gateway !== undefined) writer.addressAttribute(NHA.GATEWAY, spec.gateway)
  if (!encap) return
  writer.u16Attribute(NHA.ENCAP_TYPE, encapType(encap))
  writer.nested(NHA.ENCAP, (inner) => encodeEncap(inner, encap))
}

/** Makes a nexthop object or changes the one with this id. */
export function replaceNexthop(spec: NexthopSpec): Request {
  const flags = NLM_F.CREATE | NLM_F.REPLACE
  return { type: RTM.NEWNEXTHOP, flags, fill: (writer) => encodeNexthop(writer, spec) }
}

function writeMembers(writer: Writer, group: NonNullable<Nexthop['group']>): void {
  for (const { id, weight } of group) writer.u32(id).u32(weight - 1)
}

export function deleteNexthop(id: number): Request {
  return { type: RTM.DELNEXTHOP, fill: (writer) => writer.zeros(HEADER_BYTES).u32Attribute(NHA.ID, id) }
}
