import { messageOf, TsnetError } from '../../../errors.ts'
import { overlaps, parseCidr } from '../../ipam/cidr.ts'
import { linkAlias } from '../../link-alias.ts'
import type { NetworkConfig } from '../../network-driver.ts'
import { transaction, type UndoStack } from '../../undo.ts'
import type { BridgeEndpoints } from './bridge-endpoints.ts'
import { ensureBridge, raiseBridge, removeBridge } from './bridge-link.ts'
import { allItems, type BridgeParts, baseItems } from './bridge-parts.ts'
import type { NetworkRecord } from './bridge-records.ts'
import { type BridgeSettings, bridgeSettings } from './bridge-settings.ts'
import { familiesOf, networkItems } from './firewall-items.ts'

/** Makes and removes bridges with what belongs to them. One at a time, for they share settings of the host. */
export class BridgeNetworks {
  readonly #parts: BridgeParts
  readonly #endpoints: BridgeEndpoints
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: BridgeParts, endpoints: BridgeEndpoints) {
    this.#parts = parts
    this.#endpoints = endpoints
  }

  create(config: NetworkConfig): Promise<void> {
    return this.#inTurn(() => this.#create(config))
  }

  delete(networkId: string): Promise<void> {
    return this.#inTurn(() => this.#delete(networkId))
  }

  /** @returns what could not be made */
  restore(): Promise<string[]> {
    return this.#inTurn(() => this.#restore())
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #create(config: NetworkConfig): Promise<void> {
    const { records, firewall, settings: host } = this.#parts
    const known = records.network(config.id)
    const settings = known?.settings ?? bridgeSettings(config)
    if (!known) this.#checkConflicts(config.id, settings)
    const record = known ?? { id: config.id, sequence: records.nextSequence(), settings }
    await transaction(async (undo) => {
      // on the stack first: a step may fail half-way, and taking back what is not there is no error
      if (!known) {
        undo.add('settings of the host', () => this.#restoreHost())
        undo.add('record', () => records.deleteNetwork(config.id))
        records.putNetwork(record)
      }
      for (const family of familiesOf(settings)) host.forward(family)
      this.#makeBridge(record, known ? undefined : undo)
      const items = [...familiesOf(settings).flatMap((family) => baseItems(family, host)), ...networkItems(record)]
      if (!known) undo.add('rules', () => this.#removeRules(record))
      await firewall.add(items)
      this.#finish(record)
    })
  }

  #makeBridge(record: NetworkRecord, undo: UndoStack | undefined): void {
    const { host, hasProxy, records } = this.#parts
    const { settings, id } = record
    undo?.add(`bridge ${settings.bridge}`, () => this.#removeBridge(records.network(id) ?? record))
    const { lent } = ensureBridge(host, { settings, alias: this.#alias(id), routeLocalnet: !hasProxy })
    if (lent.length > 0) records.putNetwork({ ...record, lent: [...(record.lent ?? []), ...lent] })
  }

  /** After the rules are there: containers are not to be reached before. */
  #finish({ settings }: NetworkRecord): void {
    if (!settings.icc) for (const family of familiesOf(settings)) this.#parts.settings.filterBridges(family)
    raiseBridge(this.#parts.host, settings)
  }

  async #delete(networkId: string): Promise<void> {
    const { records } = this.#parts
    const record = records.network(networkId)
    if (!record) return
    await this.#endpoints.deleteAll(networkId)
    await this.#removeRules(record)
    this.#removeBridge(record)
    records.deleteNetwork(networkId)
    this.#restoreHost()
  }

  #removeBridge({ id, settings: { bridge }, lent = [] }: NetworkRecord): void {
    removeBridge(this.#parts.host, bridge, { alias: this.#alias(id), lent })
  }

  async #removeRules(record: NetworkRecord): Promise<void> {
    const { records, firewall, settings } = this.#parts
    const others = records.networks().filter(({ id }) => id !== record.id)
    const last = familiesOf(record.settings).filter(
      (family) => !others.some((other) => familiesOf(other.settings).includes(family)),
    )
    await firewall.remove([...networkItems(record), ...last.flatMap((family) => baseItems(family, settings).reverse())])
  }

  /** With the last network, the host is as it was before the first. */
  #restoreHost(): void {
    if (this.#parts.records.networks().length === 0) this.#parts.settings.restore()
  }

  async #restore(): Promise<string[]> {
    const { records, firewall, settings } = this.#parts
    const problems: string[] = []
    const attempt = async (what: string, action: () => void | Promise<void>): Promise<void> => {
      try {
        await action()
      } catch (error) {
        problems.push(`${what}: ${messageOf(error)}`)
      }
    }
    for (const record of records.networks()) {
      await attempt(`network ${record.id.slice(0, 12)}`, () => {
        for (const family of familiesOf(record.settings)) settings.forward(family)
        this.#makeBridge(record, undefined)
      })
    }
    firewall.forget()
    await attempt('rules', () => firewall.add(allItems(records, settings)))
    for (const record of records.networks()) {
      await attempt(`network ${record.id.slice(0, 12)}`, () => {
        this.#finish(record)
        this.#endpoints.reattach(record)
      })
    }
    return problems
  }

  #alias(id: string): string {
    return linkAlias(this.#parts.tag, { kind: 'network', id })
  }

  #checkConflicts(id: string, settings: BridgeSettings): void {
    for (const other of this.#parts.records.networks()) {
      const reason = conflict(settings, other.settings)
      if (reason === undefined) continue
      const names = [id, other.id].map((one) => one.slice(0, 12))
      throw new TsnetError(
        'failed',
        `cannot create network ${names[0]} (${settings.bridge}): conflicts with network ${names[1]} (${other.settings.bridge}): ${reason}`,
      )
    }
  }
}

function conflict(one: BridgeSettings, other: BridgeSettings): string | undefined {
  if (one.bridge === other.bridge) return 'networks have same bridge name'
  if (isOverlap(one.ipv4?.subnet, other.ipv4?.subnet)) return 'networks have overlapping IPv4'
  return isOverlap(one.ipv6?.subnet, other.ipv6?.subnet) ? 'networks have overlapping IPv6' : undefined
}

function isOverlap(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && overlaps(parseCidr(one), parseCidr(other))
}
