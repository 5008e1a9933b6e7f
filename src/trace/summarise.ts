import type { Flow, Journey } from '../model/journey.ts'
import { failedLeg, legsOf } from '../model/journey-legs.ts'
import type { ConntrackEntry } from '../model/snapshot.ts'
import type { KernelDrop, MovedCounter, Trace, TracedConnection } from '../model/trace.ts'
import { buildWiring } from '../model/wiring.ts'
import { observeArp } from './arp-journey.ts'
import { inCausalOrder } from './causal-order.ts'
import { disagreementsOf } from './compare.ts'
import { withEsp } from './esp.ts'
import type { Identity } from './identity.ts'
import type { Listeners } from './listeners.ts'
import type { Outcome } from './observation.ts'
import { observe } from './observe.ts'
import { findPasses } from './rule-passes.ts'
import { samePlace } from './same-place.ts'
import { findSightings, type Sighting } from './sightings.ts'
import type { TracedHost } from './traced-host.ts'
import { wayTaken } from './way-taken.ts'

export interface Summary {
  readonly host: TracedHost
  readonly flow: Flow
  /** Undefined for what nothing predicts (ARP). */
  readonly predicted: Journey | undefined
  readonly listeners: Listeners
  readonly identity: Identity
  readonly outcome: Outcome
  readonly drops?: readonly KernelDrop[] | undefined
  readonly probed: {
    readonly kind: string
    readonly mark: string
    readonly sourcePort: number | undefined
    readonly waitedMs: number
  }
  readonly notes: readonly string[]
}

/** Puts together what was heard, counted and predicted. */
export async function summarise(summary: Summary): Promise<Trace> {
  const { host, flow, listeners, identity, outcome, drops, probed } = summary
  const plain = findSightings(listeners.frames, identity, host.filterOptions.vxlanPorts)
  const withSealed = withEsp(plain, listeners.frames, host.namespaces)
  const seen = { ...withSealed, sightings: inCausalOrder(withSealed.sightings, host.namespaces) }
  const passes = findPasses(listeners.events, identity, host.namespaces)
  const inodes = new Set([
    flow.source.namespace,
    ...seen.sightings.map(({ namespace }) => namespace),
    ...passes.map(({ namespace }) => namespace),
    ...(summary.predicted === undefined ? [] : legsOf(summary.predicted)).flatMap(({ hops }) =>
      hops.map(({ namespace }) => namespace),
    ),
  ])
  const counters = await host.moved([...inodes])
  const { namespaces } = host
  const kind = probed.kind === 'nothing' ? 'packet' : probed.kind
  const observation = { flow, namespaces, seen, passes, outcome, counters, drops, predicted: summary.predicted, kind }
  const first = identity.arp === undefined ? observe(observation) : observeArp(observation, buildWiring(host.snapshot))
  const predicted = summary.predicted && wayTaken(host.world, summary.predicted, first)
  const observed = predicted === summary.predicted ? first : observe({ ...observation, predicted })
  const sent = seen.sightings.find(({ role }) => role === 'packet')
  const connections = [...inodes].flatMap((inode) => connectionsIn(host, inode, seen.sightings))
  const asked = seen.neighbours.map(({ namespace }) => namespace)
  const gone = host
    .gone(new Set([...inodes, ...asked]))
    .map((inode) => `${host.nameOf(inode)}: went away while we traced`)
  return {
    ...observed,
    fixes: predicted !== undefined && isSameEnd(predicted, observed) ? predicted.fixes : [],
    ...(predicted === undefined ? {} : { predicted }),
    disagreements: predicted === undefined ? [] : disagreementsOf(predicted, observed, probed.waitedMs),
    probe: {
      kind: probed.kind,
      source: sent?.packet.ip?.source ?? identity.arp?.sender ?? flow.source.address ?? '',
      ...(probed.sourcePort === undefined || probed.sourcePort === 0 ? {} : { sourcePort: probed.sourcePort }),
      mark: probed.mark,
      outcome: outcomeText(outcome, probed.waitedMs),
      sent: timesSent(seen.sightings, flow.source.namespace),
    },
    connections,
    counters,
    ...(drops === undefined ? {} : { drops }),
    notes: [...summary.notes, ...listeners.notes, ...keptBack(counters), ...gone],
  }
}

/** An error that the sender should have been told, and was not (net.ipv4.icmp_ratelimit, icmp_msgs_per_sec). */
function keptBack(counters: readonly MovedCounter[]): string[] {
  return counters
    .filter(({ counter }) => counter.startsWith('Icmp OutRateLimit'))
    .map(({ name, counter }) => `${name}: kept an ICMP error back, it had just sent others (${counter})`)
}

/** The fixes of a prediction hold for a packet that ended in the same place. */
function isSameEnd(predicted: Journey, observed: Journey): boolean {
  const [a, b] = [failedLeg(predicted), failedLeg(observed)]
  return a !== undefined && b !== undefined && a.position === b.position && samePlace(a.leg.where, b.leg.where)
}

function outcomeText(outcome: Outcome, waitedMs: number): string {
  if (outcome.kind === 'refused') return outcome.errno
  return outcome.kind === 'silence' ? `no answer within ${(waitedMs / 1_000).toFixed(1)} s` : outcome.kind
}

function timesSent(sightings: readonly Sighting[], source: number): number {
  const out = sightings.filter(
    ({ role, namespace, direction, isFragment }) =>
      role === 'packet' && namespace === source && direction === 'out' && isFragment !== true,
  )
  return out.filter(({ link }) => link === out[0]?.link).length
}

function connectionsIn(host: TracedHost, inode: number, sightings: readonly Sighting[]): TracedConnection[] {
  const here = sightings.filter(({ namespace, role }) => namespace === inode && role === 'packet')
  if (here.length === 0) return []
  return host
    .connectionsOf(inode)
    .filter((entry) => here.some((sighting) => isOf(entry, sighting)))
    .map((entry) => ({ namespace: inode, name: host.nameOf(inode), entry }))
}

/** As it came, or as it left. */
function isOf({ original, reply }: ConntrackEntry, { packet }: Sighting): boolean {
  const { ip, tcp, udp, icmp } = packet
  const ports = tcp ?? udp
  const isOriginal =
    original.source === ip?.source &&
    original.destination === ip.destination &&
    original.sourcePort === ports?.sourcePort &&
    original.destinationPort === ports?.destinationPort
  const isReply =
    reply.destination === ip?.source &&
    reply.source === ip.destination &&
    reply.destinationPort === ports?.sourcePort &&
    reply.sourcePort === ports?.destinationPort
  return (isOriginal || isReply) && (icmp === undefined || original.icmpId === icmp.id || reply.icmpId === icmp.id)
}
