import type { Place, PlaceKind } from '../model/journey.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { MovedCounter } from '../model/trace.ts'
import { linksOf, nameOf } from '../model/wiring.ts'
import type { Observation } from './observation.ts'
import type { Visit, Way } from './observed-way.ts'

export interface Loss {
  readonly reason: string
  readonly where: Place
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
  { seen, predicted }: Observation,
  namespace: Namespace,
  visit: Visit | undefined,
): Loss | undefined {
  if ((visit?.outs.length ?? 0) > 0) return undefined
  const here = seen.neighbours.filter((talk) => talk.namespace === namespace.inode)
  const asked = here.find(
    ({ direction, isAnswer, target }) =>
      direction === 'out' && !isAnswer && !here.some((talk) => talk.isAnswer && talk.target === target),
  )
  if (asked === undefined) return undefined
  const link = linksOf(namespace).get(asked.link)?.name ?? `if${asked.link}`
  const reason = `${nameOf(namespace)} asks for ${asked.target} on ${link}, and nobody answers`
  const where = predicted?.where
  if (where !== undefined && KEEPS_SILENT.has(where.kind)) return { reason: `${reason}: ${predicted?.reason}`, where }
  return {
    reason,
    where: { kind: 'neighbour', namespace: namespace.inode, name: nameOf(namespace), link, text: reason },
  }
}

function lostByCounter(observation: Observation, namespace: Namespace, visit: Visit | undefined): Loss | undefined {
  for (const { counter, delta } of countersIn(observation, namespace.inode)) {
    const meaning = MEANINGS[counter]
    if (meaning === undefined) continue
    const [kind, words] = meaning
    const { predicted } = observation
    const evidence = `${counter} +${delta}`
    if (predicted?.where?.namespace === namespace.inode && predicted.where.kind === kind) {
      return { reason: `${predicted.reason} (${evidence})`, where: predicted.where }
    }
    const link = visit?.ins.at(-1)?.link
    const name = link === undefined ? undefined : linksOf(namespace).get(link)?.name
    const text = `${nameOf(namespace)}: ${words} (${evidence})`
    return { reason: text, where: { kind, ...at(namespace), text, ...(name === undefined ? {} : { link: name }) } }
  }
  return undefined
}

/** Nothing contradicts the prediction: it was seen up to there, and not behind it. */
function asPredicted({ predicted }: Observation, inode: number): Loss | undefined {
  const places = [predicted, predicted?.reply, predicted?.reply?.reply]
  const found = places.find((leg) => leg?.where?.namespace === inode && leg.verdict !== 'delivered')
  if (found?.where === undefined) return undefined
  return { reason: `${found.reason} (not seen behind it)`, where: found.where }
}

function lostByLink(observation: Observation, inode: number): Loss | undefined {
  const found = countersIn(observation, inode).find(({ place }) => place?.kind === 'link')
  if (found?.place === undefined) return undefined
  return { reason: `${found.name}: ${found.counter} +${found.delta}`, where: found.place }
}

function at(namespace: Namespace) {
  return { namespace: namespace.inode, name: nameOf(namespace) }
}
