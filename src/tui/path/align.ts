import type { Hop } from '../../model/journey.ts'
import type { ObservedHop } from '../../model/trace.ts'

/** A hop as it was predicted and as it was seen; either may be missing. */
export interface Pair {
  readonly predicted?: Hop
  readonly observed?: ObservedHop
  /** The first place where the two part. */
  readonly differs: boolean
}

/**
 * Puts what was seen beside what was predicted, both in their own order. Neither tells of everything: a route leaves no
 * trace, and a packet is seen on links that a prediction only names. So where they part is looked for only when the
 * trace says that they do.
 */
export function alignHops(
  predicted: readonly Hop[],
  observed: readonly ObservedHop[],
  isDifferent = false,
): readonly Pair[] {
  if (observed.length === 0) return predicted.map((hop) => ({ predicted: hop, differs: false }))
  const pairs: { predicted?: Hop; observed?: ObservedHop }[] = []
  let next = 0
  for (const seen of observed) {
    const at = predicted.findIndex((hop, position) => position >= next && isSame(hop, seen))
    if (at < 0) {
      pairs.push({ observed: seen })
      continue
    }
    for (const hop of predicted.slice(next, at)) pairs.push({ predicted: hop })
    const hop = predicted[at]
    pairs.push({ ...(hop === undefined ? {} : { predicted: hop }), observed: seen })
    next = at + 1
  }
  for (const hop of predicted.slice(next)) pairs.push({ predicted: hop })
  const first = pairs.findIndex(
    (pair) =>
      isDifferent &&
      (isUnexpectedRule(pair) ||
        (pair.observed?.stopped === true && pair.predicted?.stopped !== true) ||
        (pair.predicted?.stopped === true && pair.observed?.stopped !== true)),
  )
  return pairs.map((pair, position) => ({ ...pair, differs: position === first }))
}

/** A chain that nobody thought the packet comes to. */
function isUnexpectedRule({ predicted, observed }: { predicted?: Hop; observed?: ObservedHop }): boolean {
  return predicted === undefined && observed?.evidence === 'rules'
}

const ON_LINKS = new Set(['link', 'bridge', 'tunnel'])

function isSame(hop: Hop, seen: ObservedHop): boolean {
  if (hop.namespace !== seen.namespace) return false
  if (hop.stopped === true && seen.stopped === true) return true
  if (ON_LINKS.has(hop.stage)) return ON_LINKS.has(seen.stage) && hop.subject === seen.subject
  if (hop.stage !== seen.stage) return false
  return hop.stage === 'socket' || hop.subject === seen.subject
}
