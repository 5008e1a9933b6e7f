import type { Link } from '../../model/snapshot.ts'
import type { HookName } from '../firewall/rule.ts'
import { rulesetOf } from '../firewall/ruleset.ts'
import { traverse } from '../firewall/traverse.ts'
import type { Outcome, Run } from '../run.ts'
import type { Space, SpaceLink } from '../world.ts'
import { type Frame, packetOf } from './frame.ts'
import { lostAt } from './lost.ts'

interface BridgeHook {
  readonly hook: Exclude<HookName, 'ingress' | 'egress'>
  readonly in?: Link | undefined
  readonly out?: Link
}

export function hasBridgeChains({ namespace }: Space): boolean {
  return namespace.chains.length > 0 && rulesetOf(namespace).hasBridgeChains
}

/** Chains of family bridge (nft, ebtables). Undefined lets the frame pass. */
export function runBridgeChains(
  run: Run,
  at: SpaceLink,
  frame: Frame,
  { hook, in: incoming, out }: BridgeHook,
): Outcome | undefined {
  const packet = packetOf(frame)
  const { space } = at
  if (packet === undefined) return undefined
  for (const chain of rulesetOf(space.namespace).bases('bridge', hook)) {
    const { verdict, place, details } = traverse(chain, { run, space, packet, hook, in: incoming, out })
    if (verdict.kind !== 'drop' && verdict.kind !== 'reject') continue
    const text = `dropped on the bridge by ${place.table} ${place.chain}: ${place.text}`
    return lostAt(run, at, frame, { stage: 'bridge', subject: at.link.name, text, details, place })
  }
  return undefined
}
