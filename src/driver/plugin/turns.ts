/** One after another, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs it when all before it have ended, however they ended. */
  take<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action, action)
    // whoever waits for its own turn must not be told the errors of another
    this.#last = result.catch(() => undefined)
    return result
  }
}
