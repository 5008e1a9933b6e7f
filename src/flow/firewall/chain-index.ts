import type { FirewallRule } from '../../model/snapshot.ts'
import { type Ip, toPrefix } from '../address.ts'
import { PrefixMap } from '../prefix-map.ts'
import { iptablesKeys } from './iptables/keys.ts'
import { nftKeys, nftRewrites } from './nft/keys.ts'
import type { RuleContext } from './rule.ts'

/** Finds the few rules of a long chain that name the packet's own address, port or link, and those that name none. */
export class ChainIndex {
  readonly #destinations = new AddressBuckets()
  readonly #sources = new AddressBuckets()
  readonly #ports: Bucket<number> = new Map()
  readonly #outs: Bucket<string> = new Map()
  readonly #ins: Bucket<string> = new Map()
  readonly #rest: number[] = []

  /** A rule changes what others are found by. */
  readonly isUseless: boolean

  constructor(rules: readonly FirewallRule[]) {
    this.isUseless = rules.some((rule) => rule.syntax === 'nft' && nftRewrites(rule))
    if (this.isUseless) return
    for (let position = 0; position < rules.length; position++) this.#add(rules[position] as FirewallRule, position)
  }

  #add(rule: FirewallRule, position: number): void {
    const keys = rule.syntax === 'iptables' ? iptablesKeys(rule.text) : nftKeys(rule)
    if (keys.destination !== undefined && this.#destinations.add(keys.destination, position)) return
    if (keys.source !== undefined && this.#sources.add(keys.source, position)) return
    if (keys.destinationPort !== undefined) put(this.#ports, keys.destinationPort, position)
    else if (keys.out !== undefined) put(this.#outs, keys.out, position)
    else if (keys.in !== undefined) put(this.#ins, keys.in, position)
    else this.#rest.push(position)
  }

  /** Ascending. */
  positions({ packet, in: incoming, out }: RuleContext): readonly number[] {
    const lists = [
      ...this.#destinations.find(packet.destination),
      ...this.#sources.find(packet.source),
      packet.destinationPort === undefined ? undefined : this.#ports.get(packet.destinationPort),
      out === undefined ? undefined : this.#outs.get(out.name),
      incoming === undefined ? undefined : this.#ins.get(incoming.name),
    ].filter((list) => list !== undefined)
    if (lists.length === 0) return this.#rest
    return [...lists.flat(), ...this.#rest].sort((a, b) => a - b)
  }
}

type Bucket<Key> = Map<Key, number[]>

function put<Key>(bucket: Bucket<Key>, key: Key, position: number): void {
  const list = bucket.get(key)
  if (list === undefined) bucket.set(key, [position])
  else list.push(position)
}

/** Positions by single address, which are found by their text, and by prefix. */
class AddressBuckets {
  readonly #exact: Bucket<string> = new Map()
  readonly #prefixes = { 4: new PrefixMap<number>(), 6: new PrefixMap<number>() }

  /** False when nobody can read the prefix. */
  add(text: string, position: number): boolean {
    if (!text.includes('/')) {
      put(this.#exact, text, position)
      return true
    }
    const prefix = toPrefix(text)
    if (prefix === undefined) return false
    this.#prefixes[prefix.family].add(prefix, position)
    return true
  }

  find(address: Ip): readonly (readonly number[])[] {
    const exact = this.#exact.get(address.text)
    const covering = this.#prefixes[address.family].covering(address)
    return exact === undefined ? covering : [exact, ...covering]
  }
}
