import { formatAddress, formatMac } from './address.ts'
import { malformed } from './error.ts'
import { s32, text, u8, u16, u16be, u32, u32be, u64, u64be } from './reader.ts'

/** linux/netlink.h: struct nlattr and its type flags. */
export const NLA_HDRLEN = 4
export const NLA_F_NESTED = 1 << 15
export const NLA_F_NET_BYTEORDER = 1 << 14
export const NLA_TYPE_MASK = ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER) & 0xffff

/**
 * The attributes between two offsets of a message, found once, read by type.
 *
 * Bounds are checked when the list is made, sizes when a value is read: anything that does not fit
 * throws {@link NetlinkError} `malformed`. A getter gives undefined for an absent attribute. When a
 * type occurs twice the last one counts, as in the kernel's nla_parse; {@link all} gives each.
 */
export class Attributes {
  readonly bytes: Uint8Array
  /** type, start and length of each payload, one after the other. */
  readonly #table: number[] = []

  constructor(bytes: Uint8Array, start: number, end: number) {
    if (start < 0 || end > bytes.length) throw malformed(`attributes: end at ${end}, message ends at ${bytes.length}`)
    this.bytes = bytes
    let at = start
    while (end - at >= NLA_HDRLEN) {
      const length = u16(bytes, at)
      if (length < NLA_HDRLEN || at + length > end) {
        throw malformed(`attribute at offset ${at}: length ${length}, ${end - at} bytes left`)
      }
      this.#table.push(u16(bytes, at + 2) & NLA_TYPE_MASK, at + NLA_HDRLEN, length - NLA_HDRLEN)
      at += (length + 3) & ~3
    }
  }

  #find(type: number): number {
    const table = this.#table
    for (let position = table.length - 3; position >= 0; position -= 3) {
      if (table[position] === type) return position
    }
    return -1
  }

  /** Start of the payload of at least `size` bytes, or -1 when absent. */
  #payload(type: number, size: number): number {
    const position = this.#find(type)
    if (position === -1) return -1
    if ((this.#table[position + 2] as number) < size) {
      throw malformed(`attribute ${type}: ${this.#table[position + 2]} bytes, needs ${size}`)
    }
    return this.#table[position + 1] as number
  }

  has(type: number): boolean {
    return this.#find(type) !== -1
  }

  /** Payload length in bytes; undefined when absent. */
  length(type: number): number | undefined {
    const position = this.#find(type)
    return position === -1 ? undefined : (this.#table[position + 2] as number)
  }

  /** Offset of the payload into {@link bytes}, at least `size` bytes long; undefined when absent. */
  offset(type: number, size = 0): number | undefined {
    const at = this.#payload(type, size)
    return at === -1 ? undefined : at
  }

  u8(type: number): number | undefined {
    const at = this.#payload(type, 1)
    return at === -1 ? undefined : u8(this.bytes, at)
  }

  u16(type: number): number | undefined {
    const at = this.#payload(type, 2)
    return at === -1 ? undefined : u16(this.bytes, at)
  }

  /** Network byte order. */
  u16be(type: number): number | undefined {
    const at = this.#payload(type, 2)
    return at === -1 ? undefined : u16be(this.bytes, at)
  }

  u32(type: number): number | undefined {
    const at = this.#payload(type, 4)
    return at === -1 ? undefined : u32(this.bytes, at)
  }

  s32(type: number): number | undefined {
    const at = this.#payload(type, 4)
    return at === -1 ? undefined : s32(this.bytes, at)
  }

  /** Network byte order. */
  u32be(type: number): number | undefined {
    const at = this.#payload(type, 4)
    return at === -1 ? undefined : u32be(this.bytes, at)
  }

  /** Exact up to 2^53. */
  u64(type: number): number | undefined {
    const at = this.#payload(type, 8)
    return at === -1 ? undefined : u64(this.bytes, at)
  }

  /** Network byte order; exact up to 2^53. */
  u64be(type: number): number | undefined {
    const at = this.#payload(type, 8)
    return at === -1 ? undefined : u64be(this.bytes, at)
  }

  /** Up to the first NUL. */
  string(type: number): string | undefined {
    const position = this.#find(type)
    if (position === -1) return undefined
    return text(this.bytes, this.#table[position + 1] as number, this.#table[position + 2] as number)
  }

  /** IPv4 or IPv6 by its length. */
  address(type: number): string | undefined {
    const position = this.#find(type)
    if (position === -1) return undefined
    return formatAddress(this.bytes, this.#table[position + 1] as number, this.#table[position + 2] as number)
  }

  mac(type: number): string | undefined {
    const position = this.#find(type)
    if (position === -1) return undefined
    return formatMac(this.bytes, this.#table[position + 1] as number, this.#table[position + 2] as number)
  }

  /** A view on the payload: valid only as long as the message's buffer is not reused. */
  view(type: number): Uint8Array | undefined {
    const position = this.#find(type)
    if (position === -1) return undefined
    const start = this.#table[position + 1] as number
    return this.bytes.subarray(start, start + (this.#table[position + 2] as number))
  }

  nested(type: number): Attributes | undefined {
    const position = this.#find(type)
    return position === -1 ? undefined : this.#nestedAt(position)
  }

  #nestedAt(position: number): Attributes {
    const start = this.#table[position + 1] as number
    return new Attributes(this.bytes, start, start + (this.#table[position + 2] as number))
  }

  /** Types in the order they stand in the message. */
  types(): number[] {
    return this.#table.filter((_, position) => position % 3 === 0)
  }

  /** Each attribute of `type` (or of any type) as its payload's bounds. */
  all(type?: number): { readonly type: number; readonly start: number; readonly end: number }[] {
    const found: { type: number; start: number; end: number }[] = []
    for (let position = 0; position < this.#table.length; position += 3) {
      const [own, start, length] = this.#table.slice(position, position + 3) as [number, number, number]
      if (type === undefined || own === type) found.push({ type: own, start, end: start + length })
    }
    return found
  }

  /** Each attribute of `type` (or of any type) as a nest of its own: the kernel's arrays. */
  nests(type?: number): Attributes[] {
    return this.all(type).map(({ start, end }) => new Attributes(this.bytes, start, end))
  }
}

/**
 * The attributes between two offsets, one after the other: for the objects that a dump has by the
 * thousand. {@link next} steps to the next attribute and checks its bounds; the readers give the payload
 * of the current one and throw `malformed` when it is too short.
 */
export class AttributeCursor {
  readonly bytes: Uint8Array
  /** Of the current attribute, without its flags. */
  type = 0
  /** Bounds of its payload. */
  start: number
  end: number
  /** Bounds of all of them. */
  readonly first: number
  readonly limit: number
  #at: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    if (start < 0 || end > bytes.length) throw malformed(`attributes: end at ${end}, message ends at ${bytes.length}`)
    this.bytes = bytes
    this.start = start
    this.end = start
    this.first = start
    this.limit = end
    this.#at = start
  }

  /** False at the end. Fewer than 4 bytes at the end are padding, as in the kernel's nla_ok. */
  next(): boolean {
    const { bytes } = this
    const at = this.#at
    const left = this.limit - at
    if (left < NLA_HDRLEN) return false
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    if (length < NLA_HDRLEN || length > left) {
      throw malformed(`attribute at offset ${at}: length ${length}, ${left} bytes left`)
    }
    this.type = ((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)) & NLA_TYPE_MASK
    this.start = at + NLA_HDRLEN
    this.end = at + length
    this.#at = at + ((length + 3) & ~3)
    return true
  }

  /** Offset of the payload, which must have `size` bytes at least. */
  at(size: number): number {
    if (this.end - this.start < size) {
      throw malformed(`attribute ${this.type}: ${this.end - this.start} bytes, needs ${size}`)
    }
    return this.start
  }

  u8(): number {
    return this.bytes[this.at(1)] as number
  }

  u16(): number {
    return u16(this.bytes, this.at(2))
  }

  u32(): number {
    return u32(this.bytes, this.at(4))
  }

  s32(): number {
    return s32(this.bytes, this.at(4))
  }

  /** Exact up to 2^53. */
  u64(): number {
    return u64(this.bytes, this.at(8))
  }

  /** Up to the first NUL. */
  string(): string {
    return text(this.bytes, this.start, this.end - this.start)
  }

  /** IPv4 or IPv6 by its length. */
  address(): string {
    return formatAddress(this.bytes, this.start, this.end - this.start)
  }

  mac(): string {
    return formatMac(this.bytes, this.start, this.end - this.start)
  }

  /** Over the attributes inside the current one. */
  nested(): AttributeCursor {
    return new AttributeCursor(this.bytes, this.start, this.end)
  }
}

/**
 * What to do with each attribute, by type; a type without an entry is passed over. A table, because a switch over
 * named constants compares with each of them in turn until the compiler has warmed up.
 */
export type AttributeReaders<T> = Readonly<Record<number, (target: T, cursor: AttributeCursor) => void>>

/** Walks over the attributes and lets `readers` put them into `target`. */
export function readAttributes<T>(target: T, cursor: AttributeCursor, readers: AttributeReaders<T>): void {
  while (cursor.next()) readers[cursor.type]?.(target, cursor)
}
