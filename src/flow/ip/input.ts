import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { stopped } from '../firewall/stopped.ts'
import type { Frame } from '../link/frame.ts'
import type { Medium } from '../link/medium.ts'
import { describePacket, type Packet } from '../packet.ts'
import { type InputRoute, routeInput } from '../routing/input.ts'
import { formatRouteIn } from '../routing/lookup.ts'
import type { Outcome } from '../run.ts'
import { isLoopbackLink, placeIn, type Space, type SpaceLink } from '../world.ts'
import { sendIcmpError } from './errors.ts'
import { forwardPacket } from './forward.ts'
import { receiveLocal } from './local.ts'

/** A packet came in by a link: PREROUTING, then to the namespace itself or on (ip_rcv). */
export function receivePacket(engine: Medium, at: SpaceLink, frame: Frame, packet: Packet): Outcome {
  const { run } = engine
  const { space, link } = at
  if (!run.step()) return run.drop(space, packet, loopEntry(at, 'the packet went round and round'))
  noticeLoop(engine, at, packet)
  if (frame.preroutingDone !== true) {
    const context: RuleContext = { run, space, packet, hook: 'prerouting', in: link }
    const result = runHook(context)
    if (result.kind !== 'accept') return stopped(engine, context, result)
  }
  delete packet.bridged
  if (isLoopbackLink(link)) return receiveLocal(engine, at, packet)
  const route = routeInput(run, space, link, packet)
  switch (route.kind) {
    case 'local':
      return receiveLocal(engine, at, packet)
    case 'forward':
      return forwardPacket(engine, at, packet, route.result)
    case 'broadcast':
      return { kind: 'ignored' }
    default:
      return notRouted(engine, at, packet, route)
  }
}

function loopEntry({ space, link }: SpaceLink, what: string) {
  const text = `loop: ${what}, last in by ${link.name} of ${space.name}`
  return { stage: 'route' as const, subject: link.name, text, place: placeIn(space, 'link', text, { link: link.name }) }
}

/** The same packet by the same link again: it goes round until its TTL is used up, so that is done now. */
function noticeLoop({ run }: Medium, { space, link }: SpaceLink, packet: Packet): void {
  if (run.isQuiet) return
  const key = `${space.host}:${space.namespace.inode}:${link.index} ${describePacket(packet)} ${packet.mark} ${packet.vni ?? ''}`
  if (run.seen.has(key)) {
    run.loop ??= `${describePacket(packet)} comes back to ${space.name} by ${link.name}`
    packet.ttl = 1
  }
  run.seen.add(key)
}

type Refused = Exclude<InputRoute, { kind: 'local' | 'forward' | 'broadcast' }>

function notRouted(engine: Medium, { space, link }: SpaceLink, packet: Packet, route: Refused): Outcome {
  const { run } = engine
  if (route.kind === 'martian') {
    const { reason: text, place, details } = route
    return run.drop(space, packet, { stage: 'route', subject: link.name, text, details, place })
  }
  if (route.kind === 'no-forwarding') {
    const { place, details } = route
    const text = `${space.name} does not forward: ${place.text}`
    return run.drop(space, packet, { stage: 'route', subject: place.text, text, details, place })
  }
  return noRoute(engine, space, packet, route)
}

const CODES = { none: 0, unreachable: 1, prohibit: 13, blackhole: 0 } as const

function noRoute(
  engine: Medium,
  space: Space,
  packet: Packet,
  { result, answers }: Extract<Refused, { kind: 'error' }>,
): Outcome {
  const { run } = engine
  const { route, rule, error, details } = result
  const what =
    route !== undefined
      ? formatRouteIn(space, route)
      : rule !== undefined
        ? `policy rule ${rule.priority}: ${rule.action}`
        : `no route to ${packet.destination.text}`
  const place = placeIn(space, rule === undefined ? 'route' : 'policy-rule', what)
  const code = packet.family === 4 ? { type: 3, code: CODES[error] } : { type: 1, code: error === 'prohibit' ? 1 : 0 }
  const reply = answers ? sendIcmpError(engine, space, packet, code) : undefined
  const silent = reply === undefined || !reply.arrives
  const text = `${space.name}: ${what}${silent ? '' : ', and says so to the sender'}`
  run.hop(space, packet, { stage: 'route', subject: what, text, details, place, stopped: true })
  return { kind: silent ? 'dropped' : 'rejected', reason: text, place }
}
