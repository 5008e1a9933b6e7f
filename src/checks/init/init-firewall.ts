import type { FirewallChain, FirewallRule } from '../../model/snapshot.ts'
import type { Place } from '../rows/link-rows.ts'
import type { Written } from './flow-text.ts'
import type { InitLine } from './init-checks.ts'

/** With more rules than this a line for each is no file that anybody reads: then they are counted. */
const MOST_RULES = 500

/** Each chain with its policy and how many rules it has, and each rule in its place. */
export function firewallLines({ namespace }: Place): readonly InitLine[] {
  const { chains, firewall } = namespace
  const isListed = firewall.length <= MOST_RULES
  return chains
    .toSorted((a, b) => compare(keyOf(a), keyOf(b)))
    .flatMap((chain) => {
      const key = keyOf(chain)
      const rules = firewall.filter((rule) => keyOf(rule) === key).toSorted((a, b) => a.position - b.position)
      return [chainLine(chain, rules.length), ...(isListed ? rules.map(ruleLine) : [])]
    })
}

function chainLine(chain: FirewallChain, rules: number): InitLine {
  const policy = chain.policy === undefined ? {} : { policy: chain.policy }
  return { firewall: whereOf(chain), expect: { ...policy, rules: { length: rules } } }
}

function ruleLine(rule: FirewallRule): InitLine {
  return { firewall: { ...whereOf(rule), position: rule.position }, expect: { rule: rule.text } }
}

type Whereabouts = Pick<FirewallRule, 'backend' | 'family' | 'table' | 'chain'>

function whereOf({ backend, family, table, chain }: Whereabouts): { [key: string]: Written } {
  // a name with a slash in it is no TABLE/CHAIN
  return { chain: chain.includes('/') ? { equal: chain } : chain, table, family, backend }
}

function keyOf({ backend, family, table, chain }: Whereabouts): string {
  return JSON.stringify([backend, family, table, chain])
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
