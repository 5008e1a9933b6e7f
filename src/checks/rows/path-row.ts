import { resolveDestination, selectSpace } from '../../flow/names.ts'
import { predict } from '../../flow/predict.ts'
import { World } from '../../flow/world.ts'
import type { Flow, Journey } from '../../model/journey.ts'
import { failedLeg } from '../../model/journey-legs.ts'
import type { Check } from '../file/check.ts'
import type { Row } from '../file/judge.ts'
import type { CheckFacts } from './facts.ts'

/** One world for all predictions by the same facts: it keeps what it has worked out. */
const worlds = new WeakMap<CheckFacts, World>()

export function worldOf(facts: CheckFacts): World {
  const known = worlds.get(facts)
  if (known !== undefined) return known
  const world = new World({ snapshots: [facts.snapshot], connections: [facts.connections] })
  worlds.set(facts, world)
  return world
}

/**
 * Where a packet would go. Delivered is not enough when the answer does not come back: then it is as the answer is.
 *
 * @throws TsnetError `usage` for a name that is nobody's
 */
export function pathRow({ target }: Check, facts: CheckFacts, from: string): Row {
  const world = worldOf(facts)
  return journeyRow(predict(world, flowOfTarget(target, world, from)))
}

/** What a path or trace sends. @throws TsnetError `usage` for a name that is nobody's */
export function flowOfTarget(target: Check['target'], world: World, from: string): Flow {
  const space = selectSpace(world, from)
  const { host, port, protocol, mark } = target as unknown as PathTarget
  const { address, name } = resolveDestination(world, space, host)
  return {
    source: { namespace: space.namespace.inode, name: space.name },
    destination: address.text,
    ...(name === undefined ? {} : { destinationName: name }),
    protocol,
    ...(port === undefined ? {} : { destinationPort: port }),
    ...(mark === undefined ? {} : { mark }),
  }
}

interface PathTarget {
  readonly host: string
  readonly port?: number
  readonly protocol: string
  readonly mark?: number
}

/** A journey, predicted or traced, as a check sees it. */
export function journeyRow(journey: Journey): Row {
  const failed = failedLeg(journey)
  const { verdict, reason, where } = failed?.leg ?? journey
  return {
    result: verdict,
    reason: failed === undefined || failed.position === 0 ? reason : `${failed.name}: ${reason}`,
    hops: [...new Set(journey.hops.map(({ name }) => name))],
    where: where?.text,
    reply: journey.reply?.verdict,
    detail: failed === undefined ? undefined : reason,
  }
}
