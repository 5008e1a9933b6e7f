import type { Flow, PacketSummary, Place } from '../model/journey.ts'
import type { ObservedHop, ObservedJourney } from '../model/trace.ts'
import { nameOf } from '../model/wiring.ts'
import { type End, endOfAcknowledgement, endOfAnswer, endOfPacket } from './ends.ts'
import type { Role } from './identity.ts'
import type { Observation } from './observation.ts'
import { summaryOf, type Way, wayOf } from './observed-way.ts'

/** Makes a journey of what was seen. Pure: the same observation gives the same journey. */
export function observe(observation: Observation): ObservedJourney {
  const { flow, seen, outcome } = observation
  const zeroNs = seen.sightings[0]?.timeNs ?? 0n
  const way = (role: Role, start: number | undefined) =>
    wayOf({ ...observation, sightings: seen.sightings, role, start, zeroNs })
  const packet = way('packet', flow.source.namespace)
  const end = endOfPacket(observation, packet)
  const arrived = packet.visits.at(-1)?.namespace
  const journey = journeyOf(flow, [sentHop(observation), ...packet.hops, ...endHops(observation, packet, end)], end)
  const answer = way('answer', arrived)
  if (end.verdict !== 'delivered' || answer.visits.length === 0) return journey
  const answerEnd = endOfAnswer(observation, answer)
  const backHops = [...answer.hops, ...endHops(observation, answer, answerEnd)]
  const back = journeyOf(flowBack(observation, arrived, answer), backHops, answerEnd)
  const acknowledgement = way('acknowledgement', flow.source.namespace)
  if (outcome.kind !== 'connected' || acknowledgement.visits.length === 0) return { ...journey, reply: back }
  const lastEnd = endOfAcknowledgement(observation, acknowledgement, arrived)
  const last = journeyOf(flow, [...acknowledgement.hops, ...endHops(observation, acknowledgement, lastEnd)], lastEnd)
  return { ...journey, reply: { ...back, reply: last } }
}

function journeyOf(flow: Flow, hops: readonly ObservedHop[], end: End): ObservedJourney {
  const { verdict, reason, where, evidence } = end
  return { flow, verdict, hops, reason, evidence, ...(where === undefined ? {} : { where }), unknowns: [], fixes: [] }
}

function sentHop({ flow, seen, kind }: Observation): ObservedHop {
  const first = seen.sightings.find(({ role }) => role === 'packet')
  const { namespace, name } = flow.source
  return {
    namespace,
    name,
    stage: 'socket',
    subject: name,
    text: `${kind} to ${flow.destination}`,
    packet: first === undefined ? unsent(flow) : summaryOf(first.packet),
    details: [],
    evidence: 'sent',
  }
}

/** What would have been sent. */
function unsent({ source, destination, protocol, sourcePort, destinationPort }: Flow): PacketSummary {
  return {
    source: source.address ?? '',
    destination,
    protocol,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ttl: 0,
    size: 0,
  }
}

/** Where it ends, when no rule's verdict is the last hop already. */
function endHops(observation: Observation, way: Way, { verdict, reason, where, evidence }: End): ObservedHop[] {
  const last = way.hops.at(-1)
  if (last?.stopped === true) return []
  const visit = way.visits.at(-1)
  const namespace = visit?.namespace ?? observation.flow.source.namespace
  const found = observation.namespaces.get(namespace)
  const name = found === undefined ? observation.flow.source.name : nameOf(found)
  const packet = last?.packet ?? sentHop(observation).packet
  const isDelivered = verdict === 'delivered'
  return [
    {
      namespace,
      name,
      stage: isDelivered ? 'socket' : stageOf(where),
      subject: where?.link ?? where?.sysctl ?? name,
      text: reason,
      packet,
      details: [],
      evidence: isDelivered ? 'answer' : evidence,
      ...(where === undefined ? {} : { place: where }),
      ...(isDelivered ? {} : { stopped: true }),
    },
  ]
}

function stageOf(where: Place | undefined): ObservedHop['stage'] {
  switch (where?.kind) {
    case 'rule':
    case 'policy':
      return 'forward'
    case 'socket':
      return 'socket'
    case 'neighbour':
      return 'neighbour'
    case 'link':
    case 'bridge-port':
      return 'link'
    case 'fdb':
      return 'bridge'
    case 'xfrm':
      return 'xfrm'
    default:
      return 'route'
  }
}

function flowBack({ flow, namespaces }: Observation, inode: number | undefined, { hops }: Way): Flow {
  const found = namespaces.get(inode ?? 0)
  const [first] = hops
  return {
    source: { namespace: inode ?? 0, name: found === undefined ? flow.destination : nameOf(found) },
    destination: first?.packet.destination ?? '',
    protocol: flow.protocol,
    ...(first?.packet.sourcePort === undefined ? {} : { sourcePort: first.packet.sourcePort }),
    ...(first?.packet.destinationPort === undefined ? {} : { destinationPort: first.packet.destinationPort }),
  }
}
