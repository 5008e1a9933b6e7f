import type { Link } from '../../model/snapshot.ts'
import type { Ip } from '../address.ts'
import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { stopped } from '../firewall/stopped.ts'
import { UNKNOWN_MAC } from '../link/frame.ts'
import type { Medium } from '../link/medium.ts'
import type { Packet } from '../packet.ts'
import type { Outcome } from '../run.ts'
import { hasNoNeighbours, placeIn, type Space } from '../world.ts'
import { sendIcmpError } from './errors.ts'
import { transformOut } from './xfrm.ts'

export interface OutputWay {
  readonly link: Link
  readonly gateway: Ip | undefined
  /** Of the route, where it says one. */
  readonly mtu: number | undefined
  /** By which it came in, so that errors go back; absent for what starts here. */
  readonly in?: Link
}

/** POSTROUTING, size, neighbour, link (ip_output, ip_finish_output). */
export function finishOutput(engine: Medium, space: Space, packet: Packet, way: OutputWay): Outcome {
  const { run } = engine
  packet.gateway = way.gateway ?? packet.destination
  const transformed = transformOut(engine, space, packet)
  if (transformed !== undefined) return transformed
  // nft tells by which link it came in here too (Linux 5.7)
  const context: RuleContext = { run, space, packet, hook: 'postrouting', in: way.in, out: way.link }
  const result = runHook(context)
  if (result.kind !== 'accept') return stopped(engine, context, result)
  const tooBig = fitted(engine, space, packet, way)
  if (tooBig !== undefined) return tooBig
  return toNeighbour(engine, space, packet, way)
}

/** Undefined when the packet fits, or may be cut to fit. */
function fitted(engine: Medium, space: Space, packet: Packet, { link, mtu, in: from }: OutputWay): Outcome | undefined {
  const limit = Math.min(mtu ?? Number.POSITIVE_INFINITY, link.mtu)
  if (packet.size <= limit) return undefined
  const isWhole = packet.df || (packet.family === 6 && from !== undefined)
  if (isWhole) return tooLarge(engine, space, packet, link, limit)
  const text = `${packet.size} bytes are cut into fragments of ${limit}`
  packet.size = limit
  engine.run.hop(space, packet, { stage: 'link', subject: link.name, text })
  return undefined
}

/** Fragmentation needed, or packet too big: the sender is told. */
export function tooLarge(engine: Medium, space: Space, packet: Packet, link: Link, limit: number): Outcome {
  const { run } = engine
  const text = `${packet.size} bytes do not fit ${link.name}, which takes ${limit}, and must not be cut`
  const place = placeIn(space, 'link', `mtu ${limit} of ${link.name}`, { link: link.name })
  const reply = sendIcmpError(engine, space, packet, packet.family === 4 ? { type: 3, code: 4 } : { type: 2, code: 0 })
  const said = reply.arrives
    ? `${text}: the sender is told (fragmentation needed)`
    : `${text}; the error does not get back: ${reply.reason}`
  run.hop(space, packet, { stage: 'link', subject: link.name, text: said, place, stopped: true })
  return { kind: reply.arrives ? 'rejected' : 'dropped', reason: said, place }
}

function toNeighbour(engine: Medium, space: Space, packet: Packet, { link, gateway, in: from }: OutputWay): Outcome {
  const { run } = engine
  const at = { space, link }
  const source = link.mac ?? UNKNOWN_MAC
  const entry = run.outside
  const back = entry?.space === space && entry.link === link ? run.leaves(space, link, packet) : undefined
  if (back !== undefined) return back
  if (hasNoNeighbours(link)) {
    return engine.transmit(at, { source, destination: link.kind === 'loopback' ? source : UNKNOWN_MAC, body: packet })
  }
  const target = gateway ?? packet.destination
  const resolved = engine.resolve(at, target, from === undefined ? packet.source : undefined)
  if (resolved.kind === 'none')
    return unreachable(engine, space, packet, { text: resolved.text, place: resolved.place, link })
  run.hop(space, packet, { stage: 'neighbour', subject: target.text, text: `${resolved.text} on ${link.name}` })
  return engine.transmit(at, { source, destination: resolved.mac, body: packet })
}

/** After three questions without an answer the sender is told: host unreachable. */
function unreachable(
  engine: Medium,
  space: Space,
  packet: Packet,
  {
    text,
    place,
    link,
  }: {
    readonly text: string
    readonly place: NonNullable<Parameters<Medium['run']['drop']>[2]>['place']
    readonly link: Link
  },
): Outcome {
  const { run } = engine
  const reply = sendIcmpError(engine, space, packet, packet.family === 4 ? { type: 3, code: 1 } : { type: 1, code: 3 })
  const said = reply.arrives ? text : `${text}; the error does not get back: ${reply.reason}`
  run.hop(space, packet, { stage: 'neighbour', subject: link.name, text: said, place, stopped: true })
  return { kind: reply.arrives ? 'rejected' : 'dropped', reason: said, place }
}
