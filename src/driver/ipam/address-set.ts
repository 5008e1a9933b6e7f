/** First and last address, both in the set. */
export type AddressRange = readonly [first: bigint, last: bigint]

/**
 * A set of addresses as ranges in ascending order that neither overlap nor touch. It costs what its gaps cost: a
 * pool that is filled from its beginning is one range, be it a /8 or a /64.
 */
export class AddressSet {
  readonly #ranges: AddressRange[]

  /** @param ranges ascending, with gaps between them */
  constructor(ranges: readonly AddressRange[] = []) {
    this.#ranges = [...ranges]
  }

  get ranges(): readonly AddressRange[] {
    return this.#ranges
  }

  has(address: bigint): boolean {
    const range = this.#ranges[this.#position(address)]
    return range !== undefined && range[0] <= address
  }

  /** No change when it is in the set. */
  add(address: bigint): void {
    const at = this.#position(address)
    const after = this.#ranges[at]
    if (after !== undefined && after[0] <= address) return
    const before = this.#ranges[at - 1]
    const joinsBefore = before !== undefined && before[1] + 1n === address
    const joinsAfter = after !== undefined && after[0] === address + 1n
    const first = joinsBefore ? before[0] : address
    const last = joinsAfter ? after[1] : address
    this.#ranges.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), [first, last])
  }

  /** No change when it is not in the set. */
  delete(address: bigint): void {
    const at = this.#position(address)
    const range = this.#ranges[at]
    if (range === undefined || range[0] > address) return
    const parts: AddressRange[] = []
    if (range[0] < address) parts.push([range[0], address - 1n])
    if (address < range[1]) parts.push([address + 1n, range[1]])
    this.#ranges.splice(at, 1, ...parts)
  }

  /** The lowest address of `first`…`last` that is not in the set. */
  firstFree(first: bigint, last: bigint): bigint | undefined {
    const range = this.#ranges[this.#position(first)]
    const free = range === undefined || range[0] > first ? first : range[1] + 1n
    return free <= last ? free : undefined
  }

  /** Position of the first range that ends at the address or behind it. */
  #position(address: bigint): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle] as AddressRange)[1] < address) low = middle + 1
      else high = middle
    }
    return low
  }
}
