import { TsnetError } from '../../errors.ts'
import type { FirewallChain, FirewallRule } from '../../model/snapshot.ts'
import { builtinHook } from './builtin-chains.ts'
import { ruleParts } from './save-rule.ts'

/** Longer than any rule can be: one of 10,000 matches would be refused by the kernel. */
const MAX_LINE = 1 << 20
const NEWLINE = 0x0a

export interface SaveOrigin {
  readonly backend: 'nft' | 'legacy'
  readonly family: 'ip' | 'ip6' | 'arp' | 'bridge'
}

export interface SavedRules {
  readonly rules: FirewallRule[]
  readonly chains: FirewallChain[]
}

/**
 * Reads the output of `iptables-save -c` and its relatives (ip6tables, arptables, ebtables; both back ends)
 * as it arrives. Output without counters is read as well (packets −1).
 *
 * Decodes whole lines of a chunk at once and cuts rules out of that text, so a rule costs no copy.
 */
export class SaveParser {
  readonly #origin: SaveOrigin
  readonly #rules: FirewallRule[] = []
  readonly #chains: FirewallChain[] = []
  readonly #names = new Map<string, string>()
  #positions = new Map<string, number>()
  #table: string | undefined
  #line = 0
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(origin: SaveOrigin) {
    this.#origin = origin
  }

  /** @throws TsnetError `failed`: a line is not what iptables-save prints. */
  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end === 0) {
      this.#keep(chunk)
      return
    }
    const head = chunk.subarray(0, end)
    this.#lines(this.#rest.length === 0 ? head.toString() : Buffer.concat([...this.#rest, head]).toString())
    this.#rest = []
    this.#restBytes = 0
    if (end < chunk.length) this.#keep(chunk.subarray(end))
  }

  /** @throws TsnetError `failed`: the last line is not what iptables-save prints. */
  finish(): SavedRules {
    if (this.#restBytes > 0) this.#lines(`${Buffer.concat(this.#rest).toString()}\n`)
    this.#rest = []
    this.#restBytes = 0
    return { rules: this.#rules, chains: this.#chains }
  }

  #keep(part: Buffer): void {
    this.#restBytes += part.length
    if (this.#restBytes > MAX_LINE) throw this.#refuse('is too long')
    this.#rest.push(part)
  }

  #lines(text: string): void {
    let from = 0
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      this.#line++
      this.#parseLine(text, from, to)
      from = to + 1
    }
  }

  #parseLine(text: string, from: number, to: number): void {
    switch (text[from]) {
      case '[':
      case '-':
        this.#parseRule(text, from, to)
        break
      case ':':
        this.#parseChain(text.slice(from, to))
        break
      case '*':
        this.#table = text.slice(from + 1, to)
        this.#positions = new Map()
        break
      case '#':
      case '\n':
        break
      default:
        if (text.slice(from, to) !== 'COMMIT') throw this.#refuse('is not understood')
    }
  }

  /** `[packets:bytes] -A CHAIN matches -j TARGET`. */
  #parseRule(text: string, from: number, to: number): void {
    let at = from
    let packets = -1
    let bytes = -1
    if (text[at] === '[') {
      const colon = text.indexOf(':', at)
      const close = text.indexOf('] ', colon)
      if (colon < 0 || close < 0 || close >= to) throw this.#refuse('has no counters')
      packets = this.#count(text, at + 1, colon)
      bytes = this.#count(text, colon + 1, close)
      at = close + 2
    }
    if (!text.startsWith('-A ', at) || this.#table === undefined) throw this.#refuse('is not a rule of a table')
    const blank = text.indexOf(' ', at + 3)
    const chainEnd = blank < 0 || blank > to ? to : blank
    this.#addRule(this.#name(text.slice(at + 3, chainEnd)), text.slice(Math.min(chainEnd + 1, to), to), packets, bytes)
  }

  #addRule(chain: string, text: string, packets: number, bytes: number): void {
    const position = (this.#positions.get(chain) ?? 0) + 1
    this.#positions.set(chain, position)
    const { target, comment } = ruleParts(text)
    this.#rules.push({
      backend: this.#origin.backend,
      family: this.#origin.family,
      table: this.#table ?? '',
      chain,
      position,
      text,
      syntax: 'iptables',
      packets,
      bytes,
      ...(comment === undefined ? {} : { comment }),
      ...(target === undefined ? {} : { target: this.#name(target) }),
    })
  }

  /** `:CHAIN POLICY [packets:bytes]`, policy `-` on a user's chain. */
  #parseChain(line: string): void {
    const parts = /^:(\S+) (\S+)(?: \[(\d+):(\d+)\])?$/.exec(line)
    if (!parts || this.#table === undefined) throw this.#refuse('is not a chain of a table')
    const [, chain = '', policy = '', packets, bytes] = parts
    const builtin = builtinHook(this.#table, chain)
    const base = policy === '-' || (this.#origin.family === 'bridge' && !builtin) ? undefined : { policy, ...builtin }
    this.#chains.push({
      backend: this.#origin.backend,
      family: this.#origin.family,
      table: this.#table,
      chain: this.#name(chain),
      ...base,
      ...(base && packets !== undefined ? { packets: Number(packets), bytes: Number(bytes) } : {}),
    })
  }

  #count(text: string, from: number, to: number): number {
    let value = 0
    for (let i = from; i < to; i++) {
      const digit = text.charCodeAt(i) - 0x30
      if (digit < 0 || digit > 9) throw this.#refuse('has counters that are no numbers')
      value = value * 10 + digit
    }
    return value
  }

  /** One string a name, so that 700,000 rules share their chains' and targets'. */
  #name(text: string): string {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    this.#names.set(text, text)
    return text
  }

  #refuse(what: string): TsnetError {
    const { backend, family } = this.#origin
    return new TsnetError('failed', `iptables-save (${backend}, ${family}): line ${this.#line} ${what}`)
  }
}
