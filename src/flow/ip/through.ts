import { routeKey } from '../../model/entry-key.ts'
import { type Ip, toIp } from '../address.ts'
import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { stopped } from '../firewall/stopped.ts'
import type { Medium } from '../link/medium.ts'
import type { Packet } from '../packet.ts'
import { formatRouteIn, lookupRoute } from '../routing/lookup.ts'
import type { Outcome } from '../run.ts'
import { linkOf, placeIn, type Space } from '../world.ts'
import { finishOutput } from './finish.ts'

/** What IPVS hands on: routed to the real server, through OUTPUT and POSTROUTING (ip_vs_nat_xmit). */
export function sendThrough(engine: Medium, space: Space, packet: Packet, to: Ip): Outcome {
  const { run } = engine
  const result = lookupRoute(run, space, { family: packet.family, destination: to, iif: 'lo', mark: packet.mark })
  const isLocal = result.kind === 'route' && result.route.type === 'local'
  const link =
    result.kind !== 'route'
      ? undefined
      : isLocal
        ? space.namespace.links.find(({ kind }) => kind === 'loopback')
        : linkOf(space, result.hop?.link)
  if (result.kind !== 'route' || link === undefined) {
    const text = `no route to ${to.text}`
    return run.drop(space, packet, { stage: 'route', subject: to.text, text, place: placeIn(space, 'route', text) })
  }
  const text = formatRouteIn(space, result.route)
  const place = placeIn(space, 'route', text, { entry: routeKey(result.route) })
  run.hop(space, packet, { stage: 'route', subject: text, text, details: result.details, place })
  const context: RuleContext = { run, space, packet, hook: 'output', out: link }
  const hooked = runHook(context)
  if (hooked.kind !== 'accept') return stopped(engine, context, hooked)
  const gateway = result.hop?.gateway === undefined ? to : toIp(result.hop.gateway)
  return finishOutput(engine, space, packet, { link, gateway, mtu: result.route.mtu })
}
