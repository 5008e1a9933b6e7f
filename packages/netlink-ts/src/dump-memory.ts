/** One datagram of a dump's answer and what was made of its messages. */
export interface DumpPart<T> {
  readonly items: readonly T[]
  /** NLMSG_DONE or NLMSG_ERROR was in it. */
  readonly last: boolean
  /** A message had NLM_F_DUMP_INTR: the table changed while it was read. */
  readonly interrupted: boolean
  readonly failure: unknown
}

interface KeptPart<T> extends DumpPart<T> {
  readonly bytes: Buffer
}

/**
 * What a dump gave the last time, datagram by datagram. A datagram with the same bytes has the same items, and when all
 * are the same so is the array: comparing memory is a hundred times faster than decoding it.
 */
export class DumpMemory<T> {
  readonly #request: Buffer
  readonly #decode: unknown
  #parts: readonly KeptPart<T>[] = []
  #items: T[] = []

  /** @param decode what the items are made with */
  constructor(request: Uint8Array, decode: unknown) {
    this.#request = Buffer.from(request)
    this.#decode = decode
  }

  isOf(request: Uint8Array, decode: unknown): boolean {
    return decode === this.#decode && isSame(this.#request, request, request.length)
  }

  /** The part that had the first `length` bytes of `buffer` at this place, if there was one. */
  partAt(position: number, buffer: Uint8Array, length: number): KeptPart<T> | undefined {
    const part = this.#parts[position]
    return part && isSame(part.bytes, buffer, length) ? part : undefined
  }

  /** Keeps the parts of a whole answer, and gives their items. */
  keep(parts: readonly KeptPart<T>[]): T[] {
    const areSame = parts.length === this.#parts.length && parts.every((part, at) => part === this.#parts[at])
    if (!areSame) {
      this.#parts = parts
      this.#items = parts.flatMap(({ items }) => items)
    }
    return this.#items
  }
}

function isSame(kept: Buffer, bytes: Uint8Array, length: number): boolean {
  return kept.length === length && kept.compare(bytes, 0, length) === 0
}
