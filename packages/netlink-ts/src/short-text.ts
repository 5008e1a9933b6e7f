const SLOTS = 2048

/**
 * Texts of up to 16 bytes that were made before: the same few names, MACs and addresses come back in every
 * namespace, and finding one is several times faster than formatting it again. Holds 2048 texts, each replaced
 * by the next one that falls into its slot.
 */
export class ShortTexts {
  readonly #format: (bytes: Uint8Array, at: number, length: number) => string
  readonly #words = new Int32Array(SLOTS * 4)
  readonly #lengths = new Uint8Array(SLOTS)
  readonly #texts: string[] = new Array(SLOTS).fill('')

  constructor(format: (bytes: Uint8Array, at: number, length: number) => string) {
    this.#format = format
  }

  /** Text of the 1 to 16 bytes at `at`, which must exist. */
  get(bytes: Uint8Array, at: number, length: number): string {
    const w0 = word(bytes, at, length)
    const w1 = length > 4 ? word(bytes, at + 4, length - 4) : 0
    const w2 = length > 8 ? word(bytes, at + 8, length - 8) : 0
    const w3 = length > 12 ? word(bytes, at + 12, length - 12) : 0
    const hash = Math.imul(w0 ^ Math.imul(w1, 31) ^ Math.imul(w2, 961) ^ Math.imul(w3, 29791), 0x9e37_79b1)
    const slot = hash >>> 21
    const words = this.#words
    const base = slot * 4
    if (
      this.#lengths[slot] === length &&
      words[base] === w0 &&
      words[base + 1] === w1 &&
      words[base + 2] === w2 &&
      words[base + 3] === w3
    ) {
      return this.#texts[slot] as string
    }
    const made = this.#format(bytes, at, length)
    words[base] = w0
    words[base + 1] = w1
    words[base + 2] = w2
    words[base + 3] = w3
    this.#lengths[slot] = length
    this.#texts[slot] = made
    return made
  }
}

/** Up to 4 bytes as 32 bits, missing ones as 0. */
function word(bytes: Uint8Array, at: number, left: number): number {
  let value = bytes[at] as number
  if (left > 1) value |= (bytes[at + 1] as number) << 8
  if (left > 2) value |= (bytes[at + 2] as number) << 16
  if (left > 3) value |= (bytes[at + 3] as number) << 24
  return value
}
