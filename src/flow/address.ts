import { formatIp, parseIp } from '../model/ip-bytes.ts'

/** An address as whole 32-bit words, which compare fast: one for IPv4, four for IPv6, most significant first. */
export interface Ip {
  readonly family: 4 | 6
  readonly words: readonly number[]
  /** Canonical text; two addresses are the same exactly when these are. */
  readonly text: string
}

/** Addresses that share their first bits. */
export interface Prefix {
  readonly family: 4 | 6
  readonly words: readonly number[]
  readonly masks: readonly number[]
  /** 0 to 32 or 128. */
  readonly length: number
}

/** Undefined when the text is no address. A prefix length or zone after it is ignored. */
export function toIp(text: string): Ip | undefined {
  const word = wordOf(text)
  if (word !== undefined) return { family: 4, words: [word], text }
  const end = text.search(/[/%]/)
  const bytes = parseIp(end < 0 ? text : text.slice(0, end))
  return bytes === undefined ? undefined : ipOfBytes(bytes)
}

/** A dotted quad in its canonical form, as nearly all addresses are: large rule sets have many. */
function wordOf(text: string): number | undefined {
  let word = 0
  let at = 0
  for (let part = 0; part < 4; part++) {
    const end = part === 3 ? text.length : text.indexOf('.', at)
    const byte = byteOf(text, at, end)
    if (byte === undefined) return undefined
    word = word * 256 + byte
    at = end + 1
  }
  return word
}

const ZERO = 0x30

function byteOf(text: string, from: number, to: number): number | undefined {
  const length = to - from
  if (length < 1 || length > 3) return undefined
  let byte = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return undefined
    byte = byte * 10 + digit
  }
  // a zero that leads others is not canonical
  const isCanonical = length === 1 || text.charCodeAt(from) !== ZERO
  return isCanonical && byte <= 255 ? byte : undefined
}

/** An address of a snapshot, which is known to be one. */
export function ip(text: string): Ip {
  return toIp(text) ?? { family: 4, words: [0], text: '0.0.0.0' }
}

export function ipOfBytes(bytes: readonly number[]): Ip {
  const words = Array.from({ length: bytes.length / 4 }, (_, at) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(4 * at, 4 * at + 4)
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  })
  return { family: bytes.length === 4 ? 4 : 6, words, text: formatIp(bytes) }
}

export function ipOfWords(family: 4 | 6, words: readonly number[]): Ip {
  const bytes = words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255])
  return { family, words: words.map((word) => word >>> 0), text: formatIp(bytes) }
}

export function masksOf(family: 4 | 6, length: number): number[] {
  if (family === 4) return [length <= 0 ? 0 : (0xffff_ffff << (32 - Math.min(length, 32))) >>> 0]
  return Array.from({ length: 4 }, (_, at) => {
    const bits = Math.min(Math.max(length - 32 * at, 0), 32)
    return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0
  })
}

export function prefixOf(address: Ip, length: number): Prefix {
  const masks = masksOf(address.family, length)
  return {
    family: address.family,
    masks,
    words: address.words.map((word, at) => (word & (masks[at] ?? 0)) >>> 0),
    length,
  }
}

/** CIDR, `ADDRESS/NETMASK`, a single address, or `default` of the given family. */
export function toPrefix(text: string, family: 4 | 6 = 4): Prefix | undefined {
  if (text === 'default' || text === 'all') return prefixOf(ip(family === 4 ? '0.0.0.0' : '::'), 0)
  const slash = text.indexOf('/')
  const tail = slash < 0 ? undefined : text.slice(slash + 1)
  const address = toIp(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const full = address.family === 4 ? 32 : 128
  if (tail === undefined) return prefixOf(address, full)
  if (/^\d+$/.test(tail)) return Number(tail) > full ? undefined : prefixOf(address, Number(tail))
  const mask = toIp(tail)
  return mask === undefined || mask.family !== address.family ? undefined : maskedPrefix(address, mask)
}

/** A netmask may have holes; its length is then only what leads it. */
function maskedPrefix(address: Ip, mask: Ip): Prefix {
  const bits = mask.words.map((word) => word.toString(2).padStart(32, '0')).join('')
  const zero = bits.indexOf('0')
  return {
    family: address.family,
    masks: mask.words,
    words: address.words.map((word, at) => (word & (mask.words[at] ?? 0)) >>> 0),
    length: zero < 0 ? bits.length : zero,
  }
}

export function contains({ family, words, masks }: Prefix, address: Ip): boolean {
  if (address.family !== family) return false
  for (let at = 0; at < words.length; at++) {
    if (((address.words[at] ?? 0) & (masks[at] ?? 0)) >>> 0 !== words[at]) return false
  }
  return true
}

/** Negative, 0 or positive, as for sort; of one family. */
export function compareIp(a: Ip, b: Ip): number {
  for (let at = 0; at < a.words.length; at++) {
    const difference = (a.words[at] ?? 0) - (b.words[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

export function sameIp(a: Ip, b: Ip): boolean {
  return a.text === b.text
}

/** How many leading bits two addresses share. */
export function commonBits(a: Ip, b: Ip): number {
  let bits = 0
  for (let at = 0; at < a.words.length; at++) {
    const difference = ((a.words[at] ?? 0) ^ (b.words[at] ?? 0)) >>> 0
    if (difference !== 0) return bits + Math.clz32(difference)
    bits += 32
  }
  return bits
}

const LOOPBACK_4 = toPrefix('127.0.0.0/8') as Prefix
const MULTICAST_4 = toPrefix('224.0.0.0/4') as Prefix
const ZERO_4 = toPrefix('0.0.0.0/8') as Prefix
const MULTICAST_6 = toPrefix('ff00::/8') as Prefix
const LINK_LOCAL_6 = toPrefix('fe80::/10') as Prefix
const LOOPBACK_6 = toPrefix('::1/128') as Prefix

export function isLoopback(address: Ip): boolean {
  return contains(LOOPBACK_4, address) || contains(LOOPBACK_6, address)
}

export function isMulticast(address: Ip): boolean {
  return contains(MULTICAST_4, address) || contains(MULTICAST_6, address)
}

export function isLimitedBroadcast({ text }: Ip): boolean {
  return text === '255.255.255.255'
}

/** 0.0.0.0/8: "this network", never a destination on a wire. */
export function isZeroNet(address: Ip): boolean {
  return contains(ZERO_4, address)
}

export function isUnspecified({ text }: Ip): boolean {
  return text === '0.0.0.0' || text === '::'
}

export function isLinkLocal6(address: Ip): boolean {
  return contains(LINK_LOCAL_6, address)
}
