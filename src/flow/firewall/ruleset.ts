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

/** Which table a chain is in. */
type TableOf = Pick<FirewallChain, 'backend' | 'family' | 'table'>

/** One table of one back end; a chain is put together when a packet comes into it. */
class Table {
  readonly #facts = new Map<string, FirewallChain>()
  readonly #rules: ReadonlyMap<string, readonly FirewallRule[]>
  readonly #chains = new Map<string, Chain>()
  readonly #findSet: SetLookup

  constructor(of: TableOf, { firewall, chains, nftSets = [] }: Tables) {
    for (const facts of chains) if (isInTable(facts, of)) this.#facts.set(facts.chain, facts)
    this.#rules = groupByChain(firewall, of)
    this.#findSet = (name) =>
      nftSets.find((set) => set.name === name && set.table === of.table && set.family === of.family)
  }

  chain(name: string): Chain | undefined {
    let chain = this.#chains.get(name)
    if (chain !== undefined) return chain
    const facts = this.#facts.get(name)
    if (facts === undefined) return undefined
    chain = new Chain(name, facts, this.#rules.get(name) ?? [], this.#findSet)
    this.#chains.set(name, chain)
    return chain
  }
}

function isInTable(a: TableOf, b: TableOf): boolean {
  return a.table === b.table && a.family === b.family && a.backend === b.backend
}

/** The rules of each chain of a table; they come chain by chain. */
function groupByChain(firewall: readonly FirewallRule[], of: TableOf): ReadonlyMap<string, readonly FirewallRule[]> {
  const groups = new Map<string, FirewallRule[]>()
  let name: string | undefined
  let list: FirewallRule[] = []
  for (const rule of firewall) {
    if (!isInTable(rule, of)) continue
    if (name !== rule.chain) {
      name = rule.chain
      list = groups.get(name) ?? []
      groups.set(name, list)
    }
    list.push(rule)
  }
  return groups
}

type Tables = Pick<Namespace, 'firewall' | 'chains' | 'nftSets'>

/** All tables of a namespace, of both back ends. */
export class Ruleset {
  readonly #facts: Tables
  readonly #tables = new Map<string, Table>()
  readonly #bases = new Map<string, BaseChain[]>()

  /** Few hosts have any, and every copy of a frame would ask. */
  readonly hasBridgeChains: boolean

  constructor(facts: Tables) {
    this.#facts = facts
    this.hasBridgeChains = facts.chains.some(({ family }) => family === 'bridge')
  }

  chain(base: TableOf, name: string): Chain | undefined {
    return this.#table(base).chain(name)
  }

  #table(of: TableOf): Table {
    const key = `${of.backend} ${of.family} ${of.table}`
    let table = this.#tables.get(key)
    if (table === undefined) {
      table = new Table(of, this.#facts)
      this.#tables.set(key, table)
    }
    return table
  }

  /** Base chains of a hook in the order in which a packet of that family meets them. */
  bases(family: HookFamily, hook: HookName): readonly BaseChain[] {
    const key = `${family} ${hook}`
    let found = this.#bases.get(key)
    if (found === undefined) {
      const families = FAMILIES[family]
      const here = this.#facts.chains
        .filter((facts) => facts.hook === hook && families.includes(facts.family))
        .flatMap((facts) => this.#table(facts).chain(facts.chain) ?? [])
      // of one priority, the kernel calls first what was registered last
      found = (here as BaseChain[]).reverse().sort((a, b) => priorityOf(a) - priorityOf(b))
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
