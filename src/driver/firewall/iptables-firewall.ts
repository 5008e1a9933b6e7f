import { TsnetError } from '../../errors.ts'
import type { NetworkHost } from '../network-host.ts'
import { transaction } from '../undo.ts'
import { type Firewall, type FirewallItem, type FirewallMemory, itemFamily } from './firewall.ts'
import { IptablesTool } from './iptables-tool.ts'
import { afterChanges, type Change, ItemChanges, keyOf } from './item-changes.ts'
import type { Layout } from './layout.ts'
import { restoreScript } from './restore-script.ts'
import type { Family, Operation, Rule } from './rule.ts'
import type { Ruleset } from './ruleset.ts'
import { undoOperations } from './undo-operations.ts'

interface Step {
  readonly family: Family
  readonly before: Ruleset
  readonly after: Ruleset
}

const FAMILIES = ['ip', 'ip6'] as const

/** Bridge networks' rules by way of iptables-restore: one child a family and transaction. */
export class IptablesFirewall implements Firewall {
  readonly #tool: IptablesTool
  readonly #layout: Layout
  readonly #memory: FirewallMemory
  #items: ReadonlyMap<string, FirewallItem>
  readonly #changes: ItemChanges

  /** @param existing whose rules were put there before */
  constructor(
    host: NetworkHost,
    layout: Layout,
    { memory, existing }: { readonly memory: FirewallMemory; readonly existing: readonly FirewallItem[] },
  ) {
    this.#tool = new IptablesTool(host)
    this.#layout = layout
    this.#memory = memory
    this.#items = new Map(existing.map((item) => [keyOf(item), item]))
    this.#changes = new ItemChanges((changes) => this.#transact(changes))
  }

  add(items: readonly FirewallItem[]): Promise<void> {
    return this.#changes.add(items)
  }

  remove(items: readonly FirewallItem[]): Promise<void> {
    return this.#changes.remove(items)
  }

  forget(): void {
    this.#tool.forget()
  }

  async #transact(changes: readonly Change[]): Promise<void> {
    try {
      await this.#attempt(changes)
    } catch (error) {
      if (!(error instanceof TsnetError) || error.code !== 'failed') throw error
      // an engine that starts may have changed its rules and ours between our look and our change
      this.#tool.forget()
      await this.#attempt(changes)
    }
  }

  async #attempt(changes: readonly Change[]): Promise<void> {
    const items = afterChanges(this.#items, changes)
    const done = await transaction(async (undo) => {
      const steps: Step[] = []
      for (const family of FAMILIES) {
        const ofFamily = changes.map(({ act, items }) => ({
          act,
          items: items.filter((i) => itemFamily(i) === family),
        }))
        if (ofFamily.every((change) => change.items.length === 0)) continue
        const step = await this.#plan(family, ofFamily, [...items.values()])
        undo.add(`${family} rules`, () => this.#undo(step))
        await this.#write(step)
        steps.push(step)
      }
      return steps
    })
    this.#items = items
    for (const { family, after } of done) this.#deleteBlankTables(family, after)
  }

  async #plan(family: Family, changes: readonly Change[], remaining: readonly FirewallItem[]): Promise<Step> {
    const before = await this.#tool.read(family)
    const shared = changes.some(({ act }) => act === 'remove') ? this.#rulesOfPorts(remaining) : new Set<string>()
    const isShared = (operation: Operation): boolean => operation.act === 'remove' && shared.has(ruleKey(operation))
    let after = before
    for (const { act, items } of changes) {
      for (const item of items) {
        const rules = after
        const surroundings = { hasChain: (table: string, chain: string) => rules.chains(table).has(chain) }
        if (act === 'remove' && item.kind === 'forwardDrop' && !this.#memory.read().policies.includes(family)) continue
        const operations = this.#layout[act](item, surroundings)
        after = rules.after(item.kind === 'port' ? operations.filter((one) => !isShared(one)) : operations)
      }
    }
    return { family, before, after }
  }

  async #write({ family, before, after }: Step): Promise<void> {
    const script = restoreScript(before, after)
    if (script.text === '') return
    const made = script.tables.filter((table) => !before.tables.includes(table)).map((table) => `${family} ${table}`)
    const { tables, policies } = this.#memory.read()
    const closed = isOpen(before) && !isOpen(after)
    if (made.length > 0) this.#memory.write({ tables: [...new Set([...tables, ...made])] })
    if (closed) this.#memory.write({ policies: [...new Set([...policies, family])] })
    await this.#tool.write(family, script, after)
  }

  /** Two ports of the host may lead to the same one of a container, and all SCTP ports share a rule. */
  #rulesOfPorts(items: readonly FirewallItem[]): ReadonlySet<string> {
    const operations = items.flatMap((item) =>
      item.kind === 'port' ? this.#layout.add(item, { hasChain: () => false }) : [],
    )
    return new Set(operations.flatMap((operation) => ('text' in operation ? [ruleKey(operation)] : [])))
  }

  async #undo({ family, before, after }: Step): Promise<void> {
    const now = await this.#tool.read(family)
    const then = now.after(undoOperations(family, before, after))
    const script = restoreScript(now, then)
    if (script.text !== '') await this.#tool.write(family, script, then)
    this.#deleteBlankTables(family, then)
  }

  /** Tables that were made for our rules and have none left: looking at the host again must show what was there. */
  #deleteBlankTables(family: Family, rules: Ruleset): void {
    if (this.#isUsed(family)) return
    const { tables, policies } = this.#memory.read()
    const blank = tables.filter((table) => table.startsWith(`${family} `) && rules.isBlank(tableName(table)))
    for (const name of blank.map(tableName)) if (rules.tables.includes(name)) this.#tool.deleteTable(family, name)
    this.#memory.write({
      tables: tables.filter((table) => !blank.includes(table)),
      policies: policies.filter((one) => one !== family || !isOpen(rules)),
    })
  }

  #isUsed(family: Family): boolean {
    return [...this.#items.values()].some((item) => itemFamily(item) === family)
  }
}

function isOpen(rules: Ruleset): boolean {
  return rules.policy({ table: 'filter', chain: 'FORWARD' }) === 'ACCEPT'
}

/** Of `ip nat`. */
function tableName(table: string): string {
  return table.slice(table.indexOf(' ') + 1)
}

function ruleKey({ table, chain, text }: Rule): string {
  return `${table} ${chain} ${text}`
}
