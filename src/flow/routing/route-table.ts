import type { Route, RouteNexthop } from '../../model/snapshot.ts'
import { type Ip, toPrefix } from '../address.ts'

/** linux/rtnetlink.h, enum rt_class_t. */
export const TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const

/** Routes of one prefix length, by the bits that they share. */
interface Level {
  readonly length: number
  readonly masks: readonly number[]
  readonly networks: Map<number | string, Route[]>
}

/** Routes of one table and family, longest prefix first, for lookups that cost no more than there are lengths. */
type RouteTable = readonly Level[]

const tables = new WeakMap<readonly Route[], Map<string, RouteTable>>()

/** Every route that covers the address, in the kernel's order: longest prefix, then metric. */
export function* coveringRoutes(routes: readonly Route[], table: number, address: Ip): Generator<Route> {
  for (const { masks, networks } of tableOf(routes, table, address.family)) {
    const found = networks.get(networkKey(address.words, masks))
    if (found !== undefined) yield* found
  }
}

function tableOf(routes: readonly Route[], table: number, family: 4 | 6): RouteTable {
  let known = tables.get(routes)
  if (known === undefined) {
    known = indexRoutes(routes)
    tables.set(routes, known)
  }
  return known.get(family === 4 ? String(table) : `6:${table}`) ?? NOTHING
}

const NOTHING: RouteTable = []

function indexRoutes(routes: readonly Route[]): Map<string, RouteTable> {
  const building = new Map<string, Map<number, Level>>()
  for (const route of routes) {
    const prefix = toPrefix(route.destination, route.family)
    if (prefix === undefined) continue
    const key = route.family === 4 ? String(route.table) : `6:${route.table}`
    const levels = building.get(key) ?? new Map<number, Level>()
    building.set(key, levels)
    const level = levels.get(prefix.length) ?? { length: prefix.length, masks: prefix.masks, networks: new Map() }
    levels.set(prefix.length, level)
    const network = networkKey(prefix.words, prefix.masks)
    const list = level.networks.get(network)
    if (list === undefined) level.networks.set(network, [route])
    else list.push(route)
  }
  return new Map([...building].map(([key, levels]) => [key, sorted([...levels.values()])]))
}

function sorted(levels: Level[]): RouteTable {
  // stable: routes of one metric stay in the order of the dump, which is the kernel's
  for (const { networks } of levels) {
    for (const list of networks.values()) list.sort((a, b) => (b.tos ?? 0) - (a.tos ?? 0) || metricOf(a) - metricOf(b))
  }
  return levels.sort((a, b) => b.length - a.length)
}

/** The kernel's default is 0 for IPv4; IPv6 routes always carry theirs. */
function metricOf({ metric }: Route): number {
  return metric ?? 0
}

function networkKey(words: readonly number[], masks: readonly number[]): number | string {
  if (words.length === 1) return ((words[0] ?? 0) & (masks[0] ?? 0)) >>> 0
  return words.map((word, at) => (word & (masks[at] ?? 0)) >>> 0).join(':')
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
