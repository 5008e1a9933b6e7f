/** What could be read of a JSON text that may be cut off. */
export interface JsonPrefix {
  /** Undefined when not even the first value begins. Members that were cut are left out; a cut string is what came of it. */
  readonly value: unknown
  /** Position behind what was read. */
  readonly end: number
  /** The value is whole. */
  readonly isComplete: boolean
  /** Position at which the text stops being JSON; absent when it is whole or simply ends. */
  readonly problemAt?: number
}

/** iperf3 nests 6 deep, and once more in the output of its server. */
const DEEPEST = 64

/** Thrown inside only: everything above keeps what it has. */
class Stop extends Error {}

/** The name that a member gets whose own is taken in its object. Without it the last one counts, as in JSON.parse. */
export type RenameRepeated = (key: string) => string

/**
 * Reads the JSON value at `start` as far as it goes. Linear in the length of the text, bounded in depth, never throws.
 * `nan` and `inf`, which old versions print, are read as null.
 */
export function parseJsonPrefix(text: string, start = 0, rename: RenameRepeated = (key) => key): JsonPrefix {
  return new PrefixReader(text, start, rename).read()
}

class PrefixReader {
  readonly #text: string
  readonly #rename: RenameRepeated
  #at: number
  #isComplete = true
  #problemAt: number | undefined

  constructor(text: string, start: number, rename: RenameRepeated) {
    this.#text = text
    this.#rename = rename
    this.#at = start
  }

  read(): JsonPrefix {
    let value: unknown
    try {
      value = this.#value(0)
    } catch (error) {
      if (!(error instanceof Stop)) throw error
    }
    const problem = this.#problemAt === undefined ? {} : { problemAt: this.#problemAt }
    return { value, end: this.#at, isComplete: this.#isComplete, ...problem }
  }

  #value(depth: number): unknown {
    this.#skipSpace()
    const first = this.#text[this.#at]
    if (first === '{') return this.#members(depth)
    if (first === '[') return this.#elements(depth)
    if (first === '"') return this.#string()
    return this.#word()
  }

  #members(depth: number): Record<string, unknown> {
    // without a prototype: a key may be __proto__
    const members: Record<string, unknown> = Object.create(null)
    this.#enter(depth)
    this.#list('}', () => {
      if (this.#text[this.#at] !== '"') throw this.#stop()
      const key = this.#string()
      // a key that is cut names nothing
      if (!this.#isComplete) throw new Stop()
      this.#expect(':')
      const value = this.#value(depth + 1)
      if (value !== undefined) members[key in members ? this.#rename(key) : key] = value
    })
    return members
  }

  #elements(depth: number): unknown[] {
    const elements: unknown[] = []
    this.#enter(depth)
    this.#list(']', () => {
      const value = this.#value(depth + 1)
      if (value !== undefined) elements.push(value)
    })
    return elements
  }

  #enter(depth: number): void {
    if (depth >= DEEPEST) throw this.#stop()
    this.#at++
  }

  /** Until `close`, or until there is no more; what was read so far stays. */
  #list(close: string, one: () => void): void {
    try {
      for (let isFirst = true; ; isFirst = false) {
        this.#skipSpace()
        if (this.#text[this.#at] === close && isFirst) break
        one()
        if (!this.#isComplete) return
        this.#skipSpace()
        if (this.#text[this.#at] === close) break
        this.#expect(',')
        this.#skipSpace()
      }
      this.#at++
    } catch (error) {
      if (!(error instanceof Stop)) throw error
      this.#isComplete = false
    }
  }

  #string(): string {
    const start = this.#at
    const end = stringEnd(this.#text, start)
    const raw = this.#text.slice(start, end)
    this.#at = start + raw.length
    if (end === undefined) {
      this.#isComplete = false
      return decodeString(`${raw.replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, '')}"`) ?? ''
    }
    const decoded = decodeString(raw)
    if (decoded !== undefined) return decoded
    this.#at = start
    throw this.#stop()
  }

  #word(): unknown {
    WORD.lastIndex = this.#at
    const word = WORD.exec(this.#text)?.[0] ?? ''
    const isCut = this.#at + word.length >= this.#text.length
    // the rest of a number that the text ends with may be missing
    if (word === '' || isCut) throw isCut ? this.#cut() : this.#stop()
    const value = wordValue(word)
    if (value === undefined) throw this.#stop()
    this.#at += word.length
    return value
  }

  #expect(sign: string): void {
    this.#skipSpace()
    if (this.#text[this.#at] !== sign) throw this.#stop()
    this.#at++
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at
    SPACE.exec(this.#text)
    this.#at = SPACE.lastIndex
  }

  /** Here it is not JSON, or it ends. */
  #stop(): Stop {
    if (this.#at < this.#text.length) this.#problemAt ??= this.#at
    return this.#cut()
  }

  #cut(): Stop {
    this.#isComplete = false
    return new Stop()
  }
}

const SPACE = /[ \t\r\n]*/y
const WORD = /[-+.\w]+/y
/** Behind the first quotation mark that an even number of backslashes precedes; by hand, as a pattern would need a stack. */
function stringEnd(text: string, start: number): number | undefined {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\' && at - 1 - backslashes > start) backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return undefined
}

function decodeString(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}

function wordValue(word: string): unknown {
  if (/^[-+]?(?:nan|inf(?:inity)?)$/i.test(word)) return null
  try {
    return JSON.parse(word)
  } catch {
    return undefined
  }
}
