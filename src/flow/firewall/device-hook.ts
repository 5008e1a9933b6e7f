import type { Packet } from '../packet.ts'
import type { Outcome, Run } from '../run.ts'
import type { SpaceLink } from '../world.ts'
import { rulesetOf } from './ruleset.ts'
import { traverse } from './traverse.ts'

/** netdev chains at the ingress of a link. Undefined lets the packet pass. */
export function runDeviceHook(run: Run, { space, link }: SpaceLink, packet: Packet): Outcome | undefined {
  for (const chain of rulesetOf(space.namespace).bases('netdev', 'ingress')) {
    if (chain.facts.device?.split(',').includes(link.name) !== true) continue
    const { verdict, place, details } = traverse(chain, { run, space, packet, hook: 'ingress', in: link })
    if (verdict.kind !== 'drop' && verdict.kind !== 'reject') continue
    const text = `dropped at the ingress of ${link.name} by ${place.table} ${place.chain}: ${place.text}`
    return run.drop(space, packet, { stage: 'ingress', subject: link.name, text, details, place })
  }
  return undefined
}
