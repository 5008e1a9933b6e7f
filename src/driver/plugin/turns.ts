/**
 * Who may do something at the same time as others: things with one key go one after another, in the order in which
 * they came, those with different keys at once, and what is done alone waits for all before it and holds up all after.
 */
export class Turns {
  #lastAlone: Promise<unknown> = Promise.resolve()
  readonly #lastOfKey = new Map<string, Promise<unknown>>()

  /** Runs it when all before it have ended, however they ended. */
  alone<T>(action: () => Promise<T>): Promise<T> {
    const before = Promise.all([this.#lastAlone, ...this.#lastOfKey.values()])
    this.#lastOfKey.clear()
    const result = before.then(action)
    this.#lastAlone = settled(result)
    return result
  }

  keyed<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#lastOfKey.get(key) ?? this.#lastAlone
    const result = before.then(action)
    const end = settled(result)
    this.#lastOfKey.set(key, end)
    void end.then(() => {
      if (this.#lastOfKey.get(key) === end) this.#lastOfKey.delete(key)
    })
    return result
  }
}

/** Whoever waits for its own turn must not be told the errors of another. */
function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(() => undefined)
}
