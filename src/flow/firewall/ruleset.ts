import type { FirewallChain, FirewallRule, Namespace, NftSet } from '../../model/snapshot.ts'
import { ChainIndex } from './chain-index.ts'
import { compileIptables } from './iptables/compile.ts'
import { compileNft } from './nft/compile.ts'
import type { CompiledRule, HookName, RuleContext } from './rule.ts'

/** One chain; a rule of it is compiled when the first packet comes that it may match. */
export class Chain {
  readonly name: string
  readonly facts: FirewallChain | undefined
  readonly rules: readonly FirewallRule[]
  readonly sets: SetLookup
  #index: ChainIndex | undefined

  constructor(name: string, facts: FirewallChain | undefined, rules: readonly FirewallRule[], sets: SetLookup) {
    this.name = name
    this.facts = facts
    this.rules = rules
    this.sets = sets
  }

  /** The rules that may match the packet, in order. */
  *candidates(context: RuleContext): Generator<CompiledRule> {
    if (this.rules.length >= WORTH_AN_INDEX) this.#index ??= new ChainIndex(this.rules)
    if (this.#index === undefined || this.#index.isUseless) {
      for (const rule of this.rules) yield compiledRule(rule, this.sets)
      return
    }
    for (const position of this.#index.positions(context)) {
      const rule = this.rules[position]
      if (rule !== undefined) yield compiledRule(rule, this.sets)
    }
  }
}

/** Shorter chains are looked through faster than looked up. */
const WORTH_AN_INDEX = 24

/** Named sets and maps by name, of one table. */
export type SetLookup = (name: string) => NftSet | undefined

const compiledRules = new WeakMap<FirewallRule, CompiledRule>()

function compiledRule(rule: FirewallRule, sets: SetLookup): CompiledRule {
  let compiled = compiledRules.get(rule)
  if (compiled === undefined) {
    compiled = rule.syntax === 'iptables' ? compileIptables(rule) : compileNft(rule, sets)
    compiledRules.set(rule, compiled)
  }
  return compiled
}

/** A chain that hangs in a hook. */
export interface BaseChain extends Chain {
  readonly facts: FirewallChain
}

/** All tables of a namespace, of both back ends. */
export class Ruleset {
  readonly #chains = new Map<string, Chain>()
  readonly #bases = new Map<string, BaseChain[]>()

  constructor({ firewall, chains, nftSets = [] }: Pick<Namespace, 'firewall' | 'chains' | 'nftSets'>) {
    const rules = groupByChain(firewall)
    let sets: ReadonlyMap<string, NftSet> | undefined
    const setOf = (key: string) => {
      sets ??= new Map(nftSets.map((set) => [`${set.family}\n${set.table}\n${set.name}`, set]))
      return sets.get(key)
    }
    for (const facts of chains) {
      const key = chainKey(facts, facts.chain)
      const find: SetLookup = (name) => setOf(`${facts.family}\n${facts.table}\n${name}`)
      this.#chains.set(key, new Chain(facts.chain, facts, rules.get(key) ?? [], find))
    }
  }

  chain(base: Pick<FirewallChain, 'backend' | 'family' | 'table'>, name: string): Chain | undefined {
    return this.#chains.get(chainKey(base, name))
  }

  /** Base chains of a hook in the order in which a packet of that family meets them. */
  bases(family: HookFamily, hook: HookName): readonly BaseChain[] {
    const key = `${family} ${hook}`
    let found = this.#bases.get(key)
    if (found === undefined) {
      const families = FAMILIES[family]
      const here = [...this.#chains.values()].filter(
        (chain): chain is BaseChain =>
          chain.facts !== undefined && chain.facts.hook === hook && families.includes(chain.facts.family),
      )
      // of one priority, the kernel calls first what was registered last
      found = here.reverse().sort((a, b) => priorityOf(a) - priorityOf(b))
      this.#bases.set(key, found)
    }
    return found
  }
}

/** By IP version, or the layer below it. */
export type HookFamily = 4 | 6 | 'bridge' | 'arp' | 'netdev'

const FAMILIES: Readonly<Record<HookFamily, readonly string[]>> = {
  4: ['ip', 'inet'],
  6: ['ip6', 'inet'],
  bridge: ['bridge'],
  arp: ['arp'],
  netdev: ['netdev', 'inet'],
}

export function priorityOf({ facts }: BaseChain): number {
  return facts.priority ?? 0
}

/** The rules of each chain. They come chain by chain, so a key is made for each chain and not for each rule. */
function groupByChain(firewall: readonly FirewallRule[]): ReadonlyMap<string, readonly FirewallRule[]> {
  const groups = new Map<string, FirewallRule[]>()
  let last: FirewallRule | undefined
  let list: FirewallRule[] = []
  for (const rule of firewall) {
    if (last === undefined || !isSameChain(last, rule)) {
      const key = chainKey(rule, rule.chain)
      list = groups.get(key) ?? []
      groups.set(key, list)
    }
    list.push(rule)
    last = rule
  }
  return groups
}

function isSameChain(a: FirewallRule, b: FirewallRule): boolean {
  return a.chain === b.chain && a.table === b.table && a.family === b.family && a.backend === b.backend
}

function chainKey(
  { backend, family, table }: Pick<FirewallChain, 'backend' | 'family' | 'table'>,
  chain: string,
): string {
  return `${backend}\n${family}\n${table}\n${chain}`
}

const rulesets = new WeakMap<readonly FirewallRule[], WeakMap<readonly FirewallChain[], Ruleset>>()

/** The compiled rules of a namespace, for as long as its facts are the same objects. */
export function rulesetOf(namespace: Namespace): Ruleset {
  let byChains = rulesets.get(namespace.firewall)
  if (byChains === undefined) {
    byChains = new WeakMap()
    rulesets.set(namespace.firewall, byChains)
  }
  let ruleset = byChains.get(namespace.chains)
  if (ruleset === undefined) {
    ruleset = new Ruleset(namespace)
    byChains.set(namespace.chains, ruleset)
  }
  return ruleset
}
