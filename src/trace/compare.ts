import type { Hop, Journey, Place } from '../model/journey.ts'
import { LEG_NAMES, legsOf } from '../model/journey-legs.ts'
import type { Disagreement, ObservedHop, ObservedJourney } from '../model/trace.ts'
import { samePlace } from './same-place.ts'

/** Three questions, a second apart: earlier nobody is told that a neighbour does not answer. */
const NEIGHBOUR_FAILS_MS = 3_000

/** Every point in which the prediction and the packet differ, as far as it was waited for. */
export function disagreementsOf(predicted: Journey, observed: ObservedJourney, waitedMs: number): Disagreement[] {
  // a prediction that depends on what nobody can know says nothing that could be wrong
  if (predicted.verdict === 'depends' || predicted.verdict === 'unknown') return []
  const [legs, seen] = [legsOf(predicted), legsOf(observed)]
  return seen.flatMap((leg, position) => {
    const expected = legs[position]
    const name = LEG_NAMES[position] ?? 'what follows'
    if (expected === undefined || isTooEarly(expected, leg as ObservedJourney, waitedMs)) return []
    return inLeg(name, expected, leg as ObservedJourney)
  })
}

/** It stops where it should, but the error that the sender is to get takes longer than anybody waited. */
function isTooEarly(expected: Journey, observed: ObservedJourney, waitedMs: number): boolean {
  const isSilent = expected.verdict === 'rejected' && observed.verdict === 'dropped'
  const isAsked = observed.where?.kind === 'neighbour' || observed.reason.includes('nobody answers')
  return isSilent && isAsked && waitedMs < NEIGHBOUR_FAILS_MS && samePlace(expected.where, observed.where)
}

function inLeg(leg: string, predicted: Journey, observed: ObservedJourney): Disagreement[] {
  if (predicted.verdict !== observed.verdict) {
    return [{ leg, predicted: outcomeOf(predicted), observed: outcomeOf(observed) }]
  }
  if (predicted.verdict !== 'delivered' && !samePlace(predicted.where, observed.where)) {
    return [
      { leg, predicted: `stopped by ${placeOf(predicted.where)}`, observed: `stopped by ${placeOf(observed.where)}` },
    ]
  }
  return [
    ...byWay(leg, predicted, observed),
    ...byRules(leg, predicted, observed),
    ...byAddress(leg, predicted, observed),
  ]
}

function outcomeOf({ verdict, reason }: Journey): string {
  return `${verdict}: ${reason}`
}

function placeOf(place: Place | undefined): string {
  return place === undefined ? 'nothing that has a name' : `${place.name} ${place.text}`
}

/** The namespaces that it goes through. */
function byWay(leg: string, predicted: Journey, observed: ObservedJourney): Disagreement[] {
  const [expected, seen] = [namespacesOf(predicted.hops), namespacesOf(observed.hops)]
  return expected === seen ? [] : [{ leg, predicted: `by way of ${expected}`, observed: `by way of ${seen}` }]
}

function namespacesOf(hops: readonly Hop[]): string {
  return hops
    .map(({ name }) => name)
    .filter((name, position, all) => name !== all[position - 1])
    .join(', ')
}

/** What a chain decided, where both the prediction and the trace know the chain. */
function byRules(leg: string, predicted: Journey, observed: ObservedJourney): Disagreement[] {
  const asked = (hop: Hop) =>
    (hop.place?.kind === 'rule' || hop.place?.kind === 'policy') && hop.place.backend === 'nft'
  const seen = observed.hops.filter(({ evidence }) => evidence === 'rules')
  return predicted.hops.filter(asked).flatMap((hop) => {
    const same = (each: ObservedHop) =>
      each.namespace === hop.namespace && each.stage === hop.stage && each.subject === hop.subject
    const found = seen.filter(same)
    if (found.length === 0 || found.some(({ place }) => samePlace(place, hop.place))) return []
    return [{ leg, predicted: `${hop.name} ${hop.subject}: ${hop.text}`, observed: found[0]?.text ?? '' }]
  })
}

/** Who the packet is for in the end, by what NAT made of it. */
function byAddress(leg: string, predicted: Journey, observed: ObservedJourney): Disagreement[] {
  const end = (hops: readonly Hop[]) => {
    const packet = hops.at(-1)?.packet
    return packet === undefined ? '' : `for ${packet.destination} port ${packet.destinationPort ?? '-'}`
  }
  const [expected, seen] = [end(predicted.hops), end(observed.hops)]
  // an ephemeral port is anybody's guess
  const isAnswer = leg === LEG_NAMES[1]
  return expected === seen || isAnswer ? [] : [{ leg, predicted: expected, observed: seen }]
}
