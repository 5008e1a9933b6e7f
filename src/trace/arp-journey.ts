import type { Flow } from '../model/journey.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { Evidence, ObservedHop, ObservedJourney } from '../model/trace.ts'
import { linksOf, nameOf, type Wiring } from '../model/wiring.ts'
import type { Observation } from './observation.ts'
import { wayOf } from './observed-way.ts'
import type { Sighting } from './sightings.ts'

/** Who answered a question for an address. */
interface Answer {
  readonly mac: string
  /** `db eth0`; absent for somebody whom we do not see. */
  readonly owner?: string
  /** The owner has the address itself; otherwise it answers for others. */
  readonly hasAddress: boolean
}

/** What became of an ARP request: by which links it reached who answers, and whose MAC that is. */
export function observeArp(observation: Observation, wiring: Wiring): ObservedJourney {
  const { flow, seen } = observation
  const answers = answersOf(observation, wiring)
  const zeroNs = seen.sightings[0]?.timeNs ?? 0n
  const way = (role: 'packet' | 'answer', sightings: readonly Sighting[], start: number | undefined) =>
    wayOf({ namespaces: observation.namespaces, passes: [], role, sightings, start, zeroNs })
  const packet = way('packet', answeredOnly(seen.sightings), flow.source.namespace)
  const sent = sentHop(observation)
  if (answers.length === 0) return unanswered(observation, wiring, [sent, ...packet.hops])
  const last = packet.visits.at(-1)?.namespace
  const reason = reasonOf(flow, answers)
  const journey = ended(flow, [sent, ...packet.hops, endHop(observation, last, reason)], reason)
  const back = way('answer', seen.sightings, last)
  if (back.visits.length === 0) return journey
  const found = observation.namespaces.get(last ?? 0)
  const from = { namespace: last ?? 0, name: found === undefined ? flow.destination : nameOf(found) }
  const reply: Flow = { source: from, destination: back.hops.at(-1)?.packet.destination ?? '', protocol: 'arp' }
  return { ...journey, reply: ended(reply, back.hops, `the answer comes back to ${flow.source.name}`) }
}

function ended(flow: Flow, hops: readonly ObservedHop[], reason: string): ObservedJourney {
  return { flow, verdict: 'delivered', hops, reason, evidence: 'answer', unknowns: [], fixes: [] }
}

/** A question is flooded: its way is the one that the answers took back, where there are any. */
function answeredOnly(sightings: readonly Sighting[]): readonly Sighting[] {
  const key = ({ namespace, link }: Sighting, direction: 'in' | 'out') => `${namespace} ${link} ${direction}`
  const opposite = { in: 'out', out: 'in' } as const
  const answered = new Set(
    sightings.filter(({ role }) => role === 'answer').map((each) => key(each, opposite[each.direction])),
  )
  return answered.size === 0 ? sightings : sightings.filter((each) => answered.has(key(each, each.direction)))
}

function answersOf({ flow, seen, namespaces }: Observation, wiring: Wiring): Answer[] {
  const heard = seen.sightings.filter(({ role }) => role === 'answer')
  const isHome = ({ namespace, direction }: Sighting) => namespace === flow.source.namespace && direction === 'in'
  const macs = new Set(heard.filter(isHome).flatMap(({ packet }) => packet.arp?.senderMac ?? []))
  return [...macs].map((mac) => {
    const first = heard.find(({ packet, direction }) => direction === 'out' && packet.arp?.senderMac === mac)
    const places = wiring.whoHasMac(mac)
    const place = places.find(({ namespace }) => namespace.inode === first?.namespace) ?? places[0]
    if (place === undefined) return { mac, hasAddress: true }
    const addresses = namespaces.get(place.namespace.inode)?.addresses ?? []
    const hasAddress = addresses.some(({ address }) => address.startsWith(`${flow.destination}/`))
    return { mac, owner: `${nameOf(place.namespace)} ${place.link.name}`, hasAddress }
  })
}

function reasonOf({ destination, source }: Flow, answers: readonly Answer[]): string {
  const said = answers.map(({ mac, owner, hasAddress }) => {
    if (owner === undefined) return `${mac} (nobody on this host)`
    return `${mac} (${owner}${hasAddress ? '' : ', which has no such address: proxy ARP'})`
  })
  const isTwice = answers.length > 1
  return `${isTwice ? 'duplicate address: ' : ''}${destination} is at ${said.join(' and at ')}, says ${
    isTwice ? 'each of them' : 'the answer'
  } to ${source.name}`
}

function sentHop({ flow }: Observation): ObservedHop {
  const { namespace, name, address } = flow.source
  return {
    namespace,
    name,
    stage: 'neighbour',
    subject: name,
    text: `ARP request for ${flow.destination}`,
    packet: { source: address ?? '', destination: flow.destination, protocol: 'arp', ttl: 0, size: 0 },
    details: [],
    evidence: 'sent',
  }
}

function endHop(observation: Observation, inode: number | undefined, text: string): ObservedHop {
  const found = observation.namespaces.get(inode ?? 0)
  const at = found === undefined ? {} : { namespace: found.inode, name: nameOf(found) }
  return { ...sentHop(observation), ...at, stage: 'neighbour', text, evidence: 'answer' }
}

/** Said with who heard the question, and who should have answered. */
function unanswered(observation: Observation, wiring: Wiring, hops: readonly ObservedHop[]): ObservedJourney {
  const { flow, seen, namespaces, outcome } = observation
  const { namespace, name } = flow.source
  const heard = new Set(
    seen.sightings
      .filter(({ direction, namespace: at }) => direction === 'in' && at !== namespace)
      .map((each) => each.namespace),
  )
  const nameAt = (inode: number) => {
    const found = namespaces.get(inode)
    return found === undefined ? `inode:${inode}` : nameOf(found)
  }
  const owners = wiring.whoHasAddress(flow.destination).filter((place) => place.namespace.inode !== namespace)
  const said = owners.map(({ namespace: owner, link }) => ownerText(owner, link.name, heard.has(owner.inode)))
  const refused = outcome.kind === 'refused' ? `the send call fails: ${outcome.errno}` : undefined
  const by = heard.size === 0 ? 'nobody hears the question' : `heard by ${[...heard].map(nameAt).join(', ')}`
  const reason = refused ?? `nobody answers for ${flow.destination} (${[by, ...said].join('; ')})`
  const evidence: Evidence = refused === undefined ? 'seen' : 'answer'
  const where = { kind: 'neighbour', namespace, name, text: reason } as const
  const stop: ObservedHop = { ...sentHop(observation), text: reason, evidence, place: where, stopped: true }
  return { flow, verdict: 'dropped', hops: [...hops, stop], reason, where, evidence, unknowns: [], fixes: [] }
}

function ownerText(owner: Namespace, link: string, hasHeard: boolean): string {
  const isDown = ![...linksOf(owner).values()].some(({ name, flags }) => name === link && flags.includes('UP'))
  const why = isDown ? `, which is down` : hasHeard ? ' and keeps silent' : ' and does not hear it'
  return `${nameOf(owner)} has it on ${link}${why}`
}
