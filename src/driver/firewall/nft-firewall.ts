import { deleteNftTable, dumpNftTables, NFNL_SUBSYS, nfnetlinkBatch } from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import type { NetworkHost } from '../network-host.ts'
import { transaction } from '../undo.ts'
import { docker29, type NftLayoutSettings, nftTableName } from './docker29.ts'
import { type Firewall, type FirewallItem, itemFamily } from './firewall.ts'
import { afterChanges, type Change, ItemChanges, keyOf } from './item-changes.ts'
import { changeScript, type NftTable, rebuildScript } from './nft-table.ts'
import type { Family } from './rule.ts'

const FAMILIES = ['ip', 'ip6'] as const
/** linux/netfilter.h */
const NFPROTO = { ip: 2, ip6: 10 } as const

/**
 * Bridge networks' rules in a table of our own, by way of `nft -f`. Accepting a packet here does not save it from other
 * tables: where another firewall drops what it does not know, it has to be told.
 */
export class NftFirewall implements Firewall {
  readonly #host: NetworkHost
  readonly #settings: NftLayoutSettings
  /** As written last; a family that is missing has not been written by us yet. */
  readonly #written = new Map<Family, NftTable>()
  #items: ReadonlyMap<string, FirewallItem>
  readonly #changes: ItemChanges

  /** @param existing whose rules were put there before */
  constructor(host: NetworkHost, settings: NftLayoutSettings, existing: readonly FirewallItem[]) {
    this.#host = host
    this.#settings = settings
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
    this.#written.clear()
  }

  async #transact(changes: readonly Change[]): Promise<void> {
    const items = afterChanges(this.#items, changes)
    await transaction(async (undo) => {
      for (const family of FAMILIES) {
        if (!changes.some((change) => change.items.some((item) => itemFamily(item) === family))) continue
        undo.add(`${family} rules`, () => this.#write(family, this.#items))
        await this.#write(family, items)
      }
    })
    this.#items = items
  }

  async #write(family: Family, items: ReadonlyMap<string, FirewallItem>): Promise<void> {
    const table = docker29(this.#settings, family, [...items.values()])
    if (!table) {
      this.#delete(family)
      return
    }
    const written = this.#written.get(family)
    const script = written ? changeScript(written, table) : this.#firstScript(table)
    if (script === '') return
    try {
      await this.#run(script)
    } catch (error) {
      this.#written.delete(family)
      if (!written) throw error
      // somebody flushed the rules: what we thought was there is not
      await this.#run(rebuildScript(table))
    }
    this.#written.set(family, table)
  }

  #firstScript(table: NftTable): string {
    const there = dumpNftTables(this.#host.netfilter, NFPROTO[table.family]).find(({ name }) => name === table.name)
    if (there && there.comment !== table.comment) {
      throw new TsnetError('failed', `nft table ${table.family} ${table.name}: belongs to somebody else`, {
        hint: 'choose another prefix',
      })
    }
    return rebuildScript(table)
  }

  #delete(family: Family): void {
    const name = nftTableName(this.#settings.chainPrefix)
    const known = this.#written.get(family)
    const { comment } = this.#settings
    const tables = dumpNftTables(this.#host.netfilter, NFPROTO[family])
    const isThere = tables.some((table) => table.name === name && (known !== undefined || table.comment === comment))
    if (isThere) {
      const request = deleteNftTable({ family: NFPROTO[family], name })
      nfnetlinkBatch(this.#host.netfilter, [request], { subsystem: NFNL_SUBSYS.NFTABLES })
    }
    this.#written.delete(family)
  }

  async #run(script: string): Promise<void> {
    await this.#host.run('nft', ['-f', '-'], { input: script, package: 'nftables' })
  }
}
