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
 * Puts what was seen beside what was predicted, both in their own order. Not everything leaves a trace, so that what
 * was predicted and not seen is a difference only behind the last thing that was seen.
 */
export function alignHops(predicted: readonly Hop[], observed: readonly ObservedHop[]): readonly Pair[] {
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
      pair.predicted === undefined ||
      (pair.observed !== undefined && (pair.predicted.stopped === true) !== (pair.observed.stopped === true)),
  )
  return pairs.map((pair, position) => ({ ...pair, differs: position === first }))
}

function isSame(hop: Hop, seen: ObservedHop): boolean {
  return hop.namespace === seen.namespace && hop.stage === seen.stage && hop.subject === seen.subject
}
