import type { Space } from '../../flow/world.ts'
import type { Place } from '../../model/journey.ts'
import type { FirewallRule } from '../../model/snapshot.ts'
import type { DraftFix } from './check.ts'
import { iptables, step } from './draft.ts'
import { splitRule } from './steps.ts'

/** Takes a rule out of its chain, and back to its place. */
export function ruleRemoval(space: Space, place: Place): DraftFix | undefined {
  const rule = space.namespace.firewall.find(
    (each) =>
      each.backend === place.backend &&
      each.family === place.family &&
      each.table === place.table &&
      each.chain === place.chain &&
      each.position === place.position,
  )
  return rule === undefined ? undefined : removalOf(space, rule)
}

export function removalOf(space: Space, rule: FirewallRule): DraftFix {
  const { chain, table, position, family, handle = 0 } = rule
  const summary = `removes rule ${position} of ${chain}`
  const warning = 'somebody wrote the rule for a reason'
  if (rule.syntax === 'nft') {
    return {
      steps: [step(space, ['nft', 'delete', 'rule', family, table, chain, 'handle', String(handle)])],
      summary,
      warning,
    }
  }
  const tool = [iptables(rule), '-t', table]
  const back = [...tool, '-I', chain, String(position), ...splitRule(rule.text)]
  return { steps: [step(space, [...tool, '-D', chain, String(position)], back)], summary, warning }
}
