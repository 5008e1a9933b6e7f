import type { Ip, Prefix } from './address.ts'

/** Prefixes that share their masks, by the bits that they share. */
interface Level<T> {
  readonly length: number
  readonly masks: readonly number[]
  readonly networks: Map<number | string, T[]>
}

/** Things by prefix, all of one family; finding those that cover an address costs no more than there are lengths. */
export class PrefixMap<T> {
  readonly #levels = new Map<number | string, Level<T>>()
  #ordered: readonly Level<T>[] | undefined

  add({ length, masks, words }: Prefix, value: T): void {
    const level = this.#level(length, masks)
    const network = networkKey(words, masks)
    const list = level.networks.get(network)
    if (list === undefined) level.networks.set(network, [value])
    else list.push(value)
  }

  #level(length: number, masks: readonly number[]): Level<T> {
    const key = masks.length === 1 ? (masks[0] ?? 0) : masks.join(':')
    let level = this.#levels.get(key)
    if (level === undefined) {
      level = { length, masks, networks: new Map() }
      this.#levels.set(key, level)
      this.#ordered = undefined
    }
    return level
  }

  /** What was added under each prefix that covers the address, the longest first. */
  covering({ words }: Ip): readonly (readonly T[])[] {
    this.#ordered ??= [...this.#levels.values()].sort((a, b) => b.length - a.length)
    let all: (readonly T[])[] | undefined
    for (const { masks, networks } of this.#ordered) {
      const found = networks.get(networkKey(words, masks))
      if (found === undefined) continue
      if (all === undefined) all = [found]
      else all.push(found)
    }
    return all ?? NOTHING
  }

  *lists(): Generator<T[]> {
    for (const { networks } of this.#levels.values()) yield* networks.values()
  }
}

const NOTHING: readonly never[] = []

function networkKey(words: readonly number[], masks: readonly number[]): number | string {
  if (words.length === 1) return ((words[0] ?? 0) & (masks[0] ?? 0)) >>> 0
  return words.map((word, at) => (word & (masks[at] ?? 0)) >>> 0).join(':')
}
