/** Actions with the same key run one after another, in the order they came; those with different keys at once. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const result = before.then(action)
    // the next one waits for our end, not for our success
    const ended: Promise<void> = result.then(
      () => this.#forget(key, ended),
      () => this.#forget(key, ended),
    )
    this.#last.set(key, ended)
    return result
  }

  #forget(key: string, ended: Promise<unknown>): void {
    if (this.#last.get(key) === ended) this.#last.delete(key)
  }
}
