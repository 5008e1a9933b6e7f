import { xfrmKey } from '../../model/entry-key.ts'
import type { XfrmPolicy, XfrmState } from '../../model/snapshot.ts'
import { contains, toPrefix } from '../address.ts'
import type { Place } from '../journey.ts'
import type { Medium } from '../link/medium.ts'
import { type Packet, PROTOCOL } from '../packet.ts'
import type { Outcome } from '../run.ts'
import { placeIn, type Space, type SpaceLink } from '../world.ts'

/** Bytes that ESP with an 8-byte IV and tag adds at least to a packet in transport mode (RFC 4303, RFC 4106). */
const ESP_OVERHEAD = 26

/** xfrm_lookup on the way out: a policy may forbid the packet, or wrap it. Undefined leaves it as it is. */
export function transformOut(engine: Medium, space: Space, packet: Packet): Outcome | undefined {
  const { run } = engine
  const policy = policyFor(space, packet, 'out')
  if (policy === undefined || packet.esp !== undefined) return undefined
  const place = policyPlace(space, policy)
  if (policy.action === 'block') {
    return run.drop(space, packet, { stage: 'xfrm', subject: 'policy', text: `blocked by ${place.text}`, place })
  }
  const [template] = policy.templates
  if (template === undefined) return undefined
  const state = space.namespace.xfrm.states.find(
    (each) =>
      each.reqid === template.reqid &&
      each.destination === (isAny(template.destination) ? packet.destination.text : template.destination) &&
      (template.spi === undefined || template.spi === 0 || each.spi === template.spi),
  )
  if (state === undefined) {
    const text = `${place.text} wants an SA with reqid ${template.reqid}, and there is none`
    return run.drop(space, packet, { stage: 'xfrm', subject: 'state', text, place })
  }
  wrap(engine, space, packet, state)
  return undefined
}

function isAny(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::'
}

/** From here on the packet is ESP; what is inside stays in `esp`. */
function wrap({ run }: Medium, space: Space, packet: Packet, state: XfrmState): void {
  const { spi, mode } = state
  const { sourcePort, destinationPort, protocol } = packet
  packet.esp = { spi, protocol, sourcePort, destinationPort }
  packet.protocol = PROTOCOL.ESP
  packet.size += ESP_OVERHEAD + (mode === 'tunnel' ? 20 : 0)
  delete packet.sourcePort
  delete packet.destinationPort
  delete packet.tracking
  run.hop(space, packet, {
    stage: 'xfrm',
    subject: `spi 0x${spi.toString(16)}`,
    text: `encrypted: ESP ${mode}, spi 0x${spi.toString(16)}`,
    place: statePlace(space, state),
  })
}

/** ESP for this namespace: taken out if there is an SA for it, and looked at once more. */
export function transformIn(engine: Medium, at: SpaceLink, packet: Packet): Outcome | undefined {
  const { run } = engine
  const { space } = at
  const { esp } = packet
  if (packet.protocol !== PROTOCOL.ESP || esp === undefined) return undefined
  const state = space.namespace.xfrm.states.find(
    ({ spi, destination, protocol }) =>
      spi === esp.spi && destination === packet.destination.text && protocol === 'esp',
  )
  const hex = `0x${esp.spi.toString(16)}`
  if (state === undefined) {
    const text = `${space.name} has no SA for spi ${hex}: the packet cannot be decrypted`
    return run.drop(space, packet, { stage: 'xfrm', subject: hex, text, place: placeIn(space, 'xfrm', text) })
  }
  packet.protocol = esp.protocol
  if (esp.sourcePort !== undefined) packet.sourcePort = esp.sourcePort
  if (esp.destinationPort !== undefined) packet.destinationPort = esp.destinationPort
  packet.size -= ESP_OVERHEAD
  packet.decrypted = true
  delete packet.esp
  delete packet.tracking
  run.hop(space, packet, {
    stage: 'xfrm',
    subject: hex,
    text: `decrypted: spi ${hex}`,
    place: statePlace(space, state),
  })
  return engine.deliver(at, { source: '', destination: '', body: packet })
}

/** xfrm_policy_check on the way in: what a policy wants encrypted must have been. */
export function refusedIn({ run }: Medium, space: Space, packet: Packet): Outcome | undefined {
  const policy = policyFor(space, packet, 'in')
  if (policy === undefined) return undefined
  const needs = policy.templates.length > 0 && packet.decrypted !== true
  if (policy.action !== 'block' && !needs) return undefined
  const place = policyPlace(space, policy)
  const why = policy.action === 'block' ? 'blocked by' : 'not encrypted, as it has to be by'
  return run.drop(space, packet, { stage: 'xfrm', subject: 'policy', text: `${why} ${place.text}`, place })
}

function policyFor({ namespace }: Space, packet: Packet, direction: string): XfrmPolicy | undefined {
  const { policies } = namespace.xfrm
  if (policies.length === 0) return undefined
  return policies
    .filter((policy) => policy.direction === direction && selects(policy, packet))
    .toSorted((a, b) => a.priority - b.priority)[0]
}

function selects(policy: XfrmPolicy, packet: Packet): boolean {
  const { source, destination, protocol, sourcePort, destinationPort, mark, markMask } = policy
  const within = (text: string, address: Packet['source']) => {
    const prefix = toPrefix(text, packet.family)
    return prefix !== undefined && contains(prefix, address)
  }
  return (
    within(source, packet.source) &&
    within(destination, packet.destination) &&
    (protocol === undefined || protocol === 0 || protocol === packet.protocol) &&
    (sourcePort === undefined || sourcePort === packet.sourcePort) &&
    (destinationPort === undefined || destinationPort === packet.destinationPort) &&
    (mark === undefined || (packet.mark & (markMask ?? 0xffff_ffff)) >>> 0 === mark)
  )
}

function policyPlace(space: Space, policy: XfrmPolicy): Place {
  return placeIn(space, 'xfrm', describePolicy(policy), { entry: xfrmKey(policy) })
}

function statePlace(space: Space, state: XfrmState): Place {
  const { source, destination, protocol, spi } = state
  const text = `xfrm state ${source} → ${destination} ${protocol} spi 0x${spi.toString(16)}`
  return placeIn(space, 'xfrm', text, { entry: xfrmKey(state) })
}

function describePolicy({ direction, source, destination, destinationPort, action, mark }: XfrmPolicy): string {
  const port = destinationPort === undefined ? '' : ` dport ${destinationPort}`
  const marked = mark === undefined ? '' : ` mark 0x${mark.toString(16)}`
  return `xfrm policy ${source} → ${destination}${port} dir ${direction}${marked} ${action}`
}
