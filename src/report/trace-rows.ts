import type { Hop } from '../model/journey.ts'
import type { ObservedHop } from '../model/trace.ts'

/** A hop as it was predicted, and what was observed of it: one of the two may be missing. */
export interface TraceRow {
  readonly predicted?: Hop
  readonly observed: readonly ObservedHop[]
}

/**
 * Lays the observed way beside the predicted one. A cable is one predicted hop and two sightings; routes, neighbours and
 * tables that a bridge asks cannot be observed.
 */
export function traceRows(predicted: readonly Hop[], observed: readonly ObservedHop[]): TraceRow[] {
  const rows: TraceRow[] = []
  let next = 0
  for (const [position, hop] of predicted.entries()) {
    const at = findFrom(observed, next, (each) => isSame(hop, each, position === predicted.length - 1))
    if (at === undefined) {
      rows.push({ predicted: hop, observed: [] })
      continue
    }
    rows.push(...alone(observed.slice(next, at)))
    const length = isOut(observed[at]) && observed[at + 1]?.direction === 'in' ? 2 : 1
    rows.push({ predicted: hop, observed: observed.slice(at, at + length) })
    next = at + length
  }
  return [...rows, ...alone(observed.slice(next))]
}

function findFrom(
  hops: readonly ObservedHop[],
  start: number,
  isWanted: (hop: ObservedHop) => boolean,
): number | undefined {
  const found = hops.findIndex((hop, position) => position >= start && isWanted(hop))
  return found < 0 ? undefined : found
}

function alone(hops: readonly ObservedHop[]): TraceRow[] {
  return hops.map((hop) => ({ observed: [hop] }))
}

function isOut(hop: ObservedHop | undefined): boolean {
  return hop?.direction === 'out'
}

/** Fragments are made before the link is reached. */
const CUTS = /^\d+ bytes are cut/

function isSame(predicted: Hop, observed: ObservedHop, isLast: boolean): boolean {
  if (predicted.namespace !== observed.namespace) return false
  if (predicted.stopped === true && observed.stopped === true) return true
  if (predicted.stage === 'socket') return observed.evidence === (isLast ? 'answer' : 'sent')
  if (predicted.stage === 'link' || predicted.stage === 'tunnel') {
    return isOut(observed) && observed.subject === predicted.subject && !CUTS.test(predicted.text)
  }
  return observed.evidence === 'rules' && observed.stage === predicted.stage && observed.subject === predicted.subject
}
