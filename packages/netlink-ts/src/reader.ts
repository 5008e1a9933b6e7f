import { endianness } from 'node:os'
import { malformed } from './error.ts'
import { ShortTexts } from './short-text.ts'

// Netlink headers are in host byte order. Every Linux that Node 20 supports except s390x is little-endian.
if (endianness() !== 'LE') throw new Error('netlink-ts: only little-endian hosts are supported')

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function need(bytes: Uint8Array, at: number, length: number): void {
  if (at < 0 || at + length > bytes.length) {
    throw malformed(`needs ${length} bytes at offset ${at}, has ${Math.max(0, bytes.length - at)}`)
  }
}

/** Unsigned 8 bits. */
export function u8(bytes: Uint8Array, at: number): number {
  const value = bytes[at]
  if (value === undefined) throw malformed(`needs 1 byte at offset ${at}, has none`)
  return value
}

/** Unsigned 16 bits, host byte order. */
export function u16(bytes: Uint8Array, at: number): number {
  need(bytes, at, 2)
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

/** Unsigned 16 bits, network byte order. */
export function u16be(bytes: Uint8Array, at: number): number {
  need(bytes, at, 2)
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** Signed 32 bits, host byte order. */
export function s32(bytes: Uint8Array, at: number): number {
  need(bytes, at, 4)
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** Unsigned 32 bits, host byte order. */
export function u32(bytes: Uint8Array, at: number): number {
  return s32(bytes, at) >>> 0
}

/** Unsigned 32 bits, network byte order. */
export function u32be(bytes: Uint8Array, at: number): number {
  need(bytes, at, 4)
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

/** Unsigned 64 bits, host byte order, as a number: exact up to 2^53, rounded above (counters). */
export function u64(bytes: Uint8Array, at: number): number {
  const high = u32(bytes, at + 4)
  // A counter below 2^31 stays a small integer, which needs no memory of its own.
  return high === 0 ? u32(bytes, at) : high * 0x1_0000_0000 + u32(bytes, at)
}

/** Unsigned 64 bits, network byte order, as a number: exact up to 2^53, rounded above. */
export function u64be(bytes: Uint8Array, at: number): number {
  return u32be(bytes, at) * 0x1_0000_0000 + u32be(bytes, at + 4)
}

/** Unsigned 64 bits, host byte order, exact. */
export function u64exact(bytes: Uint8Array, at: number): bigint {
  return (BigInt(u32(bytes, at + 4)) << 32n) | BigInt(u32(bytes, at))
}

const texts = new ShortTexts(makeText)

/**
 * Text of `length` bytes up to its first NUL. Invalid UTF-8 becomes U+FFFD: interface aliases and
 * rule comments are bytes that anybody may have chosen.
 */
export function text(bytes: Uint8Array, at: number, length: number): string {
  need(bytes, at, length)
  if (length === 0) return ''
  return length <= 16 ? texts.get(bytes, at, length) : makeText(bytes, at, length)
}

function makeText(bytes: Uint8Array, at: number, length: number): string {
  let out = ''
  for (let position = at; position < at + length; position++) {
    const byte = bytes[position] as number
    if (byte === 0) return out
    if (byte > 0x7f || out.length > 64) return longText(bytes, at, length)
    out += String.fromCharCode(byte)
  }
  return out
}

function longText(bytes: Uint8Array, at: number, length: number): string {
  const end = bytes.indexOf(0, at)
  return decoder.decode(bytes.subarray(at, end === -1 || end > at + length ? at + length : end))
}
