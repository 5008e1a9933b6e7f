import { flowKey } from '../../model/packets/flow-key.ts'
import type { InterfaceSlot } from './captured-interfaces.ts'

/** Of a flood of connections not each gets a comment. */
const MOST_CONVERSATIONS = 20_000

interface Frame {
  readonly memory: Uint8Array
  readonly start: number
  readonly end: number
}

/** Knows which conversations were seen on an interface. */
export class Conversations {
  readonly #seen: Set<number>[] = []
  #count = 0

  /** Whether this is the first packet of one, and remembers it. */
  isNew({ memory, start, end }: Frame, { position, begins }: InterfaceSlot): boolean {
    const key = flowKey(memory, start, end, begins)
    if (key === undefined || this.#count >= MOST_CONVERSATIONS) return false
    let seen = this.#seen[position]
    if (seen === undefined) {
      seen = new Set()
      this.#seen[position] = seen
    }
    if (seen.has(key)) return false
    seen.add(key)
    this.#count++
    return true
  }

  forget(): void {
    this.#seen.length = 0
    this.#count = 0
  }
}
