import type { FirewallChain, NftSet } from '../../model/snapshot.ts'
import { chainKey } from './nft-text.ts'

/** A rule of `nft -j`, before it has its text. */
export interface NftRule {
  readonly handle: number
  readonly comment?: string
  /** Absent for a chain that iptables-nft manages: its text says all. */
  readonly expressions?: readonly unknown[]
}

/** The ruleset of one namespace as `nft -j -a` tells it; keys by {@link chainKey}, in the order of nft. */
export class NftRuleset {
  readonly chains = new Map<string, FirewallChain>()
  readonly rules = new Map<string, NftRule[]>()
  readonly sets: NftSet[] = []
  readonly #isManaged: (chain: string) => boolean

  /** `isManaged`: whether iptables-nft-save printed that chain. */
  constructor(isManaged: (chain: string) => boolean) {
    this.#isManaged = isManaged
  }

  /** Takes one item of the list in libnftables-json(5); kinds it does not know are left out. */
  add(item: unknown): void {
    if (!isRecord(item)) return
    const { chain, rule, set, map } = item
    if (isRecord(chain)) this.#addChain(chain)
    else if (isRecord(rule)) this.#addRule(rule)
    else if (isRecord(set)) this.sets.push(nftSet('set', set))
    else if (isRecord(map)) this.sets.push(nftSet('map', map))
  }

  #addChain(item: Fields): void {
    const [family, table, chain] = [text(item['family']), text(item['table']), text(item['name'])]
    const { hook, prio, type, policy, dev } = item
    this.chains.set(chainKey(family, table, chain), {
      backend: 'nft',
      family,
      table,
      chain,
      ...(typeof hook === 'string' ? { hook } : {}),
      ...(typeof prio === 'number' ? { priority: prio } : {}),
      ...(typeof type === 'string' ? { type } : {}),
      ...(typeof policy === 'string' ? { policy: policy.toUpperCase() } : {}),
      ...(dev === undefined ? {} : { device: Array.isArray(dev) ? dev.join(',') : String(dev) }),
    })
  }

  #addRule(item: Fields): void {
    const { handle, expr, comment } = item
    if (typeof handle !== 'number') return
    const key = chainKey(text(item['family']), text(item['table']), text(item['chain']))
    const rule: NftRule = this.#isManaged(key)
      ? { handle }
      : {
          handle,
          expressions: Array.isArray(expr) ? expr : [],
          ...(typeof comment === 'string' ? { comment } : {}),
        }
    const rules = this.rules.get(key)
    if (rules) rules.push(rule)
    else this.rules.set(key, [rule])
  }
}

type Fields = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function nftSet(kind: 'set' | 'map', item: Fields): NftSet {
  const { flags, elem, map } = item
  return {
    family: text(item['family']),
    table: text(item['table']),
    name: text(item['name']),
    kind,
    type: typeName(item['type']),
    ...(map === undefined ? {} : { dataType: typeName(map) }),
    flags: Array.isArray(flags) ? flags.map(String) : [],
    elements: Array.isArray(elem) ? elem : [],
  }
}

/** `ipv4_addr`; a concatenation as nft writes it, `ipv4_addr . inet_service`. */
function typeName(type: unknown): string {
  if (Array.isArray(type)) return type.map(typeName).join(' . ')
  return typeof type === 'string' ? type : (JSON.stringify(type) ?? '')
}
