import type { Link } from '../../model/snapshot.ts'
import { sameIp, toIp } from '../address.ts'
import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { stopped } from '../firewall/stopped.ts'
import type { Packet } from '../packet.ts'
import { routeInput } from '../routing/input.ts'
import { lookupRoute } from '../routing/lookup.ts'
import type { Outcome } from '../run.ts'
import { type Space, type SpaceLink, sysctlOf } from '../world.ts'
import { type Frame, packetOf, shownPacket } from './frame.ts'
import { lost } from './lost.ts'
import type { Medium } from './medium.ts'

/** The way of a frame from port to port. */
export interface BridgeWay {
  readonly space: Space
  readonly bridge: Link
  readonly from: Link | undefined
  readonly to: Link
}

/** Whether bridged frames of that IP version pass iptables here: the sysctl, or the bridge's own switch. */
export function callsIptables(space: Space, bridge: Link, family: 4 | 6): boolean {
  const name = family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables'
  const own = family === 4 ? bridge.bridge?.nfCallIptables : bridge.bridge?.nfCallIp6tables
  return sysctlOf(space, name) === 1 || own === true
}

/** br_nf_pre_routing. Undefined goes on across the bridge; what DNAT did may have turned the frame to somebody else. */
export function bridgedPrerouting(medium: Medium, at: SpaceLink, bridge: Link, frame: Frame): Outcome | undefined {
  const packet = packetOf(frame)
  if (packet === undefined || !callsIptables(at.space, bridge, packet.family)) return undefined
  const { run } = medium
  const { space, link: port } = at
  const before = packet.destination
  packet.bridged = { in: port }
  const context: RuleContext = { run, space, packet, hook: 'prerouting', in: bridge }
  const result = runHook(context)
  frame.preroutingDone = true
  if (result.kind !== 'accept') return stopped(medium, context, result)
  if (sameIp(before, packet.destination)) return undefined
  return readdress(medium, at, bridge, frame, packet)
}

/** br_nf_pre_routing_finish, after DNAT: to somebody on the same bridge, or up to be routed. */
function readdress(medium: Medium, at: SpaceLink, bridge: Link, frame: Frame, packet: Packet): Outcome | undefined {
  const { run } = medium
  const { space } = at
  const gateway = wayOut(medium, space, bridge, packet)
  if (gateway === undefined) {
    return lost(run, at, frame, `no route to ${packet.destination.text}, where DNAT sends it`, 'route')
  }
  if (gateway === 'up') {
    frame.destination = bridge.mac ?? frame.destination
    return undefined
  }
  const resolved = medium.resolve({ space, link: bridge }, gateway, undefined)
  if (resolved.kind === 'none') return lost(run, at, frame, resolved.text, 'neighbour')
  frame.destination = resolved.mac
  const text = `DNAT inside the bridge: ${resolved.text}`
  run.hop(space, packet, { stage: 'bridge', subject: bridge.name, text })
  return undefined
}

function wayOut({ run }: Medium, space: Space, bridge: Link, packet: Packet) {
  const route = routeInput(run, space, bridge, packet)
  if (route.kind === 'forward' || route.kind === 'local') {
    if (route.kind === 'local' || route.result.hop?.link !== bridge.index) return 'up'
    return toIp(route.result.hop.gateway ?? '') ?? packet.destination
  }
  // without forwarding, a destination on the same bridge is reached all the same
  if (route.kind !== 'no-forwarding') return undefined
  const query = { family: packet.family, destination: packet.destination, iif: 'lo', mark: 0, anyHop: true } as const
  const own = lookupRoute(run, space, query)
  if (own.kind !== 'route' || own.hop?.link !== bridge.index) return undefined
  return toIp(own.hop.gateway ?? '') ?? packet.destination
}

/** br_nf_forward. */
export function bridgedForward(medium: Medium, way: BridgeWay, frame: Frame): Outcome | undefined {
  const { space, bridge, from, to } = way
  const packet = shownPacket(frame)
  if (packet === undefined || from === undefined || !callsIptables(space, bridge, packet.family)) return undefined
  packet.bridged = { in: from, out: to }
  const context: RuleContext = { run: medium.run, space, packet, hook: 'forward', in: bridge, out: bridge }
  const result = runHook(context)
  if (result.kind === 'accept') return undefined
  if (packetOf(frame) === undefined) {
    return lost(medium.run, { space, link: to }, frame, `neighbour discovery is ${result.text}`, 'rule')
  }
  return stopped(medium, context, result, bridgedBecause(space, bridge, packet.family))
}

/** What makes a frame that only crosses a bridge pass a host's FORWARD chain: people do not expect it. */
function bridgedBecause(space: Space, bridge: Link, family: 4 | 6): string {
  const name = `net.bridge.bridge-nf-call-ip${family === 4 ? '' : '6'}tables`
  const why = sysctlOf(space, name) === 1 ? `${name} is 1` : `nf_call_iptables is on at ${bridge.name}`
  return `the frame only crosses ${bridge.name}, but ${why}`
}

/** br_nf_post_routing. */
export function bridgedPostrouting(medium: Medium, way: BridgeWay, frame: Frame): Outcome | undefined {
  const { space, bridge, from } = way
  const packet = packetOf(frame)
  if (packet === undefined || from === undefined || !callsIptables(space, bridge, packet.family)) return undefined
  const context: RuleContext = { run: medium.run, space, packet, hook: 'postrouting', out: bridge }
  const result = runHook(context)
  return result.kind === 'accept' ? undefined : stopped(medium, context, result)
}
