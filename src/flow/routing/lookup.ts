import { routeKey } from '../../model/entry-key.ts'
import type { PolicyRule, Route, RouteNexthop } from '../../model/snapshot.ts'
import { contains, type Ip, type Prefix, toPrefix } from '../address.ts'
import type { Run } from '../run.ts'
import { isUp, linkOf, linkSysctlName, placeIn, type Space, sysctlOf, wasRead } from '../world.ts'
import { coveringRoutes, formatRoute, nexthopsOf, TABLE } from './route-table.ts'

/** What a routing decision is made on (struct flowi4, flowi6). */
export interface RouteQuery {
  readonly family: 4 | 6
  readonly destination: Ip
  readonly source?: Ip | undefined
  /** Name of the link that the packet came in by; `lo` for one that starts here. */
  readonly iif: string
  /** ifindex that it has to leave by. */
  readonly oif?: number | undefined
  readonly mark: number
  readonly tos?: number
  readonly protocol?: number | undefined
  readonly sourcePort?: number | undefined
  readonly destinationPort?: number | undefined
  readonly uid?: number | undefined
  /** Links without carrier count as usable (FIB_LOOKUP_IGNORE_LINKSTATE). */
  readonly ignoreLinkState?: boolean
  /** Any nexthop will do: it is only asked whether there is a way. */
  readonly anyHop?: boolean
}

export type RouteResult =
  | {
      readonly kind: 'route'
      readonly route: Route
      readonly hop: RouteNexthop | undefined
      readonly details: readonly string[]
    }
  /** A rule or route that says no, or no route at all. */
  | {
      readonly kind: 'error'
      readonly error: RouteError
      readonly route?: Route
      readonly rule?: PolicyRule
      readonly details: readonly string[]
    }

/** blackhole: silence; unreachable: host unreachable; prohibit: administratively prohibited; none: no route. */
export type RouteError = 'blackhole' | 'unreachable' | 'prohibit' | 'none'

const LOCAL_RULE = { priority: 0, action: 'lookup', table: TABLE.LOCAL }
const MAIN_RULE = { priority: 32766, action: 'lookup', table: TABLE.MAIN }
const DEFAULT_RULE = { priority: 32767, action: 'lookup', table: TABLE.DEFAULT }

/** Rules of a namespace in which nobody changed any. */
const DEFAULT_RULES: Readonly<Record<4 | 6, readonly PolicyRule[]>> = {
  4: [LOCAL_RULE, MAIN_RULE, DEFAULT_RULE].map((rule) => ({ family: 4, ...rule })),
  6: [LOCAL_RULE, MAIN_RULE].map((rule) => ({ family: 6, ...rule })),
}

const rulesByFamily = new WeakMap<readonly PolicyRule[], Readonly<Record<4 | 6, readonly PolicyRule[]>>>()

export function policyRules(space: Space, family: 4 | 6): readonly PolicyRule[] {
  const { rules } = space.namespace
  if (rules.length === 0 && !wasRead(space, 'rules')) return DEFAULT_RULES[family]
  let known = rulesByFamily.get(rules)
  if (known === undefined) {
    const of = (wanted: 4 | 6) => rules.filter((rule) => rule.family === wanted).sort((a, b) => a.priority - b.priority)
    known = { 4: of(4), 6: of(6) }
    rulesByFamily.set(rules, known)
  }
  return known[family]
}

/** Whether anything but the default rules is there, for which the kernel checks sources more thoroughly. */
export function hasCustomRules(space: Space, family: 4 | 6): boolean {
  const rules = policyRules(space, family)
  return rules.length !== DEFAULT_RULES[family].length || rules.some(isCustom)
}

function isCustom({ action, from, to, iif, oif, fwmark, priority }: PolicyRule): boolean {
  const isPlain = action === 'lookup' && [from, to, iif, oif, fwmark].every((selector) => selector === undefined)
  return !isPlain || ![0, 32766, 32767].includes(priority)
}

/** fib_lookup: policy rules in order, in each table the longest prefix that has a usable nexthop. */
export function lookupRoute(run: Run, space: Space, query: RouteQuery): RouteResult {
  const details: string[] = []
  const rules = policyRules(space, query.family)
  let skipTo = -1
  for (const rule of rules) {
    if (rule.priority < skipTo || !ruleMatches(rule, query)) continue
    if (rule.action === 'goto') {
      skipTo = rule.goto ?? 0
      details.push(`rule ${rule.priority}: goto ${skipTo}`)
      continue
    }
    if (rule.action === 'nop') continue
    if (rule.action !== 'lookup') {
      return {
        kind: 'error',
        error: ruleError(rule.action),
        rule,
        details: [...details, `rule ${rule.priority}: ${rule.action}`],
      }
    }
    const found = lookupTable(run, space, query, rule)
    if (found === undefined) continue
    return { ...found, details: [...details, `rule ${rule.priority}: table ${rule.table ?? 0}`, ...found.details] }
  }
  return { kind: 'error', error: 'none', details: [...details, 'no route in any table'] }
}

function ruleError(action: string): RouteError {
  return action === 'unreachable' || action === 'prohibit' || action === 'blackhole' ? action : 'none'
}

function lookupTable(run: Run, space: Space, query: RouteQuery, rule: PolicyRule): RouteResult | undefined {
  const table = rule.table ?? TABLE.MAIN
  for (const route of coveringRoutes(space.namespace.routes, table, query.destination)) {
    if (!routeFits(route, query)) continue
    if (isErrorType(route.type)) {
      return { kind: 'error', error: ruleError(route.type), route, details: [formatRouteIn(space, route)] }
    }
    if (route.type === 'throw') return undefined
    if (isSuppressed(rule, route)) return undefined
    if (route.type !== 'unicast' && route.link === undefined) {
      return { kind: 'route', route, hop: undefined, details: [formatRouteIn(space, route)] }
    }
    const hop = chooseNexthop(run, space, query, route)
    if (hop !== undefined) return { kind: 'route', route, hop, details: [formatRouteIn(space, route)] }
  }
  return undefined
}

function isErrorType(type: string): boolean {
  return type === 'blackhole' || type === 'unreachable' || type === 'prohibit'
}

function routeFits(route: Route, { source, tos, family }: RouteQuery): boolean {
  if (route.tos !== undefined && family === 4 && route.tos !== (tos ?? 0)) return false
  if (route.from === undefined) return true
  const from = prefixIn(route.from, family)
  return source !== undefined && from !== undefined && contains(from, source)
}

/** A default route found by a rule that says `suppress_prefixlength 0` does not count. */
function isSuppressed({ suppressPrefixLength }: PolicyRule, { destination }: Route): boolean {
  if (suppressPrefixLength === undefined || suppressPrefixLength < 0) return false
  const length = destination === 'default' ? 0 : Number(destination.split('/')[1] ?? 128)
  return length <= suppressPrefixLength
}

function chooseNexthop(run: Run, space: Space, query: RouteQuery, route: Route): RouteNexthop | undefined {
  // an address stays an address when its link is down
  if (route.type === 'local') return nexthopsOf(route)[0]
  const usable = nexthopsOf(route).filter((hop) => isUsable(space, query, hop))
  if (usable.length < 2 || query.anyHop === true) return usable[0]
  const names = usable.map(({ gateway, link }) => `${gateway ?? 'direct'} dev ${linkName(space, link)}`)
  const place = placeIn(space, 'route', formatRouteIn(space, route), { entry: routeKey(route) })
  return usable[run.choose({ what: `which nexthop of ${route.destination} the hash takes`, where: place }, names)]
}

function isUsable(space: Space, { oif, ignoreLinkState }: RouteQuery, { link: index, flags }: RouteNexthop): boolean {
  if (flags.includes('dead')) return false
  if (oif !== undefined && oif !== index) return false
  const link = linkOf(space, index)
  if (link === undefined || !isUp(link)) return false
  if (ignoreLinkState === true || !flags.includes('linkdown')) return true
  const ignores = (name: string) => sysctlOf(space, linkSysctlName(4, name, 'ignore_routes_with_linkdown')) === 1
  return !(ignores('all') && ignores(link.name))
}

const prefixes = new Map<string, Prefix | undefined>()

/** Selectors of rules: few texts, asked again and again. */
function prefixIn(text: string, family: 4 | 6): Prefix | undefined {
  const key = `${family}${text}`
  if (!prefixes.has(key)) {
    if (prefixes.size > MOST_PREFIXES) prefixes.clear()
    prefixes.set(key, toPrefix(text, family))
  }
  return prefixes.get(key)
}

const MOST_PREFIXES = 4096

function ruleMatches(rule: PolicyRule, query: RouteQuery): boolean {
  return selectorsMatch(rule, query) !== (rule.not === true)
}

function selectorsMatch(rule: PolicyRule, query: RouteQuery): boolean {
  return (
    addressMatches(rule.from, query.source, query.family) &&
    addressMatches(rule.to, query.destination, query.family) &&
    (rule.iif === undefined || rule.iif === query.iif) &&
    rule.oif === undefined &&
    markMatches(rule, query.mark) &&
    (rule.tos === undefined || rule.tos === (query.tos ?? 0)) &&
    (rule.ipProtocol === undefined || rule.ipProtocol === query.protocol) &&
    portMatches(rule.sourcePorts, query.sourcePort) &&
    portMatches(rule.destinationPorts, query.destinationPort) &&
    portMatches(rule.uids, query.uid) &&
    rule.l3mdev !== true
  )
}

function addressMatches(selector: string | undefined, address: Ip | undefined, family: 4 | 6): boolean {
  if (selector === undefined) return true
  const prefix = prefixIn(selector, family)
  if (prefix === undefined || prefix.length === 0) return true
  return address !== undefined && contains(prefix, address)
}

function markMatches({ fwmark, fwmask }: PolicyRule, mark: number): boolean {
  if (fwmark === undefined) return true
  return ((fwmark ^ mark) & (fwmask ?? 0xffff_ffff)) === 0
}

function portMatches(range: readonly [number, number] | undefined, value: number | undefined): boolean {
  if (range === undefined) return true
  return value !== undefined && value >= range[0] && value <= range[1]
}

export function linkName(space: Space, index: number): string {
  return linkOf(space, index)?.name ?? `if${index}`
}

export function formatRouteIn(space: Space, route: Route): string {
  return formatRoute(route, (index) => linkName(space, index))
}
