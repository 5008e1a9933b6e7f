import type { Change } from './change.ts'
import { diffOrder } from './diff-order.ts'
import type { Row } from './diff-rows.ts'
import type { FirewallRule, Namespace } from './snapshot.ts'

/** Rules that came, went or moved, chain by chain: their order decides what a packet meets first. */
export function diffRules(name: string, before: readonly FirewallRule[], after: readonly FirewallRule[]): Change[] {
  const old = byChain(before)
  const current = byChain(after)
  return [...new Set([...old.keys(), ...current.keys()])].flatMap((chain) => {
    const [oldRules, newRules] = [old.get(chain) ?? [], current.get(chain) ?? []]
    return diffOrder(oldRules.map(ruleText), newRules.map(ruleText)).map((change): Change => {
      const was = change.before === undefined ? undefined : oldRules[change.before]
      const is = change.after === undefined ? undefined : newRules[change.after]
      return {
        namespace: name,
        kind: 'firewall',
        action: change.action,
        key: chain,
        ...(was && { before: { position: was.position, text: ruleText(was) } }),
        ...(is && { after: { position: is.position, text: ruleText(is) } }),
      }
    })
  })
}

/** Chains with hook and policy, and the named sets of nft. */
export function firewallRows({ chains, nftSets = [] }: Namespace): Row[] {
  return [
    ...chains.map(({ packets: _, bytes: __, madeBy: ___, backend, family, table, chain, ...fields }) => ({
      key: `chain ${chainName({ backend, family, table, chain })}`,
      fields,
    })),
    ...nftSets.map(({ family, table, name, elements, ...fields }) => ({
      key: `${fields.kind} ${family} ${table} ${name}`,
      fields: { ...fields, elements: elements.map((element) => JSON.stringify(element, withoutAges)).toSorted() },
    })),
  ]
}

type Place = Pick<FirewallRule, 'backend' | 'family' | 'table' | 'chain'>

/** `ip filter INPUT`, with `legacy` before it for the older back end. */
function chainName({ backend, family, table, chain }: Place): string {
  return `${backend === 'legacy' ? 'legacy ' : ''}${family} ${table} ${chain}`
}

function byChain(rules: readonly FirewallRule[]): Map<string, FirewallRule[]> {
  const chains = new Map<string, FirewallRule[]>()
  for (const rule of rules) {
    const name = chainName(rule)
    const list = chains.get(name)
    if (list) list.push(rule)
    else chains.set(name, [rule])
  }
  return chains
}

/** The rule without its counters, which nft writes into the text. */
function ruleText({ syntax, text }: FirewallRule): string {
  return syntax === 'nft' ? text.replace(/\bcounter packets \d+ bytes \d+/, 'counter') : text
}

/** Leaves out what passes by itself in an element of a set. */
function withoutAges(key: string, value: unknown): unknown {
  return key === 'expires' || key === 'counter' ? undefined : value
}
