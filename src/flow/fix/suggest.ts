import { failedLeg } from '../../model/journey-legs.ts'
import type { Fix, Flow, Hop, Journey } from '../journey.ts'
import { predict } from '../predict.ts'
import { type Space, World } from '../world.ts'
import { type Block, type Change, changedFacts, toFix } from './change.ts'
import { portlessChanges, proxiedChanges, staleChanges } from './entry-changes.ts'
import { firewallChanges } from './firewall-changes.ts'
import { ipvsChanges } from './ipvs-changes.ts'
import { macvlanChanges } from './macvlan-changes.ts'
import {
  gatewayChanges,
  linkChanges,
  neighbourChanges,
  portChanges,
  routeChanges,
  ruleChanges,
  sysctlChanges,
} from './other-changes.ts'

/** Changes that are made together at most. */
const MOST_CHANGES = 3
const MOST_FIXES = 3
const MOST_TRIES = 60

/** A journey with the smallest changes that would let the packet arrive and its answer come back. */
export function predictWithFixes(world: World, flow: Flow): Journey {
  const journey = predict(world, flow)
  return isWell(journey) ? journey : { ...journey, fixes: suggestFixes(world, flow, journey) }
}

function isWell(journey: Journey): boolean {
  return failedLeg(journey) === undefined
}

interface Attempt {
  readonly world: World
  readonly journey: Journey
  readonly changes: readonly Change[]
}

/**
 * Tries single changes at the place that stops the packet, then a second one where it stops after the first, and
 * predicts again each time; only what makes it arrive is suggested.
 */
export function suggestFixes(world: World, flow: Flow, journey: Journey): Fix[] {
  const search: Search = { flow, found: [], tries: 0 }
  let attempts: readonly Attempt[] = [{ world, journey, changes: [] }]
  for (let depth = 1; depth <= MOST_CHANGES && search.found.length === 0; depth++) {
    attempts = attempts.flatMap((attempt) =>
      changesFor(attempt).flatMap((change) => tryChange(search, attempt, change)),
    )
  }
  return search.found
}

interface Search {
  readonly flow: Flow
  readonly found: Fix[]
  tries: number
}

/** What is worth going on from after a change; a change after which all is well is found. */
function tryChange(search: Search, attempt: Attempt, change: Change): Attempt[] {
  if (search.tries++ >= MOST_TRIES || search.found.length >= MOST_FIXES) return []
  const made = tried(attempt, change, search.flow)
  if (isWell(made.journey)) {
    search.found.push(toFix(made.changes))
    return []
  }
  return isElsewhere(attempt, made) ? [made] : []
}

function tried({ world, changes }: Attempt, change: Change, flow: Flow): Attempt {
  const changed = new World(changedFacts(world.facts, change))
  return { world: changed, journey: predict(changed, flow), changes: [...changes, change] }
}

/** A change that leaves the packet at the same place helped nothing. */
function isElsewhere(before: Attempt, after: Attempt): boolean {
  const text = ({ journey }: Attempt) => {
    const failed = failedLeg(journey)
    return `${failed?.position} ${failed?.leg.verdict} ${failed?.leg.where?.text}`
  }
  return text(before) !== text(after)
}

function changesFor({ world, journey }: Attempt): readonly Change[] {
  const block = blockOf(journey)
  if (block === undefined) return []
  const space = world.space(block.place.host ?? 0, block.place.namespace)
  return space === undefined ? [] : changesAt(space, block)
}

/** What stops the packet, or else its answer, or what follows that. */
function blockOf(journey: Journey): Block | undefined {
  const failed = failedLeg(journey)
  if (failed?.leg.where === undefined) return undefined
  const { leg, position } = failed
  const family = journey.flow.destination.includes(':') ? 6 : 4
  return { place: failed.leg.where, hop: lastOf(leg.hops), isReply: position > 0, family }
}

function lastOf(hops: readonly Hop[]): Hop | undefined {
  return hops.at(-1)
}

function changesAt(space: Space, block: Block): readonly Change[] {
  switch (block.place.kind) {
    case 'rule':
    case 'policy':
      return firewallChanges(space.namespace, block)
    case 'sysctl':
      return sysctlChanges(block)
    case 'route':
      return routeChanges(space, block)
    case 'ipvs':
      return ipvsChanges(space.namespace, block)
    case 'policy-rule':
      return ruleChanges(block)
    case 'bridge-port':
      return portChanges(space, block)
    case 'fdb':
      return [...proxiedChanges(space, block), ...staleChanges(space, block), ...neighbourChanges(space, block)]
    case 'neighbour':
      return [
        ...proxiedChanges(space, block),
        ...neighbourChanges(space, block),
        ...linkChanges(space, block),
        ...gatewayChanges(space, block),
        ...portlessChanges(space, block),
      ]
    case 'link':
      return [...linkChanges(space, block), ...neighbourChanges(space, block), ...macvlanChanges(space, block)]
    default:
      return []
  }
}
