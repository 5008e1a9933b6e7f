import type { FirewallItem } from './firewall.ts'
import { Gatherer } from './gatherer.ts'

export interface Change {
  readonly act: 'add' | 'remove'
  readonly items: readonly FirewallItem[]
}

/** Gathers changes into transactions; where one fails, the others of the same transaction are tried again without it. */
export class ItemChanges {
  readonly #transact: (changes: readonly Change[]) => Promise<void>
  readonly #changes: Gatherer<Change>

  constructor(transact: (changes: readonly Change[]) => Promise<void>) {
    this.#transact = transact
    this.#changes = new Gatherer((changes) => this.#together(changes))
  }

  add(items: readonly FirewallItem[]): Promise<void> {
    return this.#changes.add({ act: 'add', items })
  }

  remove(items: readonly FirewallItem[]): Promise<void> {
    return this.#changes.add({ act: 'remove', items })
  }

  async #together(changes: readonly Change[]): Promise<unknown[]> {
    const failure = await this.#try(changes)
    if (failure === undefined || changes.length === 1) return [failure]
    const errors: unknown[] = []
    for (const change of changes) errors.push(await this.#try([change]))
    return errors
  }

  async #try(changes: readonly Change[]): Promise<unknown> {
    try {
      await this.#transact(changes)
      return undefined
    } catch (error) {
      return error
    }
  }
}

export function afterChanges(
  items: ReadonlyMap<string, FirewallItem>,
  changes: readonly Change[],
): ReadonlyMap<string, FirewallItem> {
  const after = new Map(items)
  for (const { act, items: changed } of changes) {
    for (const item of changed) {
      if (act === 'add') after.set(keyOf(item), item)
      else after.delete(keyOf(item))
    }
  }
  return after
}

export function keyOf(item: FirewallItem): string {
  return JSON.stringify(item)
}
