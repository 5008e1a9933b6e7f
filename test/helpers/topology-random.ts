/** Numbers that a seed decides: the same seed gives the same topology on every machine (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** From `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** The text with the given probability, otherwise nothing: for optional words of a command. */
  maybe(probability: number, text: string): string {
    return this.chance(probability) ? text : ''
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.next() * choices.length)]
    if (choice === undefined) throw new Error('pick: nothing to choose from')
    return choice
  }

  /** Each of the choices with the given probability, in order. */
  some<T>(choices: readonly T[], probability = 0.5): T[] {
    return choices.filter(() => this.chance(probability))
  }

  /** `count` results of `make`, called with their positions. */
  times<T>(count: number, make: (position: number) => T): T[] {
    return Array.from({ length: count }, (_, position) => make(position))
  }

  /** Locally administered unicast MAC. */
  mac(): string {
    const rest = this.times(5, () => this.integer(0, 255).toString(16).padStart(2, '0'))
    return ['02', ...rest].join(':')
  }
}
