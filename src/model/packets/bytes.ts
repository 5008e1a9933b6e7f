import { formatIp } from '../ip-bytes.ts'

/** A part of a captured packet. Reading past its end gives 0: who reads asks {@link Bytes.has} before. */
export class Bytes {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.start = Math.min(start, bytes.length)
    this.end = Math.max(this.start, Math.min(end, bytes.length))
  }

  get length(): number {
    return this.end - this.start
  }

  has(length: number): boolean {
    return this.length >= length
  }

  u8(at: number): number {
    const position = this.start + at
    return position < this.end ? (this.bytes[position] ?? 0) : 0
  }

  u16(at: number): number {
    return (this.u8(at) << 8) | this.u8(at + 1)
  }

  u32(at: number): number {
    return ((this.u16(at) << 16) | this.u16(at + 2)) >>> 0
  }

  /** What begins at `at`, no longer than `length`. */
  from(at: number, length = Number.POSITIVE_INFINITY): Bytes {
    const start = Math.min(this.start + at, this.end)
    return new Bytes(this.bytes, start, Math.min(this.end, start + Math.max(0, length)))
  }

  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end)
  }

  mac(at: number): string {
    return Array.from({ length: 6 }, (_, position) => hex(this.u8(at + position))).join(':')
  }

  address(at: number, length: 4 | 16): string {
    return formatIp(Array.from({ length }, (_, position) => this.u8(at + position)))
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** `tcp header: 8 of 20 bytes`. */
export function tooShort(what: string, { length }: Bytes, needed: number): { readonly cut: string } {
  return { cut: `${what}: ${length} of ${needed} bytes` }
}
