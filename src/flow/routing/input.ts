import type { Link } from '../../model/snapshot.ts'
import { addressesByLink } from '../../model/wiring.ts'
import { type Ip, isLimitedBroadcast, isLoopback, isMulticast, isZeroNet } from '../address.ts'
import type { Place } from '../journey.ts'
import type { Run } from '../run.ts'
import {
  eitherSysctl,
  greatestSysctl,
  isLoopbackLink,
  linkOf,
  linkSysctl,
  linkSysctlName,
  placeIn,
  type Space,
  sysctlOf,
} from '../world.ts'
import { formatRouteIn, hasCustomRules, lookupRoute, type RouteQuery, type RouteResult } from './lookup.ts'
import { coveringRoutes, nexthopsOf, TABLE } from './route-table.ts'

export type InputRoute =
  | { readonly kind: 'local'; readonly result: Extract<RouteResult, { kind: 'route' }> }
  | { readonly kind: 'forward'; readonly result: Extract<RouteResult, { kind: 'route' }> }
  | { readonly kind: 'broadcast' }
  /** Refused without a word. */
  | { readonly kind: 'martian'; readonly reason: string; readonly place: Place; readonly details: readonly string[] }
  /** No route, or one that says no; `answers` when the namespace forwards and so tells the sender. */
  | { readonly kind: 'error'; readonly result: Extract<RouteResult, { kind: 'error' }>; readonly answers: boolean }
  | { readonly kind: 'no-forwarding'; readonly place: Place; readonly details: readonly string[] }

export interface InputQuery {
  readonly family: 4 | 6
  readonly source: Ip
  readonly destination: Ip
  readonly mark: number
  readonly tos: number
  readonly protocol?: number | undefined
  readonly sourcePort?: number | undefined
  readonly destinationPort?: number | undefined
  readonly decrypted?: boolean | undefined
}

/** ip_route_input_slow and its IPv6 sister: what a namespace does with a packet that came in by `link`. */
export function routeInput(run: Run, space: Space, link: Link, query: InputQuery): InputRoute {
  const martian = query.family === 4 ? martianAddresses(space, link, query) : undefined
  if (martian !== undefined) return martian
  const result = lookupRoute(run, space, { ...query, iif: link.name })
  if (result.kind === 'error') return noRoute(space, link, query, result)
  if (result.route.type === 'broadcast' || result.route.type === 'multicast') return { kind: 'broadcast' }
  const isLocal = result.route.type === 'local' || result.route.type === 'anycast'
  if (!isLocal) {
    const place = forwardingOff(space, link, query.family)
    if (place !== undefined) return { kind: 'no-forwarding', place, details: result.details }
  }
  const leavesBy = result.hop?.link
  const refused = query.family === 4 ? validateSource(run, space, link, { ...query, leavesBy, isLocal }) : undefined
  if (refused !== undefined) return refused
  return { kind: isLocal ? 'local' : 'forward', result }
}

function noRoute(
  space: Space,
  link: Link,
  { family }: InputQuery,
  result: Extract<RouteResult, { kind: 'error' }>,
): InputRoute {
  // ip6_pkt_discard tells the sender whether the namespace forwards or not
  const place = family === 4 ? forwardingOff(space, link, family) : undefined
  if (place !== undefined && result.error === 'none') return { kind: 'no-forwarding', place, details: result.details }
  return { kind: 'error', result, answers: place === undefined && result.error !== 'blackhole' }
}

/** The sysctl that keeps what comes in by a link from being forwarded; undefined when nothing does. */
export function forwardingOff(space: Space, link: Link, family: 4 | 6): Place | undefined {
  const name = family === 4 ? linkSysctlName(4, link.name, 'forwarding') : 'net.ipv6.conf.all.forwarding'
  const value = sysctlOf(space, name) ?? sysctlOf(space, family === 4 ? 'net.ipv4.ip_forward' : name)
  if (value !== 0) return undefined
  const general = family === 4 && sysctlOf(space, 'net.ipv4.ip_forward') === 0
  const shown = general ? 'net.ipv4.ip_forward' : name
  return placeIn(space, 'sysctl', `${shown} = 0`, { sysctl: shown })
}

function martianAddresses(space: Space, link: Link, { source, destination }: InputQuery): InputRoute | undefined {
  const refuse = (what: string, place: Place): InputRoute => ({ kind: 'martian', reason: what, place, details: [] })
  const kernel = (what: string) => refuse(what, placeIn(space, 'kernel', what, { link: link.name }))
  if (isMulticast(source) || isLimitedBroadcast(source)) return kernel(`martian source ${source.text}`)
  if (isLimitedBroadcast(destination)) return { kind: 'broadcast' }
  if (isZeroNet(source)) return kernel(`martian source ${source.text}`)
  if (isZeroNet(destination)) return kernel(`martian destination ${destination.text}`)
  const loopback = [destination, source].find(isLoopback)
  if (loopback === undefined || isLoopbackLink(link) || eitherSysctl(space, link, 'route_localnet')) return undefined
  const sysctl = linkSysctlName(4, link.name, 'route_localnet')
  const which = loopback === destination ? 'destination' : 'source'
  return refuse(
    `martian ${which} ${loopback.text} on ${link.name}: ${sysctl} is 0`,
    placeIn(space, 'sysctl', `${sysctl} = 0`, { sysctl, link: link.name }),
  )
}

interface SourceQuery extends InputQuery {
  readonly leavesBy: number | undefined
  readonly isLocal: boolean
}

/** fib_validate_source: rp_filter, and sources that are our own. */
function validateSource(run: Run, space: Space, link: Link, query: SourceQuery): InputRoute | undefined {
  if (isLoopbackLink(link)) return undefined
  const mode = query.decrypted === true ? 0 : greatestSysctl(space, link, 'rp_filter')
  const acceptsLocal = eitherSysctl(space, link, 'accept_local')
  const sendsRedirects = eitherSysctl(space, link, 'send_redirects')
  const hairpins = query.leavesBy === link.index && sendsRedirects
  if (mode === 0 && !hairpins && !hasCustomRules(space, 4)) {
    return !acceptsLocal && isOwnAddress(space, query.source) ? ownSource(space, link, query.source) : undefined
  }
  return reversePath(run, space, link, query, { mode, acceptsLocal })
}

function isOwnAddress({ namespace }: Space, { text }: Ip): boolean {
  return namespace.addresses.some(({ address }) => address.startsWith(text) && address[text.length] === '/')
}

function ownSource(space: Space, link: Link, source: Ip): InputRoute {
  const sysctl = linkSysctlName(4, link.name, 'accept_local')
  return {
    kind: 'martian',
    reason: `martian source: ${source.text} is an address of ${space.name} itself, and came in by ${link.name}`,
    place: placeIn(space, 'sysctl', `${sysctl} = 0`, { sysctl, link: link.name }),
    details: [],
  }
}

function reversePath(
  run: Run,
  space: Space,
  link: Link,
  query: SourceQuery,
  { mode, acceptsLocal }: { readonly mode: number; readonly acceptsLocal: boolean },
): InputRoute | undefined {
  const mark = linkSysctl(space, link, 'src_valid_mark') === 1 ? query.mark : 0
  const back: RouteQuery = {
    family: 4,
    destination: query.source,
    source: query.destination,
    // as the answer would come: by the link that the packet leaves by, or from the namespace itself
    iif: answersBy(space, query),
    mark,
    tos: query.tos,
    ignoreLinkState: true,
    anyHop: true,
  }
  const filter = (why: string) => reverseFiltered(space, link, query.source, why)
  const result = lookupRoute(run, space, back)
  if (result.kind === 'error') {
    return mode === 0 ? undefined : filter(`${space.name} has no route to it`)
  }
  if (result.route.type === 'local') return acceptsLocal ? undefined : ownSource(space, link, query.source)
  if (result.route.type !== 'unicast') return filter(`it is a ${result.route.type} address`)
  if (nexthopsOf(result.route).some((hop) => hop.link === link.index)) return undefined
  const hasAddress = (addressesByLink(space.namespace).get(link.index) ?? []).some(
    ({ address }) => !address.includes(':'),
  )
  if (!hasAddress) return mode === 0 ? undefined : filter(`${link.name} has no address`)
  if (mode !== 1) return undefined
  return filter(`the way back is ${formatRouteIn(space, result.route)}`)
}

function answersBy(space: Space, { isLocal, leavesBy }: SourceQuery): string {
  return isLocal ? 'lo' : (linkOf(space, leavesBy)?.name ?? 'lo')
}

function reverseFiltered(space: Space, link: Link, source: Ip, why: string): InputRoute {
  const own = linkSysctlName(4, link.name, 'rp_filter')
  const all = 'net.ipv4.conf.all.rp_filter'
  const mode = greatestSysctl(space, link, 'rp_filter')
  const sysctl = (sysctlOf(space, own) ?? 0) >= (sysctlOf(space, all) ?? 0) ? own : all
  return {
    kind: 'martian',
    reason: `rp_filter ${mode === 1 ? '(strict)' : '(loose)'} refuses source ${source.text} on ${link.name}: ${why}`,
    place: placeIn(space, 'sysctl', `${sysctl} = ${mode}`, { sysctl, link: link.name }),
    details: [],
  }
}

export type AddressType = 'local' | 'unicast' | 'broadcast' | 'multicast' | 'unspec' | string

/** inet_addr_type: what the namespace's local table says an address is, with `link` only if it is on that one. */
export function addressType(space: Space, address: Ip, link?: number): AddressType {
  if (isZeroNet(address) && address.family === 4) return 'unspec'
  if (isLimitedBroadcast(address)) return 'broadcast'
  if (isMulticast(address)) return 'multicast'
  for (const route of coveringRoutes(space.namespace.routes, TABLE.LOCAL, address)) {
    if (link === undefined || route.link === link) return route.type
  }
  return 'unicast'
}
