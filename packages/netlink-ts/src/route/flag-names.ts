/** Names of the bits of a mask, lowest bit first; `names[n]` is the name of bit n. */
export class FlagNames {
  readonly #names: readonly (string | undefined)[]
  readonly #known = new Map<number, readonly string[]>()

  constructor(names: readonly (string | undefined)[]) {
    this.#names = names
  }

  /** Bits without a name come last, together, as one hexadecimal number. The lists are shared: do not change them. */
  of(mask: number): readonly string[] {
    const known = this.#known.get(mask)
    if (known) return known
    const made = this.#make(mask)
    if (this.#known.size < 1024) this.#known.set(mask, made)
    return made
  }

  #make(mask: number): readonly string[] {
    const found: string[] = []
    let unnamed = 0
    for (let bit = 0; bit < 32; bit++) {
      if (!(mask & (1 << bit))) continue
      const name = this.#names[bit]
      if (name === undefined) unnamed |= 1 << bit
      else found.push(name)
    }
    if (unnamed) found.push(`0x${(unnamed >>> 0).toString(16)}`)
    return Object.freeze(found)
  }

  /** The mask of a list of names (or hexadecimal numbers). */
  mask(names: readonly string[]): number {
    let mask = 0
    for (const name of names) {
      const bit = this.#names.indexOf(name)
      mask |= bit === -1 ? Number(name) : 1 << bit
    }
    return mask >>> 0
  }
}
