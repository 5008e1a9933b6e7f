import type { Route, RouteNexthop } from '../../model/snapshot.ts'
import { type Ip, type Prefix, prefixOf, toPrefix } from '../address.ts'

/** linux/rtnetlink.h, enum rt_class_t. */
export const TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const

/** Routes of one table and family, longest prefix first, for lookups that cost no more than there are lengths. */
interface RouteTable {
  readonly lengths: readonly number[]
  readonly byNetwork: ReadonlyMap<string, readonly Route[]>
}

const tables = new WeakMap<readonly Route[], Map<string, RouteTable>>()

/** Every route that covers the address, in the kernel's order: longest prefix, then metric. */
export function* coveringRoutes(routes: readonly Route[], table: number, address: Ip): Generator<Route> {
  const { lengths, byNetwork } = tableOf(routes, table, address.family)
  for (const length of lengths) {
    const found = byNetwork.get(networkKey(prefixOf(address, length)))
    if (found !== undefined) yield* found
  }
}

export function hasTable(routes: readonly Route[], table: number, family: 4 | 6): boolean {
  return tableOf(routes, table, family).lengths.length > 0
}

function tableOf(routes: readonly Route[], table: number, family: 4 | 6): RouteTable {
  let known = tables.get(routes)
  if (known === undefined) {
    known = indexRoutes(routes)
    tables.set(routes, known)
  }
  return known.get(`${family}:${table}`) ?? NOTHING
}

const NOTHING: RouteTable = { lengths: [], byNetwork: new Map() }

function indexRoutes(routes: readonly Route[]): Map<string, RouteTable> {
  const building = new Map<string, { lengths: Set<number>; byNetwork: Map<string, Route[]> }>()
  for (const route of routes) {
    const prefix = toPrefix(route.destination, route.family)
    if (prefix === undefined) continue
    const key = `${route.family}:${route.table}`
    const table = building.get(key) ?? { lengths: new Set(), byNetwork: new Map() }
    building.set(key, table)
    table.lengths.add(prefix.length)
    const network = networkKey(prefix)
    const list = table.byNetwork.get(network)
    if (list === undefined) table.byNetwork.set(network, [route])
    else list.push(route)
  }
  return new Map([...building].map(([key, table]) => [key, sorted(table)]))
}

function sorted({ lengths, byNetwork }: { lengths: Set<number>; byNetwork: Map<string, Route[]> }): RouteTable {
  // stable: routes of one metric stay in the order of the dump, which is the kernel's
  for (const list of byNetwork.values()) list.sort((a, b) => (b.tos ?? 0) - (a.tos ?? 0) || metricOf(a) - metricOf(b))
  return { lengths: [...lengths].sort((a, b) => b - a), byNetwork }
}

/** The kernel's default is 0 for IPv4; IPv6 routes always carry theirs. */
function metricOf({ metric }: Route): number {
  return metric ?? 0
}

function networkKey({ words, length }: Prefix): string {
  return words.length === 1 ? `${words[0]}/${length}` : `${words.join(':')}/${length}`
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
