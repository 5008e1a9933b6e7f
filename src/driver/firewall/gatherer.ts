/** Carries out several at once. @returns what went wrong with each, by position; undefined = it is done */
export type RunTogether<T> = (items: readonly T[]) => Promise<readonly unknown[]>

interface Waiting<T> {
  readonly item: T
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * Gathers what is asked for at the same time, or while the last lot is under way, and has it carried out together, in
 * the order in which it was asked for. Two hundred endpoints then cost a few transactions instead of two hundred.
 */
export class Gatherer<T> {
  readonly #run: RunTogether<T>
  #waiting: Waiting<T>[] = []
  #running = false

  constructor(run: RunTogether<T>) {
    this.#run = run
  }

  /** Resolves when it is done. @throws what went wrong with it */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (this.#running) return
      this.#running = true
      setImmediate(() => void this.#runAll())
    })
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lot = this.#waiting.splice(0)
      let errors: readonly unknown[]
      try {
        errors = await this.#run(lot.map(({ item }) => item))
      } catch (error) {
        errors = lot.map(() => error)
      }
      for (const [position, { resolve, reject }] of lot.entries()) {
        if (errors[position] === undefined) resolve()
        else reject(errors[position])
      }
      // whoever waited for this lot may ask for the next thing: let that be gathered too
      await new Promise(setImmediate)
    }
    this.#running = false
  }
}
