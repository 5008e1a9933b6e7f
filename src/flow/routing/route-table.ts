import type { Route, RouteNexthop } from '../../model/snapshot.ts'
import { type Ip, toPrefix } from '../address.ts'
import { PrefixMap } from '../prefix-map.ts'

/** linux/rtnetlink.h, enum rt_class_t. */
export const TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const

/** Routes of one table and family, longest prefix first. */
type RouteTable = PrefixMap<Route>

const tables = new WeakMap<readonly Route[], Map<number, RouteTable>>()

/** Every route that covers the address, in the kernel's order: longest prefix, then metric. */
export function coveringRoutes(routes: readonly Route[], table: number, address: Ip): readonly Route[] {
  const found = tableOf(routes, table, address.family).covering(address)
  return found.length === 1 ? (found[0] as readonly Route[]) : found.flat()
}

function tableOf(routes: readonly Route[], table: number, family: 4 | 6): RouteTable {
  let known = tables.get(routes)
  if (known === undefined) {
    known = new Map()
    tables.set(routes, known)
  }
  // table numbers are not negative
  const key = family === 4 ? table : -1 - table
  let found = known.get(key)
  if (found === undefined) {
    found = indexRoutes(routes, table, family)
    known.set(key, found)
  }
  return found
}

/** One table when it is first asked: most namespaces that hear a broadcast are asked for their own addresses alone. */
function indexRoutes(routes: readonly Route[], table: number, family: 4 | 6): RouteTable {
  const indexed = new PrefixMap<Route>()
  for (const route of routes) {
    if (route.table !== table || route.family !== family) continue
    const prefix = toPrefix(route.destination, family)
    if (prefix !== undefined) indexed.add(prefix, route)
  }
  // stable: routes of one metric stay in the order of the dump, which is the kernel's
  for (const list of indexed.lists()) {
    if (list.length > 1) list.sort((a, b) => (b.tos ?? 0) - (a.tos ?? 0) || metricOf(a) - metricOf(b))
  }
  return indexed
}

/** The kernel's default is 0 for IPv4; IPv6 routes always carry theirs. */
function metricOf({ metric }: Route): number {
  return metric ?? 0
}

/** The nexthops of a route that has several, or its own as one. */
export function nexthopsOf(route: Route): readonly RouteNexthop[] {
  if (route.nexthops !== undefined && route.nexthops.length > 0) return route.nexthops
  if (route.link === undefined) return []
  const gateway = route.gateway === undefined ? {} : { gateway: route.gateway }
  return [{ link: route.link, weight: 1, flags: route.flags ?? [], ...gateway }]
}

/** As `ip route` writes it, with the names of links. */
export function formatRoute(route: Route, linkName: (index: number) => string): string {
  const type = route.type === 'unicast' ? '' : `${route.type} `
  const hops =
    route.nexthops !== undefined && route.nexthops.length > 0
      ? route.nexthops.map((hop) => `nexthop ${formatHop(hop.gateway, linkName(hop.link))}`).join(' ')
      : formatHop(route.gateway, route.link === undefined ? undefined : linkName(route.link))
  const words = [
    `${type}${route.destination}`,
    hops,
    route.source === undefined ? '' : `src ${route.source}`,
    route.metric === undefined || route.metric === 0 ? '' : `metric ${route.metric}`,
    route.mtu === undefined ? '' : `mtu ${route.mtu}`,
    route.table === TABLE.MAIN || route.table === TABLE.LOCAL ? '' : `table ${route.table}`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

function formatHop(gateway: string | undefined, link: string | undefined): string {
  return [gateway === undefined ? '' : `via ${gateway}`, link === undefined ? '' : `dev ${link}`]
    .filter((word) => word !== '')
    .join(' ')
}
