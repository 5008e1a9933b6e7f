import { messageOf, TsnetError } from '../../errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d
/** `{"nftables": [` ITEM `, ` ITEM … `]}`: an item begins inside the object and its array. */
const ITEM_DEPTH = 2

/**
 * Cuts the output of `nft -j` into its items as it arrives and parses each by itself, so that a ruleset of
 * hundreds of megabytes is never one value (libnftables-json(5)).
 */
export class NftItems {
  readonly #take: (item: unknown) => void
  #depth = 0
  #inString = false
  #escaped = false
  #parts: Buffer[] = []

  constructor(take: (item: unknown) => void) {
    this.#take = take
  }

  /** @throws TsnetError `failed`: an item is not JSON; and what `take` throws. */
  push(chunk: Buffer): void {
    let start = this.#depth > ITEM_DEPTH ? 0 : -1
    for (let at = 0; at < chunk.length; at++) {
      const change = this.#step(chunk[at] ?? 0)
      if (change === 0) continue
      this.#depth += change
      if (change > 0 && this.#depth === ITEM_DEPTH + 1) start = at
      else if (change < 0 && this.#depth === ITEM_DEPTH) {
        this.#parts.push(chunk.subarray(Math.max(start, 0), at + 1))
        this.#emit()
        start = -1
      }
    }
    if (start >= 0) this.#parts.push(Buffer.from(chunk.subarray(start)))
  }

  /** @throws TsnetError `failed`: the output ends in the middle. */
  finish(): void {
    if (this.#depth !== 0 || this.#inString) throw new TsnetError('failed', 'nft -j: the output ends in the middle')
  }

  /** How much deeper this byte leads. */
  #step(byte: number): -1 | 0 | 1 {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) this.#inString = false
      return 0
    }
    if (byte === QUOTE) this.#inString = true
    else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) return 1
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) return -1
    return 0
  }

  #emit(): void {
    const text = Buffer.concat(this.#parts).toString()
    this.#parts = []
    let item: unknown
    try {
      item = JSON.parse(text)
    } catch (cause) {
      throw new TsnetError('failed', `nft -j: ${messageOf(cause)}`, { cause })
    }
    this.#take(item)
  }
}
