import type { Flow, Journey, Place, PlaceKind } from '../model/journey.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { Evidence, KernelDrop, MovedCounter } from '../model/trace.ts'
import { linksOf, nameOf } from '../model/wiring.ts'
import { dropText, meaningOfDrop } from './drop-reasons.ts'
import type { Observation } from './observation.ts'
import type { Visit, Way } from './observed-way.ts'
import type { NeighbourTalk } from './sightings.ts'

export interface Loss {
  readonly reason: string
  readonly where: Place
  readonly evidence: Evidence
}

/** What a counter of the kernel tells, in words, and what kind of object is behind it. */
const MEANINGS: Readonly<Record<string, readonly [PlaceKind, string]>> = {
  'TcpExt IPReversePathFilter': ['sysctl', 'the way back to its source leads elsewhere (rp_filter)'],
  'Ip InAddrErrors': ['sysctl', 'it is not for this namespace, which does not forward'],
  'Ip6 InAddrErrors': ['sysctl', 'it is not for this namespace, which does not forward'],
  'IpExt InNoRoutes': ['route', 'no route'],
  'Ip6 InNoRoutes': ['route', 'no route'],
  'Ip OutNoRoutes': ['route', 'no route'],
  'Ip6 OutNoRoutes': ['route', 'no route'],
  'Ip FragFails': ['link', 'it does not fit and must not be cut'],
  'Ip6 FragFails': ['link', 'it does not fit and must not be cut'],
  'Ip6 InTooBigErrors': ['link', 'it does not fit'],
  'TcpExt ListenOverflows': ['socket', 'the listener’s queue is full'],
  'TcpExt ListenDrops': ['socket', 'the listener drops it'],
  'Udp NoPorts': ['socket', 'nobody listens at the port'],
  'Udp6 NoPorts': ['socket', 'nobody listens at the port'],
  'Udp RcvbufErrors': ['socket', 'the receiver’s queue is full'],
  'Ip InHdrErrors': ['kernel', 'its TTL is used up, or its header is wrong'],
  'Ip6 InHdrErrors': ['kernel', 'its hop limit is used up, or its header is wrong'],
  'Ip InDiscards': ['kernel', 'the kernel discards it'],
}

/**
 * Why a packet was not seen further than it was: rules that only count, counters of the kernel, neighbours that do not
 * answer, and what was predicted for this very place. Undefined when nothing says so.
 */
export function explainLoss(observation: Observation, { visits }: Way): Loss | undefined {
  const visit = visits.at(-1)
  const inode = visit?.namespace ?? observation.flow.source.namespace
  const namespace = observation.namespaces.get(inode)
  if (namespace === undefined) return undefined
  return (
    lostByRule(observation, inode, visit) ??
    lostByNeighbour(observation, namespace, visit) ??
    lostByCounter(observation, namespace, visit) ??
    lostByDrop(observation, namespace) ??
    asPredicted(observation, inode) ??
    lostByLink(observation, inode)
  )
}

function countersIn({ counters }: Observation, inode: number): readonly MovedCounter[] {
  return counters.filter(({ namespace }) => namespace === inode)
}

/** What a namespace sends itself does not pass them. */
const IN_CHAINS: ReadonlySet<string> = new Set(['INPUT', 'FORWARD'])

/** Legacy iptables tells nobody of a packet, but it counts. */
function lostByRule(observation: Observation, inode: number, visit: Visit | undefined): Loss | undefined {
  const isOnTheWay = ({ chain }: Place): boolean =>
    visit?.ins.length ? chain !== 'OUTPUT' : !IN_CHAINS.has(chain ?? '')
  const found = countersIn(observation, inode).find(
    ({ place }) => place !== undefined && stops(place) && isOnTheWay(place),
  )
  if (found?.place === undefined) return undefined
  const { place, delta } = found
  const { table, chain, position, text } = place
  const what =
    place.kind === 'policy' ? `the policy of ${table} ${chain}` : `${table} ${chain} rule ${position}: ${text}`
  const predicted = predictedHere(observation, place)
  return {
    reason: `${predicted ?? `dropped by ${what}`}; it counted ${delta} ${delta === 1 ? 'packet' : 'packets'} more`,
    where: place,
    evidence: 'counter',
  }
}

function predictedHere({ predicted }: Observation, place: Place): string | undefined {
  const where = predicted?.where
  const isSame =
    where?.namespace === place.namespace && where.chain === place.chain && where.position === place.position
  return isSame ? predicted?.reason : undefined
}

function stops({ kind, text, backend }: Place): boolean {
  if (backend !== 'legacy') return false
  return kind === 'policy' ? text.startsWith('policy DROP') : /-j (?:DROP|REJECT)\b/.test(text)
}

/** Objects that can be why a question for a neighbour gets no answer. */
const KEEPS_SILENT: ReadonlySet<PlaceKind> = new Set(['link', 'neighbour', 'bridge-port', 'fdb'])

/** It had to ask who has an address, and nobody said anything. */
function lostByNeighbour(
  { flow, seen, predicted }: Observation,
  namespace: Namespace,
  visit: Visit | undefined,
): Loss | undefined {
  if ((visit?.outs.length ?? 0) > 0) return undefined
  const here = seen.neighbours.filter(
    (talk) => talk.namespace === namespace.inode && mayBeNextHop(talk, flow, namespace),
  )
  const asked = here.find(
    ({ direction, isAnswer, target }) =>
      direction === 'out' && !isAnswer && !here.some((talk) => talk.isAnswer && talk.target === target),
  )
  if (asked === undefined) return undefined
  const link = linksOf(namespace).get(asked.link)?.name ?? `if${asked.link}`
  const reason = `${nameOf(namespace)} asks for ${asked.target} on ${link}, and nobody answers`
  const where = predicted?.where
  if (where !== undefined && KEEPS_SILENT.has(where.kind)) {
    const evidence = where.kind === 'neighbour' ? 'seen' : 'predicted'
    return { reason: `${reason}; predicted: ${predicted?.reason}`, where, evidence }
  }
  return {
    reason,
    evidence: 'seen',
    where: { kind: 'neighbour', namespace: namespace.inode, name: nameOf(namespace), link, text: reason },
  }
}

/** A host asks for others meanwhile as well: to see whether they are still there, or to answer somebody else. */
function mayBeNextHop({ target }: NeighbourTalk, { source, destination }: Flow, { routes }: Namespace): boolean {
  if (target === destination || routes.some(({ gateway }) => gateway === target)) return true
  const isLocal = /^fe[89ab]/.test(target)
  return target.includes(':') === destination.includes(':') && target !== source.address && !isLocal
}

function lostByCounter(observation: Observation, namespace: Namespace, visit: Visit | undefined): Loss | undefined {
  for (const { counter, delta } of countersIn(observation, namespace.inode)) {
    const meaning = MEANINGS[counter]
    if (meaning === undefined) continue
    const [kind, words] = meaning
    const { predicted } = observation
    const said = `${counter} +${delta}`
    if (predicted?.where?.namespace === namespace.inode && predicted.where.kind === kind) {
      return { reason: `${predicted.reason} (${said})`, where: predicted.where, evidence: 'counter' }
    }
    const link = visit?.ins.at(-1)?.link
    const name = link === undefined ? undefined : linksOf(namespace).get(link)?.name
    const text = `${nameOf(namespace)}: ${words} (${said})`
    const where = { kind, ...at(namespace), text, ...(name === undefined ? {} : { link: name }) }
    return { reason: text, where, evidence: 'counter' }
  }
  return undefined
}

/**
 * What the kernel dropped within the call that sent the packet: the reason says of what kind the place is. On a busy host
 * packets of others are dropped there too: a reason that does not fit the prediction counts only when it is the only one.
 */
function lostByDrop({ drops = [], flow, predicted }: Observation, namespace: Namespace): Loss | undefined {
  const protocol = flow.destination.includes(':') ? 'ipv6' : 'ip'
  const ours = drops.filter((drop) => drop.isOurs && drop.protocol === protocol)
  const leg = predictedStop(predicted, namespace.inode)
  const where = leg?.where
  const fitting = ours.find((drop) => where !== undefined && meaningOfDrop(drop)?.kinds.includes(where.kind) === true)
  if (leg !== undefined && where !== undefined && fitting !== undefined) {
    return { reason: `${leg.reason} (${droppedText(fitting)})`, where, evidence: 'drop' }
  }
  const [only] = ours
  const meaning = only === undefined || ours.length > 1 ? undefined : meaningOfDrop(only)
  if (only === undefined || meaning === undefined) return undefined
  const text = `${nameOf(namespace)}: ${meaning.words} (${droppedText(only)})`
  return { reason: text, where: { kind: meaning.kinds[0] ?? 'kernel', ...at(namespace), text }, evidence: 'drop' }
}

function droppedText(drop: KernelDrop): string {
  return `the kernel dropped it: ${dropText(drop)}`
}

/** Nothing contradicts the prediction: it was seen up to there, and not behind it. */
function asPredicted(observation: Observation, inode: number): Loss | undefined {
  const found = predictedStop(observation.predicted, inode)
  if (found?.where === undefined) return undefined
  const { where } = found
  const moved = countersIn(observation, inode).find(
    ({ place }) => place?.kind === 'link' && where.kind === 'link' && place.link === where.link,
  )
  if (moved !== undefined) {
    return { reason: `${found.reason} (${moved.counter} +${moved.delta})`, where, evidence: 'counter' }
  }
  const meanwhile = (observation.drops ?? []).find((drop) => meaningOfDrop(drop)?.kinds.includes(where.kind) === true)
  const isOurs = (observation.drops ?? []).some((drop) => drop.isOurs && drop.reason === 'NOT_SPECIFIED')
  const unsaid = isOurs ? '; the kernel dropped one while it was sent, and gives no reason' : ''
  const said = meanwhile === undefined ? unsaid : `; ${meanwhileText(meanwhile)}`
  return { reason: `${found.reason} (predicted: it was not seen behind it${said})`, where, evidence: 'predicted' }
}

/** They carry no addresses: ours may not be among them. */
function meanwhileText(drop: KernelDrop): string {
  return `the kernel dropped ${drop.count} ${drop.count === 1 ? 'packet' : 'packets'} meanwhile, ${dropText(drop)}`
}

function predictedStop(predicted: Journey | undefined, inode: number): Journey | undefined {
  const legs = [predicted, predicted?.reply, predicted?.reply?.reply]
  return legs.find((leg) => leg?.where?.namespace === inode && leg.verdict !== 'delivered')
}

function lostByLink(observation: Observation, inode: number): Loss | undefined {
  const found = countersIn(observation, inode).find(({ place }) => place?.kind === 'link')
  if (found?.place === undefined) return undefined
  return { reason: `${found.name}: ${found.counter} +${found.delta}`, where: found.place, evidence: 'counter' }
}

function at(namespace: Namespace) {
  return { namespace: namespace.inode, name: nameOf(namespace) }
}
