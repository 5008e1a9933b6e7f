import { predict } from '../flow/predict.ts'
import type { World } from '../flow/world.ts'
import type { Journey } from '../model/journey.ts'
import type { ObservedJourney } from '../model/trace.ts'

/** Of the ways that a prediction leaves open (whom a balancer gives it to), the one by which the packet arrived. */
export function wayTaken(world: World, predicted: Journey, { verdict, hops }: ObservedJourney): Journey {
  const end = hops.at(-1)?.namespace
  const isOpen = predicted.alternatives !== undefined && predicted.hops.at(-1)?.namespace !== end
  if (!isOpen || verdict !== 'delivered' || end === undefined) return predicted
  const taken = predict(world, predicted.flow, { endsIn: end })
  return taken.hops.at(-1)?.namespace === end ? { ...taken, fixes: predicted.fixes } : predicted
}
