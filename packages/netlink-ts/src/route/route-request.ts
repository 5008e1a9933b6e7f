import { NetlinkError } from '../error.ts'
import { numberOf } from '../fields.ts'
import { AF } from '../libc.ts'
import { NLM_F } from '../message.ts'
import type { Request } from '../socket.ts'
import { Writer } from '../writer.ts'
import { numberNamed, ROUTE_PREFERENCES, ROUTE_PROTOCOLS, ROUTE_SCOPES, ROUTE_TYPES } from './names.ts'
import { parsePrefix } from './prefix.ts'
import { RTA } from './route-constants.ts'
import { encodeLabels, type RouteEncap } from './route-encap.ts'
import { encodeMetrics, type RouteMetrics } from './route-metrics.ts'
import { encodeEncapAttributes, encodeGateway, encodeNexthops, type RouteNexthopSpec } from './route-nexthop.ts'
import { RTM } from './rtnetlink.ts'

/** What can be set of a route; a decoded {@link Route} fits. */
export interface RouteSpec {
  readonly family: 4 | 6 | 'mpls'
  /** CIDR, `default`, or an MPLS label stack. */
  readonly destination: string
  /** Default 254 (main). */
  readonly table?: number | undefined
  /** Default unicast. */
  readonly type?: string | undefined
  /** Default: as `ip route` chooses (host for local, link for one without a gateway, else global). */
  readonly scope?: string | undefined
  /** Default boot. */
  readonly protocol?: string | undefined
  readonly from?: string | undefined
  readonly tos?: number | undefined
  /** ifindex */
  readonly index?: number | undefined
  readonly gateway?: string | undefined
  readonly source?: string | undefined
  readonly metric?: number | undefined
  readonly metrics?: RouteMetrics | undefined
  readonly nexthops?: readonly RouteNexthopSpec[] | undefined
  readonly nexthopId?: number | undefined
  readonly encap?: RouteEncap | undefined
  /** RTNH_F_*, e.g. ONLINK. */
  readonly flags?: number | undefined
  readonly preference?: string | undefined
  readonly realms?: number | undefined
  /** IPv6: seconds until the kernel removes it. */
  readonly expiresS?: number | undefined
}

export function encodeRoute(writer: Writer, spec: RouteSpec): void {
  const family = spec.family === 4 ? AF.INET : spec.family === 6 ? AF.INET6 : AF.MPLS
  const table = spec.table ?? 254
  const to = prefixOf(spec.destination, family)
  const from = spec.from === undefined ? undefined : prefixOf(spec.from, family)
  writer
    .u8(family)
    .u8(to?.length ?? 0)
    .u8(from?.length ?? 0)
    .u8(spec.tos ?? 0)
    .u8(table < 256 ? table : 0)
    .u8(numberNamed(ROUTE_PROTOCOLS, spec.protocol ?? 'boot'))
    .u8(numberNamed(ROUTE_SCOPES, spec.scope ?? usualScope(spec)))
    .u8(numberOf(ROUTE_TYPES, spec.type ?? 'unicast'))
    .u32((spec.flags ?? 0) & 0xff)
  if (to) writer.bytesAttribute(RTA.DST, to.address)
  if (from) writer.bytesAttribute(RTA.SRC, from.address)
  writer.u32Attribute(RTA.TABLE, table)
  encodeWay(writer, family, spec)
  encodeDetails(writer, spec)
}

function encodeDetails(writer: Writer, spec: RouteSpec): void {
  if (spec.source !== undefined) writer.addressAttribute(RTA.PREFSRC, spec.source)
  if (spec.metric !== undefined) writer.u32Attribute(RTA.PRIORITY, spec.metric)
  if (spec.realms !== undefined) writer.u32Attribute(RTA.FLOW, spec.realms)
  if (spec.expiresS !== undefined) writer.u32Attribute(RTA.EXPIRES, spec.expiresS)
  if (spec.preference !== undefined) writer.u8Attribute(RTA.PREF, numberOf(ROUTE_PREFERENCES, spec.preference))
  const { metrics } = spec
  if (metrics) writer.nested(RTA.METRICS, (inner) => encodeMetrics(inner, metrics))
}

/** Where the packets go: one way, several, or a nexthop object. */
function encodeWay(writer: Writer, family: number, spec: RouteSpec): void {
  const { nexthops } = spec
  if (spec.nexthopId !== undefined) {
    writer.u32Attribute(RTA.NH_ID, spec.nexthopId)
    return
  }
  if (nexthops) {
    writer.attribute(RTA.MULTIPATH, (inner) => encodeNexthops(inner, family, nexthops))
    return
  }
  if (spec.index !== undefined) writer.u32Attribute(RTA.OIF, spec.index)
  if (spec.gateway !== undefined) encodeGateway(writer, family, spec.gateway)
  if (spec.encap) encodeEncapAttributes(writer, spec.encap)
}

function prefixOf(destination: string, family: number): { address: Uint8Array; length: number } | undefined {
  if (destination === 'default') return undefined
  if (family === AF.MPLS) return labelPrefix(destination)
  const prefix = parsePrefix(destination)
  if ((prefix.address.length === 4) !== (family === AF.INET)) {
    throw new NetlinkError('usage', `route: ${destination} is not of its family`)
  }
  return prefix
}

/** A label of 20 bits. */
function labelPrefix(destination: string): { address: Uint8Array; length: number } {
  const writer = new Writer()
  encodeLabels(writer, destination.split('/').map(Number))
  return { address: writer.finish(), length: 20 }
}

/** iproute2 ip/iproute.c, iproute_modify(). */
function usualScope({ family, type = 'unicast', gateway, nexthops, nexthopId }: RouteSpec): string {
  if (family !== 4) return 'global'
  if (type === 'local' || type === 'nat') return 'host'
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link'
  if (type !== 'unicast' && type !== 'unspec') return 'global'
  return gateway === undefined && nexthops === undefined && nexthopId === undefined ? 'link' : 'global'
}

/** Adds a route; throws EEXIST when there is one. */
export function addRoute(spec: RouteSpec): Request {
  return { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.EXCL, fill: (writer) => encodeRoute(writer, spec) }
}

/** Adds a route or takes the place of the one with the same destination, table, TOS and metric. */
export function replaceRoute(spec: RouteSpec): Request {
  return { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.REPLACE, fill: (writer) => encodeRoute(writer, spec) }
}

export function deleteRoute(spec: RouteSpec): Request {
  const scope = spec.scope ?? (spec.family === 4 ? 'nowhere' : undefined)
  return { type: RTM.DELROUTE, fill: (writer) => encodeRoute(writer, { ...spec, scope }) }
}
