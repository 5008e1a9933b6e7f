import { type AttributeCursor, type AttributeReaders, readAttributes } from '../attribute.ts'
import { NetlinkError } from '../error.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message } from '../message.ts'
import { s32, u8, u32 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { nameOfNumber, ROUTE_PREFERENCES, ROUTE_PROTOCOLS, ROUTE_SCOPES, ROUTE_TYPES } from './names.ts'
import { formatPrefix } from './prefix.ts'
import { NEXTHOP_FLAGS, RTA, RTM_F } from './route-constants.ts'
import { mplsLabels, type RouteEncap } from './route-encap.ts'
import { decodeMetrics, type RouteMetrics } from './route-metrics.ts'
import { decodeNexthops, type RouteNexthop, readEncap, readVia } from './route-nexthop.ts'
import { RTM } from './rtnetlink.ts'

/** A route (RTM_NEWROUTE). Undefined = the kernel did not say. */
export interface Route {
  family: 4 | 6 | 'mpls'
  table: number
  /** unicast, local, broadcast, blackhole, unreachable, prohibit, throw… */
  type: string
  /** `10.0.0.0/24`, `default`; an MPLS label stack `100/200`. */
  destination: string
  /** Source prefix of a subtree route (`from`). */
  from: string | undefined
  tos: number
  scope: string
  /** kernel, boot, static, dhcp, ra… or the number. */
  protocol: string
  /** ifindex */
  index: number | undefined
  /** ifindex of the input device, in an answer to a lookup. */
  inputIndex: number | undefined
  /** May be of the other family (RTA_VIA). */
  gateway: string | undefined
  /** Preferred source address (`src`). */
  source: string | undefined
  metric: number | undefined
  metrics: RouteMetrics | undefined
  nexthops: readonly RouteNexthop[] | undefined
  /** Nexthop object (`nhid`). */
  nexthopId: number | undefined
  encap: RouteEncap | undefined
  /** RTM_F_* and RTNH_F_*, all 32 bits. */
  flags: number
  /** dead, onlink, linkdown…, of the only nexthop. */
  flagNames: readonly string[]
  /** A cached exception or clone (RTM_F_CLONED). */
  cached: boolean
  /** Seconds until a cached or advertised route ends. */
  expiresS: number | undefined
  /** IPv6 router preference: low, medium, high. */
  preference: string | undefined
  realms: number | undefined
  mark: number | undefined
  uid: number | undefined
}

/** struct rtmsg */
export const ROUTE_HEADER_BYTES = 12
/** What the kernel answers when a dump asks for a table that does not exist. */
const ENOENT = 2

/** The route of an RTM_NEWROUTE or RTM_DELROUTE message; undefined for families other than IPv4, IPv6 and MPLS. */
export function decodeRoute(message: Message): Route | undefined {
  const cursor = cursorOf(message, ROUTE_HEADER_BYTES)
  const { bytes, start } = message
  const family = u8(bytes, start)
  if (family !== AF.INET && family !== AF.INET6 && family !== AF.MPLS) return undefined
  const flags = u32(bytes, start + 8)
  const type = u8(bytes, start + 7)
  const route: Route = {
    family: family === AF.INET ? 4 : family === AF.INET6 ? 6 : 'mpls',
    table: u8(bytes, start + 4),
    type: ROUTE_TYPES[type] ?? String(type),
    destination: 'default',
    from: undefined,
    tos: u8(bytes, start + 3),
    scope: nameOfNumber(ROUTE_SCOPES, u8(bytes, start + 6)),
    protocol: nameOfNumber(ROUTE_PROTOCOLS, u8(bytes, start + 5)),
    index: undefined,
    inputIndex: undefined,
    gateway: undefined,
    source: undefined,
    metric: undefined,
    metrics: undefined,
    nexthops: undefined,
    nexthopId: undefined,
    encap: undefined,
    flags,
    flagNames: NEXTHOP_FLAGS.of(flags & 0xff),
    cached: (flags & RTM_F.CLONED) !== 0,
    expiresS: undefined,
    preference: undefined,
    realms: undefined,
    mark: undefined,
    uid: undefined,
  }
  readAttributes(route, cursor, ATTRIBUTES)
  return route
}

const ATTRIBUTES: AttributeReaders<Route> = {
  [RTA.DST]: (route, cursor) => {
    if (route.family === 'mpls') route.destination = mplsLabels(cursor.bytes, cursor.start, cursor.end).join('/')
    else route.destination = prefixOf(cursor, 1)
  },
  [RTA.SRC]: (route, cursor) => {
    route.from = prefixOf(cursor, 2)
  },
  [RTA.TABLE]: (route, cursor) => {
    route.table = cursor.u32()
  },
  [RTA.OIF]: (route, cursor) => {
    route.index = cursor.u32()
  },
  [RTA.GATEWAY]: (route, cursor) => {
    route.gateway = cursor.address()
  },
  [RTA.PREFSRC]: (route, cursor) => {
    route.source = cursor.address()
  },
  [RTA.PRIORITY]: (route, cursor) => {
    route.metric = cursor.u32()
  },
  [RTA.CACHEINFO]: (route, cursor) => {
    readCacheInfo(route, cursor.bytes, cursor.at(12))
  },
  [RTA.PREF]: (route, cursor) => {
    route.preference = ROUTE_PREFERENCES[cursor.u8()] ?? String(cursor.u8())
  },
  [RTA.ENCAP_TYPE]: (route, cursor) => {
    route.encap = readEncap(cursor)
  },
  [RTA.IIF]: (route, cursor) => {
    route.inputIndex = cursor.u32()
  },
  [RTA.METRICS]: (route, cursor) => {
    route.metrics = decodeMetrics(cursor.bytes, cursor.start, cursor.end)
  },
  [RTA.MULTIPATH]: (route, cursor) => {
    route.nexthops = decodeNexthops(cursor.bytes, cursor.start, cursor.end)
  },
  [RTA.NH_ID]: (route, cursor) => {
    route.nexthopId = cursor.u32()
  },
  [RTA.VIA]: (route, cursor) => {
    route.gateway = readVia(cursor)
  },
  [RTA.FLOW]: (route, cursor) => {
    route.realms = cursor.u32()
  },
  [RTA.MARK]: (route, cursor) => {
    route.mark = cursor.u32()
  },
  [RTA.UID]: (route, cursor) => {
    route.uid = cursor.u32()
  },
}

/** The current address with the prefix length that is at `position` in struct rtmsg. */
function prefixOf(cursor: AttributeCursor, position: number): string {
  const length = u8(cursor.bytes, cursor.first - ROUTE_HEADER_BYTES + position)
  return length === 0 ? 'default' : formatPrefix(cursor, length)
}

/** struct rta_cacheinfo: the third word is what is left of its life, in ticks of 10 ms. */
function readCacheInfo(route: Route, bytes: Uint8Array, at: number): void {
  const ticks = s32(bytes, at + 8)
  if (ticks !== 0) route.expiresS = Math.trunc(ticks / 100)
}

export interface DumpRoutesOptions {
  /** Default: IPv4 and IPv6. */
  readonly family?: 4 | 6 | 'mpls'
  /** Only this table, filtered by the kernel. */
  readonly table?: number
  /** Only routes over this link, filtered by the kernel. */
  readonly index?: number
  /** Cached exceptions (path MTU, redirects) instead of the tables; in both families. */
  readonly cached?: boolean
}

/** The routes of the socket's namespace, of all tables. A `table` that does not exist has none. */
export function dumpRoutes(socket: NetlinkSocket, options: DumpRoutesOptions = {}): Route[] {
  const { family, table, index, cached } = options
  if (family !== undefined) return dumpFamily(socket, family, options)
  // Filters are for one family: a table may exist in one and not in the other.
  if (table !== undefined || index !== undefined || cached) {
    return [...dumpFamily(socket, 4, options), ...dumpFamily(socket, 6, options)]
  }
  return socket.dump({ type: RTM.GETROUTE, fill: (writer) => writer.zeros(ROUTE_HEADER_BYTES) }, decodeRoute)
}

function dumpFamily(socket: NetlinkSocket, family: 4 | 6 | 'mpls', options: DumpRoutesOptions): Route[] {
  const { table, index, cached = false } = options
  const number = family === 4 ? AF.INET : family === 6 ? AF.INET6 : AF.MPLS
  const decode = cached ? (message: Message) => onlyCached(decodeRoute(message)) : decodeRoute
  const fill = (writer: Writer) => {
    writer
      .u8(number)
      .zeros(7)
      .u32(cached ? RTM_F.CLONED : 0)
    if (table !== undefined) writer.u32Attribute(RTA.TABLE, table)
    if (index !== undefined) writer.u32Attribute(RTA.OIF, index)
  }
  try {
    return socket.dump({ type: RTM.GETROUTE, fill }, decode)
  } catch (error) {
    if (table !== undefined && error instanceof NetlinkError && error.errno === ENOENT) return []
    throw error
  }
}

function onlyCached(route: Route | undefined): Route | undefined {
  return route?.cached ? route : undefined
}
