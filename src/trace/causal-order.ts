import type { Namespace } from '../model/snapshot.ts'
import { linksOf } from '../model/wiring.ts'
import type { Sighting } from './sightings.ts'

/**
 * Puts sightings in the order in which they must have happened. The kernel stamps each on its own CPU, and the clocks of
 * two CPUs may differ by microseconds: what comes out of a cable went into it before, whatever the stamps say. Otherwise
 * by time.
 */
export function inCausalOrder(
  sightings: readonly Sighting[],
  namespaces: ReadonlyMap<number, Namespace>,
): readonly Sighting[] {
  const causes = causesOf(sightings, namespaces)
  if ([...causes].every(([effect, cause]) => cause.timeNs <= effect.timeNs)) return sightings
  const waiting = [...sightings]
  const told = new Set<Sighting>()
  const ordered: Sighting[] = []
  while (waiting.length > 0) {
    const ready = waiting.findIndex((each) => isReady(each, { waiting, told, causes }))
    const [next] = waiting.splice(Math.max(0, ready), 1)
    if (next === undefined) break
    told.add(next)
    ordered.push(next)
  }
  return ordered
}

interface Progress {
  readonly waiting: readonly Sighting[]
  readonly told: ReadonlySet<Sighting>
  readonly causes: ReadonlyMap<Sighting, Sighting>
}

/** Its cause was told of, and whatever came before it in the same namespace. */
function isReady(sighting: Sighting, { waiting, told, causes }: Progress): boolean {
  const cause = causes.get(sighting)
  const first = waiting.find(({ namespace, role }) => namespace === sighting.namespace && role === sighting.role)
  return (cause === undefined || told.has(cause)) && first === sighting
}

/** The n-th time that it comes out of a cable is due to the n-th time that it went in. */
function causesOf(sightings: readonly Sighting[], namespaces: ReadonlyMap<number, Namespace>): Map<Sighting, Sighting> {
  const entered = new Map<string, Sighting[]>()
  for (const sighting of sightings) {
    if (sighting.direction !== 'out') continue
    const key = keyOf(sighting, sighting)
    entered.set(key, [...(entered.get(key) ?? []), sighting])
  }
  const causes = new Map<Sighting, Sighting>()
  for (const sighting of sightings) {
    if (sighting.direction !== 'in') continue
    const namespace = namespaces.get(sighting.namespace)
    const peer = namespace === undefined ? undefined : linksOf(namespace).get(sighting.link)?.peer
    const cause =
      peer === undefined
        ? undefined
        : entered.get(keyOf({ namespace: peer.namespace ?? 0, link: peer.index }, sighting))?.shift()
    if (cause !== undefined) causes.set(sighting, cause)
  }
  return causes
}

function keyOf({ namespace, link }: Pick<Sighting, 'namespace' | 'link'>, { role, isFragment }: Sighting): string {
  return `${namespace} ${link} ${role} ${isFragment === true}`
}
