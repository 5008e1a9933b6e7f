import type { SavedRules } from '../../kernel/firewall/save-parser.ts'
import type { ChainPlace, Operation, Rule } from './rule.ts'

interface Chain {
  /** Of a chain that iptables makes itself. */
  readonly policy: string | undefined
  readonly rules: readonly string[]
}

type Chains = ReadonlyMap<string, Chain>

interface ChainName {
  readonly table: string
  readonly chain: string
}

/** The rules of one family as iptables-save gave them, or as they would be after some operations. Immutable. */
export class Ruleset {
  readonly #tables: ReadonlyMap<string, Chains>

  private constructor(tables: ReadonlyMap<string, Chains>) {
    this.#tables = tables
  }

  static of({ chains, rules }: SavedRules): Ruleset {
    const tables = new Map<string, Map<string, { policy: string | undefined; rules: string[] }>>()
    for (const { table, chain, policy } of chains) {
      const inTable = tables.get(table) ?? new Map()
      tables.set(table, inTable.set(chain, { policy, rules: [] }))
    }
    for (const { table, chain, text } of rules) tables.get(table)?.get(chain)?.rules.push(text)
    return new Ruleset(tables)
  }

  get tables(): readonly string[] {
    return [...this.#tables.keys()]
  }

  chains(table: string): Chains {
    return this.#tables.get(table) ?? new Map()
  }

  /** Undefined: there is no such chain. A chain of iptables' own is there even before its table is. */
  rules({ table, chain }: ChainName): readonly string[] | undefined {
    return this.chains(table).get(chain)?.rules ?? (BUILTIN.has(chain) ? [] : undefined)
  }

  policy({ table, chain }: ChainName): string | undefined {
    return this.chains(table).get(chain)?.policy ?? (BUILTIN.has(chain) ? 'ACCEPT' : undefined)
  }

  /** Whether a table holds nothing but the chains of iptables' own, without rules and with policy ACCEPT. */
  isBlank(table: string): boolean {
    return [...this.chains(table).values()].every(({ policy, rules }) => policy === 'ACCEPT' && rules.length === 0)
  }

  after(operations: readonly Operation[]): Ruleset {
    return operations.reduce<Ruleset>((ruleset, operation) => ruleset.#apply(operation), this)
  }

  #apply(operation: Operation): Ruleset {
    switch (operation.act) {
      case 'chain':
        return this.rules(operation) ? this : this.#withRules(operation, [])
      case 'append':
      case 'insert':
      case 'first':
        return this.#put(operation.act, operation)
      case 'place':
        return this.#place(operation, operation.position)
      case 'remove':
        return this.#remove(operation)
      case 'policy':
        return this.#with(operation, { policy: operation.policy, rules: this.rules(operation) ?? [] })
      case 'drop':
        return this.#drop(operation, operation)
    }
  }

  #put(place: 'append' | 'insert' | 'first', rule: Rule): Ruleset {
    const rules = this.rules(rule) ?? []
    const at = rules.indexOf(rule.text)
    if (at >= 0 && (place !== 'first' || at === 0)) return this
    const others = at < 0 ? rules : rules.filter((_, position) => position !== at)
    return this.#withRules(rule, place === 'append' ? [...others, rule.text] : [rule.text, ...others])
  }

  #place(rule: Rule, position: number): Ruleset {
    const rules = this.rules(rule) ?? []
    if (rules.includes(rule.text)) return this
    return this.#withRules(rule, [...rules.slice(0, position), rule.text, ...rules.slice(position)])
  }

  #remove(rule: Rule): Ruleset {
    const rules = this.rules(rule) ?? []
    const at = rules.indexOf(rule.text)
    if (at < 0) return this
    return this.#withRules(
      rule,
      rules.filter((_, position) => position !== at),
    )
  }

  #drop(place: ChainPlace, { jumps, onlyWith }: { jumps: readonly Rule[]; onlyWith?: readonly string[] }): Ruleset {
    const rules = this.chains(place.table).get(place.chain)?.rules
    if (!rules || (onlyWith && rules.some((rule) => !onlyWith.includes(rule)))) return this
    const without = jumps.reduce<Ruleset>((ruleset, jump) => ruleset.#remove(jump), this)
    // somebody else's jump keeps the chain, as the kernel would
    if (without.#isReferenced(place)) return without.#withRules(place, [])
    const chains = new Map(without.chains(place.table))
    chains.delete(place.chain)
    return new Ruleset(new Map(without.#tables).set(place.table, chains))
  }

  #isReferenced({ table, chain }: ChainName): boolean {
    const jump = new RegExp(`(?:^| )-[jg] ${chain}$`)
    return [...this.chains(table)].some(([name, { rules }]) => name !== chain && rules.some((rule) => jump.test(rule)))
  }

  #withRules(place: ChainName, rules: readonly string[]): Ruleset {
    return this.#with(place, { policy: this.policy(place), rules })
  }

  #with({ table, chain }: ChainName, content: Chain): Ruleset {
    return new Ruleset(new Map(this.#tables).set(table, new Map(this.chains(table)).set(chain, content)))
  }
}

/** man iptables: the chains of the tables. */
const BUILTIN = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])
