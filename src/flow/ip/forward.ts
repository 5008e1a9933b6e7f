import { routeKey } from '../../model/entry-key.ts'
import { type Ip, toIp } from '../address.ts'
import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { stopped } from '../firewall/stopped.ts'
import type { Medium } from '../link/medium.ts'
import type { Packet } from '../packet.ts'
import { formatRouteIn, type RouteResult } from '../routing/lookup.ts'
import type { Outcome } from '../run.ts'
import { linkOf, placeIn, type SpaceLink } from '../world.ts'
import { sendIcmpError } from './errors.ts'
import { finishOutput, tooLarge } from './finish.ts'

/** From one link of a namespace to another (ip_forward): TTL, size, FORWARD, and out. */
export function forwardPacket(
  engine: Medium,
  { space, link }: SpaceLink,
  packet: Packet,
  { route, hop, details }: Extract<RouteResult, { kind: 'route' }>,
): Outcome {
  const { run } = engine
  const out = linkOf(space, hop?.link)
  const text = formatRouteIn(space, route)
  const place = placeIn(space, 'route', text, { entry: routeKey(route) })
  if (out === undefined)
    return run.drop(space, packet, { stage: 'route', subject: text, text: `${text} leads nowhere`, place })
  if (packet.ttl <= 1) return expired(engine, { space, link }, packet)
  const limit = Math.min(route.mtu ?? Number.POSITIVE_INFINITY, out.mtu)
  if (packet.size > limit && (packet.df || packet.family === 6)) {
    run.hop(space, packet, { stage: 'route', subject: text, text, details, place })
    return tooLarge(engine, space, packet, out, limit)
  }
  packet.ttl--
  packet.gateway = gatewayOf(hop) ?? packet.destination
  run.hop(space, packet, {
    stage: 'route',
    subject: text,
    text: `forwards ${link.name} → ${out.name}: ${text}`,
    details,
    place,
  })
  const context: RuleContext = { run, space, packet, hook: 'forward', in: link, out }
  const result = runHook(context)
  if (result.kind !== 'accept') return stopped(engine, context, result)
  return finishOutput(engine, space, packet, { link: out, gateway: gatewayOf(hop), mtu: route.mtu, in: link })
}

function expired(engine: Medium, { space, link }: SpaceLink, packet: Packet): Outcome {
  const { run } = engine
  const what =
    run.loop === undefined ? `TTL is used up in ${space.name}` : `loop: ${run.loop}, until its TTL is used up`
  const place = placeIn(space, 'kernel', what, { link: link.name })
  const reply = sendIcmpError(engine, space, packet, { type: packet.family === 4 ? 11 : 3, code: 0 })
  run.hop(space, packet, { stage: 'route', subject: link.name, text: what, place, stopped: true })
  return { kind: reply.arrives ? 'rejected' : 'dropped', reason: what, place }
}

/** Next hop of a route as an address. */
function gatewayOf(hop: { readonly gateway?: string } | undefined): Ip | undefined {
  return hop?.gateway === undefined ? undefined : toIp(hop.gateway)
}
