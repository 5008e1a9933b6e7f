import { createHmac } from 'node:crypto'
import { formatIp, parseIp } from './ip-bytes.ts'

/** A range that stays recognisable: itself, and everything in it when `whole`. */
interface Special {
  readonly bytes: readonly number[]
  readonly length: number
  readonly whole: boolean
}

/** RFC 6890 and RFC 4291 §2: what an address is for shows in its first bits. */
const SPECIAL: readonly Special[] = [
  special('0.0.0.0', 8, 'whole'),
  special('127.0.0.0', 8, 'whole'),
  special('224.0.0.0', 4, 'whole'),
  special('255.255.255.255', 32, 'whole'),
  special('10.0.0.0', 8),
  special('172.16.0.0', 12),
  special('192.168.0.0', 16),
  special('100.64.0.0', 10),
  special('169.254.0.0', 16),
  special('::', 127, 'whole'),
  special('fe80::', 10),
  special('fc00::', 7),
  // a solicited-node group ends in 24 bits of the address it is for
  special('ff02::1:ff00:0', 104),
  special('ff00::', 8, 'whole'),
]

function special(address: string, length: number, whole?: 'whole'): Special {
  return { bytes: parseIp(address) ?? [], length, whole: whole !== undefined }
}

const IPV4_MAPPED = '0,0,0,0,0,0,0,0,0,0,255,255'
const BYTE_BITS = 8

/**
 * Stable pseudonyms for addresses that keep prefixes (as Crypto-PAn): two addresses share as many leading bits
 * afterwards as before, so subnets, routes and rules still fit each other. Loopback and multicast stay as they
 * are; private and link-local ranges stay what they are, with other addresses in them.
 */
export class AddressPseudonyms {
  readonly #seed: string
  readonly #known = new Map<string, string>()
  readonly #flips = new Map<string, Buffer>()

  constructor(seed: string) {
    this.#seed = seed
  }

  /** `10.0.0.2`, `fd00::2`, `10.0.0.0/24`, with a mask; undefined when it is no address. */
  replace(text: string): string | undefined {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const [, address = '', suffix = ''] = /^([^/]*)(\/.*)?$/s.exec(text) ?? []
    const bytes = parseIp(address)
    if (bytes === undefined || !/^(?:\/[\d.]+|\/[0-9a-f:]+)?$/i.test(suffix)) return undefined
    const scrambled = this.#scramble(bytes)
    const result = `${formatIp(isNetwork(bytes, suffix) ? masked(scrambled, Number(suffix.slice(1))) : scrambled)}${suffix}`
    this.#known.set(text, result)
    return result
  }

  #scramble(bytes: readonly number[]): number[] {
    if (bytes.length === 16 && bytes.slice(0, 12).join(',') === IPV4_MAPPED) {
      return [...bytes.slice(0, 12), ...this.#scramble(bytes.slice(12))]
    }
    const ranges = SPECIAL.filter((range) => range.bytes.length === bytes.length)
    const inside = ranges.find((range) => sharedBits(range.bytes, bytes) >= range.length)
    if (inside?.whole === true) return [...bytes]
    // a bit may turn only where no special range lies on either side of it
    const fixed = Math.max(...ranges.map((range) => fixedBits(range, sharedBits(range.bytes, bytes))))
    return bytes.map((byte, position) => (this.#scrambleByte(bytes, position) & openBits(fixed, position)) ^ byte)
  }

  /** The bits of one byte to turn; each depends on all bits before it and on nothing else. */
  #scrambleByte(bytes: readonly number[], position: number): number {
    const byte = bytes[position] ?? 0
    const tree = this.#tree(bytes.slice(0, position).join('.'), bytes.length)
    let turned = 0
    for (let bit = 0, node = 1; bit < BYTE_BITS; bit++) {
      const flip = ((tree[node >> 3] ?? 0) >> (node & 7)) & 1
      turned = (turned << 1) | flip
      node = (node << 1) | ((byte >> (7 - bit)) & 1)
    }
    return turned
  }

  /** 256 bits: one for each of the 255 places in the tree of a byte's bits. */
  #tree(before: string, length: number): Buffer {
    const key = `${length} ${before}`
    const known = this.#flips.get(key)
    if (known) return known
    const tree = createHmac('sha256', this.#seed).update(`address ${key}`).digest()
    this.#flips.set(key, tree)
    return tree
  }
}

/** Leading bits that two addresses have in common. */
function sharedBits(a: readonly number[], b: readonly number[]): number {
  for (let position = 0; position < a.length; position++) {
    const difference = (a[position] ?? 0) ^ (b[position] ?? 0)
    if (difference !== 0) return position * BYTE_BITS + Math.clz32(difference) - 24
  }
  return a.length * BYTE_BITS
}

/** How many leading bits must stay: up to where the address leaves the range, that place included. */
function fixedBits({ length }: Special, shared: number): number {
  return Math.min(shared + 1, length)
}

/** Mask of the bits in a byte that are behind the first `fixed` bits of the address. */
function openBits(fixed: number, position: number): number {
  const inByte = Math.min(Math.max(fixed - position * BYTE_BITS, 0), BYTE_BITS)
  return 0xff >> inByte
}

/** Whether it has no bit set behind its prefix length, so it names a network and must go on doing so. */
function isNetwork(bytes: readonly number[], suffix: string): boolean {
  const length = /^\/\d+$/.test(suffix) ? Number(suffix.slice(1)) : undefined
  if (length === undefined || length > bytes.length * BYTE_BITS) return false
  return masked(bytes, length).every((byte, position) => byte === bytes[position])
}

function masked(bytes: readonly number[], length: number): number[] {
  return bytes.map((byte, position) => byte & ~openBits(length, position) & 0xff)
}
