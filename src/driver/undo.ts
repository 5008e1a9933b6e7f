import { messageOf, TsnetError } from '../errors.ts'

/** Takes one step back. Must be no error when there is nothing to take back. */
export type UndoStep = () => void | Promise<void>

/** What a transaction has done so far and how each step is taken back. */
export class UndoStack {
  readonly #steps: { readonly what: string; readonly undo: UndoStep }[] = []

  /** @param what the thing that goes again, for the message when it does not: `link veth1a2b3c4` */
  add(what: string, undo: UndoStep): void {
    this.#steps.push({ what, undo })
  }

  /** Takes everything back, last first. A step that fails does not keep the others. @returns what is left and why */
  async unwind(): Promise<string[]> {
    const left: string[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo()
      } catch (error) {
        left.push(`${step.what}: ${messageOf(error)}`)
      }
    }
    return left
  }
}

/**
 * Runs steps that belong together: all of them happen, or none. `body` pushes onto the stack after each step how it is
 * taken back; when it throws, that is done, last step first.
 *
 * @param onUndone told when everything is taken back, or what could not be
 * @throws what `body` threw; with the remains named in its message when some step could not be taken back
 */
export async function transaction<T>(
  body: (undo: UndoStack) => Promise<T>,
  onUndone: (left: readonly string[]) => void = () => {},
): Promise<T> {
  const stack = new UndoStack()
  try {
    return await body(stack)
  } catch (error) {
    const left = await stack.unwind()
    onUndone(left)
    if (left.length === 0) throw error
    throw new TsnetError(
      error instanceof TsnetError ? error.code : 'failed',
      `${messageOf(error)}; left behind: ${left.join('; ')}`,
      { cause: error },
    )
  }
}

/**
 * Takes all of these steps, in order; one that fails does not keep the others, for what is taken away should be as
 * little as possible to take away again.
 *
 * @throws TsnetError with the reason of each failure
 */
export async function takeAll(operation: string, steps: readonly UndoStep[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  const [first] = failures
  if (failures.length === 0) return
  const code = first instanceof TsnetError ? first.code : 'failed'
  throw new TsnetError(code, `${operation}: ${failures.map(messageOf).join('; ')}`, { cause: first })
}
