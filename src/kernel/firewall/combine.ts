import type { FirewallChain, FirewallRule } from '../../model/snapshot.ts'
import type { NftRule, NftRuleset } from './nft-ruleset.ts'
import { chainKey, type NftText } from './nft-text.ts'
import { ruleCounters, ruleTarget } from './nft-verdict.ts'
import type { SavedRules } from './save-parser.ts'

export interface Rules {
  readonly rules: FirewallRule[]
  readonly chains: FirewallChain[]
}

/** What iptables-nft-save and its relatives printed, by {@link chainKey}. */
export class SavedChains {
  readonly #chains = new Map<string, FirewallChain>()
  readonly #rules = new Map<string, FirewallRule[]>()

  add({ chains, rules }: SavedRules): void {
    for (const chain of chains) this.#chains.set(keyOf(chain), chain)
    for (const rule of rules) {
      const list = this.#rules.get(keyOf(rule))
      if (list) list.push(rule)
      else this.#rules.set(keyOf(rule), [rule])
    }
  }

  has(key: string): boolean {
    return this.#chains.has(key)
  }

  keys(): Iterable<string> {
    return this.#chains.keys()
  }

  chain(key: string): FirewallChain | undefined {
    return this.#chains.get(key)
  }

  rules(key: string): readonly FirewallRule[] {
    return this.#rules.get(key) ?? []
  }

  /** Without what nft says: the built-in chains that the save tools print though they do not exist stay. */
  all(): Rules {
    return { rules: [...this.#rules.values()].flat(), chains: [...this.#chains.values()] }
  }
}

/** Whether both listings show as many rules in every chain, so that handles may be given by order. */
export function listingsAgree(ruleset: NftRuleset, saved: SavedChains): boolean {
  return [...ruleset.chains.keys()].every((key) => !saved.has(key) || handles(ruleset, saved, key) !== undefined)
}

/**
 * The rules of one namespace's nft tables: a chain that a save tool printed with its text and the handles
 * of nft, every other chain as nft writes it.
 */
export function combineNft(ruleset: NftRuleset, saved: SavedChains, texts: NftText): Rules {
  const rules: FirewallRule[] = []
  const chains: FirewallChain[] = []
  // the save tools print built-in chains first, nft in the order they were made
  const keys = new Set([...saved.keys(), ...ruleset.chains.keys()])
  for (const key of keys) {
    const chain = ruleset.chains.get(key)
    if (chain === undefined) continue
    const printed = saved.chain(key)
    chains.push(printed === undefined ? withDevice(chain, texts.device(key)) : withCounters(chain, printed))
    const listed =
      printed === undefined
        ? nativeRules(chain, ruleset.rules.get(key) ?? [], texts)
        : withHandles(saved.rules(key), handles(ruleset, saved, key))
    // not push(...listed): a chain may have more rules than a call may have arguments
    for (const rule of listed) rules.push(rule)
  }
  return { rules, chains }
}

/** nft 1.0 leaves the device out of its JSON. */
function withDevice(chain: FirewallChain, device: string | undefined): FirewallChain {
  return device === undefined || chain.device !== undefined ? chain : { ...chain, device }
}

function withCounters(chain: FirewallChain, { packets, bytes }: FirewallChain): FirewallChain {
  return packets === undefined || bytes === undefined ? chain : { ...chain, packets, bytes }
}

function nativeRules(chain: FirewallChain, rules: readonly NftRule[], texts: NftText): FirewallRule[] {
  const key = keyOf(chain)
  return rules.map(({ handle, comment, expressions = [] }, position) => {
    const target = ruleTarget(expressions)
    return {
      backend: 'nft',
      family: chain.family,
      table: chain.table,
      chain: chain.chain,
      handle,
      position: position + 1,
      text: texts.text(key, handle) ?? JSON.stringify(expressions),
      syntax: 'nft',
      ...ruleCounters(expressions),
      ...(comment === undefined ? {} : { comment }),
      ...(target === undefined ? {} : { target }),
      expressions,
    }
  })
}

/** Handles of a chain's rules in order; undefined when the two listings differ in length. */
function handles(ruleset: NftRuleset, saved: SavedChains, key: string): number[] | undefined {
  const listed = (ruleset.rules.get(key) ?? []).map(({ handle }) => handle)
  const printed = saved.rules(key).length
  // the policy of a user's chain in ebtables is a last rule that ebtables-save does not print as one
  const policyRule = saved.chain(key)?.family === 'bridge' && ruleset.chains.get(key)?.hook === undefined
  return listed.length === printed || (policyRule && listed.length === printed + 1) ? listed : undefined
}

function withHandles(rules: readonly FirewallRule[], list: readonly number[] | undefined): readonly FirewallRule[] {
  if (list === undefined) return rules
  return rules.map((rule, position) => {
    const handle = list[position]
    return handle === undefined ? rule : { ...rule, handle }
  })
}

function keyOf({ family, table, chain }: Pick<FirewallChain, 'family' | 'table' | 'chain'>): string {
  return chainKey(family, table, chain)
}
