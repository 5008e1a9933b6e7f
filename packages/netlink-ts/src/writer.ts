import { parseAddress, parseMac } from './address.ts'
import { NLA_F_NESTED, NLA_HDRLEN } from './attribute.ts'
import { NetlinkError } from './error.ts'

const encoder = new TextEncoder()

/** A growing buffer in which one message is put together: fixed header first, then attributes. */
export class Writer {
  #bytes = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** What was written, valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Begins anew in the same buffer. */
  reset(): this {
    this.#bytes.fill(0, 0, this.#length)
    this.#length = 0
    return this
  }

  /** Makes room for `size` zeroed bytes and returns their offset. */
  #grow(size: number): number {
    const at = this.#length
    if (at + size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, at + size))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#length += size
    return at
  }

  zeros(count: number): this {
    this.#grow(count)
    return this
  }

  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#bytes[at] = value
    return this
  }

  u16(value: number): this {
    return this.u8(value).u8(value >>> 8)
  }

  u16be(value: number): this {
    return this.u8(value >>> 8).u8(value)
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16)
  }

  s32(value: number): this {
    return this.u32(value)
  }

  u32be(value: number): this {
    return this.u16be(value >>> 16).u16be(value)
  }

  u64(value: number | bigint): this {
    const exact = BigInt(value)
    return this.u32(Number(exact & 0xffff_ffffn)).u32(Number((exact >> 32n) & 0xffff_ffffn))
  }

  /** Overwrites 16 bits at an earlier offset. */
  patchU16(at: number, value: number): this {
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
    return this
  }

  /** Overwrites 32 bits at an earlier offset (lengths known only later). */
  patchU32(at: number, value: number): this {
    for (let byte = 0; byte < 4; byte++) this.#bytes[at + byte] = value >>> (8 * byte)
    return this
  }

  /** UTF-8 with a terminating NUL. */
  text(value: string): this {
    if (value.includes('\0')) throw new NetlinkError('usage', `text with a NUL: ${JSON.stringify(value)}`)
    return this.raw(encoder.encode(value)).u8(0)
  }

  /** The 4 or 16 bytes of an address as text. */
  address(value: string): this {
    return this.raw(parseAddress(value))
  }

  mac(value: string): this {
    return this.raw(parseMac(value))
  }

  /** Zeros up to the next multiple of 4 (NLMSG_ALIGN, NLA_ALIGN). */
  pad(): this {
    return this.zeros(-this.#length & 3)
  }

  /** One attribute whose payload `fill` writes; its length is put in afterwards. */
  attribute(type: number, fill: (writer: Writer) => void): this {
    const at = this.#length
    this.u16(0).u16(type)
    fill(this)
    const length = this.#length - at
    if (length > 0xffff) throw new NetlinkError('usage', `attribute ${type}: ${length} bytes, at most 65535 fit`)
    this.#bytes[at] = length
    this.#bytes[at + 1] = length >>> 8
    return this.pad()
  }

  nested(type: number, fill: (writer: Writer) => void): this {
    return this.attribute(type | NLA_F_NESTED, fill)
  }

  flagAttribute(type: number): this {
    return this.u16(NLA_HDRLEN).u16(type)
  }

  u8Attribute(type: number, value: number): this {
    return this.attribute(type, (w) => w.u8(value))
  }

  u16Attribute(type: number, value: number): this {
    return this.attribute(type, (w) => w.u16(value))
  }

  u16beAttribute(type: number, value: number): this {
    return this.attribute(type, (w) => w.u16be(value))
  }

  u32Attribute(type: number, value: number): this {
    return this.attribute(type, (w) => w.u32(value))
  }

  u32beAttribute(type: number, value: number): this {
    return this.attribute(type, (w) => w.u32be(value))
  }

  u64Attribute(type: number, value: number | bigint): this {
    return this.attribute(type, (w) => w.u64(value))
  }

  /** With its terminating NUL. */
  stringAttribute(type: number, value: string): this {
    return this.attribute(type, (w) => w.text(value))
  }

  bytesAttribute(type: number, value: Uint8Array): this {
    return this.attribute(type, (w) => w.raw(value))
  }

  /** 4 or 16 bytes of an address as text. */
  addressAttribute(type: number, address: string): this {
    return this.bytesAttribute(type, parseAddress(address))
  }

  macAttribute(type: number, mac: string): this {
    return this.bytesAttribute(type, parseMac(mac))
  }
}
