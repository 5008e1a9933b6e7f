import type { Link } from '../../model/snapshot.ts'
import type { Outcome } from '../run.ts'
import { hasCarrier, type Space, type SpaceLink } from '../world.ts'
import { hasBridgeChains, runBridgeChains } from './bridge-chains.ts'
import { bridgedForward, bridgedPostrouting, bridgedPrerouting } from './bridge-netfilter.ts'
import { sendCopies } from './copies.ts'
import { type FdbResult, learn, lookupFdb } from './fdb.ts'
import { type Frame, isMulticastMac, packetOf } from './frame.ts'
import { lost } from './lost.ts'
import type { Medium } from './medium.ts'
import { isSuppressed } from './neighbour-suppression.ts'
import { admit, release } from './vlans.ts'

/** One frame on its way through a bridge. */
interface Crossing {
  readonly space: Space
  readonly bridge: Link
  /** Where it came in; undefined for what the namespace itself sends. */
  readonly from?: Link
  readonly vlan: number | undefined
  readonly frame: Frame
}

/** br_handle_frame: a frame came in by a port. */
export function bridgeReceive(medium: Medium, at: SpaceLink, bridge: Link, frame: Frame): Outcome {
  const { run } = medium
  const { space, link: port } = at
  const { port: attributes } = port
  const state = attributes?.state ?? 'forwarding'
  if (state !== 'forwarding') {
    return lost(run, at, frame, `port ${port.name} of ${bridge.name} is ${state}`, 'bridge-port')
  }
  const admission = admit(bridge, port, frame.vlan)
  if ('refused' in admission) return lost(run, at, frame, `${bridge.name}: ${admission.refused}`, 'bridge-port')
  if (attributes?.learning !== false) learn(run, bridge, frame.source, port)
  const filtered = runBridgeChains(run, at, frame, { hook: 'prerouting', in: port })
  if (filtered !== undefined) return filtered
  const stopped = bridgedPrerouting(medium, at, bridge, frame)
  if (stopped !== undefined) return stopped
  return cross(medium, { space, bridge, from: port, vlan: admission.vlan, frame })
}

/** br_dev_xmit: the namespace sends on the bridge. */
export function bridgeTransmit(medium: Medium, { space, link: bridge }: SpaceLink, frame: Frame): Outcome {
  return cross(medium, { space, bridge, vlan: frame.vlan, frame })
}

function cross(medium: Medium, crossing: Crossing): Outcome {
  const { run } = medium
  const { space, bridge, from, frame, vlan } = crossing
  const { destination } = frame
  if (isMulticastMac(destination)) {
    const flooded = flood(medium, crossing, 'broadcast')
    const up = from === undefined ? undefined : passUp(medium, crossing)
    return up === undefined || up.kind === 'ignored' ? flooded : up
  }
  const found = lookupFdb(run, space, bridge, destination, vlan)
  if (found.kind === 'local') {
    return from === undefined ? { kind: 'ignored' } : passUp(medium, crossing)
  }
  if (found.kind === 'unknown') return flood(medium, crossing, 'unicast')
  return forwardKnown(medium, crossing, found)
}

function forwardKnown(medium: Medium, crossing: Crossing, found: Extract<FdbResult, { kind: 'port' }>): Outcome {
  const { run } = medium
  const { space, bridge, frame } = crossing
  const { port, text } = found
  const refused = refusal(crossing, port)
  if (refused !== undefined) {
    return lost(run, { space, link: port }, frame, `${bridge.name} does not forward: ${refused}`, 'bridge-port')
  }
  return forward(medium, crossing, frame, { port, text })
}

/** To the namespace that the bridge is in. */
function passUp(medium: Medium, { space, bridge, from, frame }: Crossing): Outcome {
  const packet = packetOf(frame)
  if (packet !== undefined && !isMulticastMac(frame.destination)) {
    const text = `${from?.name ?? ''} → the bridge itself`
    medium.run.hop(space, packet, { stage: 'bridge', subject: bridge.name, text })
    const filtered = runBridgeChains(medium.run, { space, link: bridge }, frame, { hook: 'input', in: from })
    if (filtered !== undefined) return filtered
  }
  return medium.receive({ space, link: bridge }, frame)
}

/** To every port that floods; a packet is followed to who takes it. */
function flood(medium: Medium, crossing: Crossing, kind: 'unicast' | 'broadcast'): Outcome {
  const { run } = medium
  const { space, bridge, frame } = crossing
  const ports: SpaceLink[] = []
  const suppressed = isSuppressed(run, crossing)
  for (const port of space.namespace.links) {
    if (port.master !== bridge.index || port === crossing.from) continue
    const refused = floodRefusal(crossing, port, { kind, suppressed })
    if (refused === undefined) ports.push({ space, link: port })
    else if (packetOf(frame) === undefined) lost(run, { space, link: port }, frame, refused, 'bridge-port')
  }
  const text = kind === 'broadcast' ? 'broadcast' : `no FDB entry for ${frame.destination}: flooded`
  const isQuestion = packetOf(frame) === undefined
  const outcome = sendCopies(run, ports, frame, ({ link }, copy) =>
    forward(medium, crossing, copy, { port: link, text: isQuestion ? '' : `${text} → ${link.name}` }),
  )
  if (outcome.kind !== 'ignored' || packetOf(frame) === undefined || kind === 'broadcast') return outcome
  return nobody(medium, crossing)
}

function nobody({ run }: Medium, { space, bridge, frame, from }: Crossing): Outcome {
  // the copies that a bridge below another one floods are not the last word
  if (run.isQuiet) return { kind: 'ignored' }
  const behind = from === undefined ? '' : ' but the port it came from'
  const text = `${bridge.name} has no FDB entry for ${frame.destination}, and nobody behind its ports${behind} has that MAC`
  return { ...lost(run, { space, link: bridge }, frame, text, 'fdb') }
}

interface Flood {
  readonly kind: 'unicast' | 'broadcast'
  /** The bridge knows the answer to the question that is flooded. */
  readonly suppressed: boolean
}

function floodRefusal(crossing: Crossing, port: Link, { kind, suppressed }: Flood): string | undefined {
  const refused = refusal(crossing, port)
  if (refused !== undefined) return refused
  const { port: attributes } = port
  if (attributes === undefined) return undefined
  if (kind === 'unicast' && attributes.flood === false) return `port ${port.name} takes no unknown unicast (flood off)`
  if (kind === 'broadcast' && attributes.broadcastFlood === false) return `port ${port.name} takes no broadcasts`
  // br_flood: a port that proxies gets nothing that is flooded
  if (attributes.proxyArp) return `nothing is flooded to port ${port.name} (proxy_arp on)`
  if (suppressed && (attributes.neighSuppress || attributes.proxyArpWifi === true)) {
    return `port ${port.name} hears no question that the bridge knows the answer to (neigh_suppress on)`
  }
  return undefined
}

/** should_deliver: why a frame does not leave by a port. */
function refusal({ bridge, from, vlan }: Crossing, port: Link): string | undefined {
  const { port: attributes } = port
  const state = attributes?.state ?? 'forwarding'
  if (port === from && attributes?.hairpin !== true) {
    return `the destination is behind ${port.name}, by which the frame came in, and hairpin is off there`
  }
  if (state !== 'forwarding') return `port ${port.name} is ${state}${hasCarrier(port) ? '' : ' (no carrier)'}`
  const released = release(bridge, port, vlan)
  if ('refused' in released) return released.refused
  if (attributes?.isolated === true && from?.port?.isolated === true)
    return `${from.name} and ${port.name} are isolated ports`
  return undefined
}

function forward(
  medium: Medium,
  { space, bridge, from, vlan }: Crossing,
  frame: Frame,
  { port, text }: { readonly port: Link; readonly text: string },
): Outcome {
  const { run } = medium
  const packet = packetOf(frame)
  if (packet !== undefined) run.hop(space, packet, { stage: 'bridge', subject: bridge.name, text })
  const at = { space, link: port }
  const filtered = hasBridgeChains(space) ? throughChains(run, at, frame, from) : undefined
  if (filtered !== undefined) return filtered
  const way = { space, bridge, from, to: port }
  const stopped = bridgedForward(medium, way, frame) ?? bridgedPostrouting(medium, way, frame)
  if (stopped !== undefined) return stopped
  if (packet !== undefined && packet.size > port.mtu + VLAN_HEADER) {
    const tooLong = `port ${port.name} takes ${port.mtu} bytes, the packet has ${packet.size}`
    return lost(run, at, frame, tooLong, 'bridge-port')
  }
  const released = release(bridge, port, vlan)
  frame.vlan = 'tag' in released ? released.tag : undefined
  return medium.transmit(at, frame)
}

function throughChains(run: Medium['run'], at: SpaceLink, frame: Frame, from: Link | undefined): Outcome | undefined {
  // what the namespace itself sends was forwarded by nobody
  const hook = from === undefined ? 'output' : 'forward'
  return (
    runBridgeChains(run, at, frame, { hook, in: from, out: at.link }) ??
    runBridgeChains(run, at, frame, { hook: 'postrouting', out: at.link })
  )
}

/** is_skb_forwardable leaves room for a tag (net/core/dev.c). */
const VLAN_HEADER = 4
