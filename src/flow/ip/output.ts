import { routeKey } from '../../model/entry-key.ts'
import type { Link, RouteNexthop } from '../../model/snapshot.ts'
import { type Ip, isUnspecified, toIp } from '../address.ts'
import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { rulesetOf } from '../firewall/ruleset.ts'
import { stopped } from '../firewall/stopped.ts'
import type { Medium } from '../link/medium.ts'
import { type Packet, PROTOCOL } from '../packet.ts'
import { formatRouteIn, lookupRoute, type RouteResult } from '../routing/lookup.ts'
import type { Outcome } from '../run.ts'
import { linkOf, placeIn, type Space } from '../world.ts'
import { finishOutput } from './finish.ts'
import { isTaken, schedule } from './ipvs.ts'
import { sourceOnRoute } from './source.ts'

/** Where a packet that starts in a namespace goes. */
interface Way {
  readonly link: Link
  readonly gateway: Ip | undefined
  readonly mtu: number | undefined
}

export interface SendOptions {
  /** ifindex of the link that the socket is bound to. */
  readonly oif?: number | undefined
}

/** A namespace sends a packet of its own: route, source address, OUTPUT, POSTROUTING, link (ip_queue_xmit). */
export function sendPacket(engine: Medium, space: Space, packet: Packet, { oif }: SendOptions = {}): Outcome {
  const { run } = engine
  const result = lookupRoute(run, space, queryOf(packet, oif))
  if (result.kind === 'error') return unroutable(engine, space, packet, result)
  const way = wayOf(space, result.route.type === 'local', result)
  if (way === undefined)
    return unroutable(engine, space, packet, { kind: 'error', error: 'none', details: result.details })
  if (isUnspecified(packet.source)) {
    const source = sourceOnRoute(space, packet.destination, way.link, result)
    if (source === undefined) return noSource(engine, space, packet, way)
    packet.source = source
  }
  run.starts(space, packet)
  const src = ` src ${packet.source.text}`
  run.hop(space, packet, {
    stage: 'route',
    subject: formatRouteIn(space, result.route),
    text: `${formatRouteIn(space, result.route)}${result.route.source === undefined ? src : ''}`,
    details: result.details,
    place: placeIn(space, 'route', formatRouteIn(space, result.route), { entry: routeKey(result.route) }),
  })
  return throughOutput(engine, space, packet, way, oif)
}

function queryOf(packet: Packet, oif: number | undefined) {
  const { family, destination, source, mark, tos, protocol, sourcePort, destinationPort, owner } = packet
  return {
    family,
    destination,
    source: isUnspecified(source) ? undefined : source,
    iif: 'lo',
    oif,
    mark,
    tos,
    protocol,
    sourcePort,
    destinationPort,
    uid: owner?.uid,
  }
}

function wayOf(
  space: Space,
  isLocal: boolean,
  { route, hop }: { readonly route: { readonly mtu?: number }; readonly hop: RouteNexthop | undefined },
): Way | undefined {
  const link = isLocal ? space.namespace.links.find(({ kind }) => kind === 'loopback') : linkOf(space, hop?.link)
  if (link === undefined) return undefined
  return { link, gateway: hop?.gateway === undefined ? undefined : toIp(hop.gateway), mtu: route.mtu }
}

const ERRORS = {
  none: 'Network is unreachable',
  unreachable: 'No route to host',
  prohibit: 'Permission denied',
  blackhole: 'Invalid argument',
} as const

/** The send call fails, so the sender knows. */
function unroutable(
  engine: Medium,
  space: Space,
  packet: Packet,
  result: Extract<RouteResult, { kind: 'error' }>,
  isTold = true,
): Outcome {
  const { run } = engine
  run.starts(space, packet)
  const { route, rule, error } = result
  const what =
    route !== undefined
      ? `route ${formatRouteIn(space, route)}`
      : rule !== undefined
        ? `policy rule ${rule.priority}: ${rule.action}`
        : `no route to ${packet.destination.text}`
  const text = `${space.name} cannot send: ${what} (${ERRORS[error]})`
  const place = placeIn(space, rule === undefined ? 'route' : 'policy-rule', what)
  run.hop(space, packet, { stage: 'route', subject: what, text, details: result.details, place, stopped: true })
  return { kind: isTold ? 'rejected' : 'dropped', reason: text, place }
}

function noSource(engine: Medium, space: Space, packet: Packet, { link }: Way): Outcome {
  const text = `${space.name} cannot send: no IPv${packet.family} address to send from on ${link.name}`
  const place = placeIn(space, 'link', text, { link: link.name })
  engine.run.hop(space, packet, { stage: 'route', subject: link.name, text, place, stopped: true })
  return { kind: 'rejected', reason: text, place }
}

function throughOutput(engine: Medium, space: Space, packet: Packet, way: Way, oif: number | undefined): Outcome {
  const { run } = engine
  const before = { source: packet.source, destination: packet.destination, mark: packet.mark, tos: packet.tos }
  packet.gateway = way.gateway ?? packet.destination
  const context: RuleContext = { run, space, packet, hook: 'output', out: way.link }
  const result = runHook(context, () => isTaken(run, space, packet))
  if (result.kind !== 'accept') return stopped(engine, context, result)
  const rerouted = needsReroute(space, packet, before) ? reroute(engine, space, packet, oif) : way
  if ('kind' in rerouted) return rerouted
  const scheduled = schedule(engine, space, packet)
  if (scheduled !== undefined) return scheduled
  return finishOutput(engine, space, packet, rerouted)
}

interface Before {
  readonly source: Ip
  readonly destination: Ip
  readonly mark: number
  readonly tos: number
}

/** NAT always asks the routes again; a mark does so only when a chain of type route set it (ip_route_me_harder). */
function needsReroute(space: Space, packet: Packet, before: Before): boolean {
  if (before.destination !== packet.destination || before.source !== packet.source) return true
  if (before.mark === packet.mark && before.tos === packet.tos) return false
  return rulesetOf(space.namespace)
    .bases(packet.family, 'output')
    .some(({ facts }) => facts.type === 'route')
}

function reroute(engine: Medium, space: Space, packet: Packet, oif: number | undefined): Way | Outcome {
  const { run } = engine
  // by now TCP sends, which takes any error for a loss
  const isTold = packet.protocol !== PROTOCOL.TCP
  const result = lookupRoute(run, space, queryOf(packet, oif))
  if (result.kind === 'error') return unroutable(engine, space, packet, result, isTold)
  const way = wayOf(space, result.route.type === 'local', result)
  if (way === undefined) return unroutable(engine, space, packet, { kind: 'error', error: 'none', details: [] }, isTold)
  const subject = formatRouteIn(space, result.route)
  const place = placeIn(space, 'route', subject, { entry: routeKey(result.route) })
  run.hop(space, packet, { stage: 'route', subject, text: `routed again: ${subject}`, details: result.details, place })
  return way
}
