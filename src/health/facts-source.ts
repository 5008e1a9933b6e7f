import type { CheckFacts } from '../checks/rows/facts.ts'

/** Where facts come from: this host, or a saved snapshot. */
export interface FactsSource {
  /** Things can be tried, not only looked up. */
  readonly isLive: boolean
  readonly read: () => Promise<CheckFacts>
}

/** One reading for all who ask; again for those who want it later than it was begun. */
export class SharedFacts {
  readonly #source: FactsSource
  #latest: { readonly begunMs: number; readonly facts: Promise<CheckFacts> } | undefined

  constructor(source: FactsSource) {
    this.#source = source
  }

  get isLive(): boolean {
    return this.#source.isLive
  }

  /** @param notBeforeMs of `performance.now()`: an older reading is of no use */
  since(notBeforeMs: number): Promise<CheckFacts> {
    const latest = this.#latest
    if (latest !== undefined && (latest.begunMs >= notBeforeMs || !this.#source.isLive)) return latest.facts
    const begun = { begunMs: performance.now(), facts: this.#source.read() }
    this.#latest = begun
    return begun.facts
  }
}
