import { malformed } from './error.ts'
import { ShortTexts } from './short-text.ts'

const OCTET = Array.from({ length: 256 }, (_, value) => String(value))
const DOT_OCTET = OCTET.map((octet) => `.${octet}`)
const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))
const COLON_HEX = HEX.map((hex) => `:${hex}`)

const ipv4Texts = new ShortTexts(makeIpv4)
const ipv6Texts = new ShortTexts(makeIpv6)
const macTexts = new ShortTexts(makeMac)

/** Dotted quad of the 4 bytes at `at`. */
export function formatIpv4(bytes: Uint8Array, at: number): string {
  if (at < 0 || at + 4 > bytes.length) throw malformed(`IPv4 address: needs 4 bytes at offset ${at}`)
  return ipv4Texts.get(bytes, at, 4)
}

function makeIpv4(bytes: Uint8Array, at: number): string {
  const dotted = (position: number) => DOT_OCTET[bytes[at + position] as number] as string
  return (OCTET[bytes[at] as number] as string) + dotted(1) + dotted(2) + dotted(3)
}

/** Canonical text (RFC 5952, IPv4-mapped addresses with a dotted quad) of the 16 bytes at `at`. */
export function formatIpv6(bytes: Uint8Array, at: number): string {
  if (at < 0 || at + 16 > bytes.length) throw malformed(`IPv6 address: needs 16 bytes at offset ${at}`)
  return ipv6Texts.get(bytes, at, 16)
}

function makeIpv6(bytes: Uint8Array, at: number): string {
  const [start, length] = longestZeroRun(bytes, at)
  if (start === 0 && length === 5 && bytes[at + 10] === 0xff && bytes[at + 11] === 0xff) {
    return `::ffff:${formatIpv4(bytes, at + 12)}`
  }
  if (length < 2) return groupsText(bytes, at, 0, 8)
  return `${groupsText(bytes, at, 0, start)}::${groupsText(bytes, at, start + length, 8)}`
}

/** Groups `from` to before `to`, hexadecimal without leading zeros, colons between them. */
function groupsText(bytes: Uint8Array, at: number, from: number, to: number): string {
  let out = ''
  for (let group = from; group < to; group++) {
    const high = bytes[at + group * 2] as number
    const low = bytes[at + group * 2 + 1] as number
    if (group > from) out += ':'
    out += high === 0 ? low.toString(16) : high.toString(16) + HEX[low]
  }
  return out
}

/** The first of the longest runs of groups that are 0. */
function longestZeroRun(bytes: Uint8Array, at: number): readonly [start: number, length: number] {
  let bestStart = 0
  let bestLength = 0
  for (let group = 0, length = 0; group < 8; group++) {
    const isZero = bytes[at + group * 2] === 0 && bytes[at + group * 2 + 1] === 0
    length = isZero ? length + 1 : 0
    if (length <= bestLength) continue
    bestLength = length
    bestStart = group - length + 1
  }
  return [bestStart, bestLength]
}

/** IPv4 or IPv6 text of `length` bytes (4 or 16) at `at`; anything else is malformed. */
export function formatAddress(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return formatIpv4(bytes, at)
  if (length === 16) return formatIpv6(bytes, at)
  throw malformed(`address: ${length} bytes, neither 4 nor 16`)
}

/** `02:42:ac:11:00:02` of `length` bytes at `at` (6 for Ethernet, 20 for InfiniBand, 4 or 16 for tunnels). */
export function formatMac(bytes: Uint8Array, at: number, length: number): string {
  if (at < 0 || at + length > bytes.length) throw malformed(`MAC address: needs ${length} bytes at offset ${at}`)
  if (length === 0) return ''
  return length <= 16 ? macTexts.get(bytes, at, length) : makeMac(bytes, at, length)
}

function makeMac(bytes: Uint8Array, at: number, length: number): string {
  let out = HEX[bytes[at] as number] as string
  for (let position = 1; position < length; position++) out += COLON_HEX[bytes[at + position] as number]
  return out
}

/** The bytes of `02:42:ac:11:00:02`. */
export function parseMac(mac: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(mac)) throw malformed(`MAC address: ${JSON.stringify(mac)}`)
  return Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16))
}

/** The 4 or 16 bytes of an address as text. */
export function parseAddress(address: string): Uint8Array {
  return address.includes(':') ? parseIpv6(address) : parseIpv4(address)
}

function parseIpv4(address: string): Uint8Array {
  const octets = address.split('.')
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)) {
    throw malformed(`IPv4 address: ${JSON.stringify(address)}`)
  }
  return Uint8Array.from(octets, Number)
}

function parseIpv6(address: string): Uint8Array {
  const halves = address.split('::')
  const last = halves.length - 1
  const [head = [], tail = []] = halves.map((half, position) => groupsOf(half, address, position === last))
  const missing = 8 - head.length - tail.length
  if (halves.length > 2 || (halves.length === 1 ? missing !== 0 : missing < 1)) {
    throw malformed(`IPv6 address: ${JSON.stringify(address)}`)
  }
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** Only the end of the whole address may be a dotted quad. */
function groupsOf(half: string, whole: string, isLast: boolean): number[] {
  if (half === '') return []
  return half.split(':').flatMap((group, position, all) => {
    if (isLast && position === all.length - 1 && group.includes('.')) {
      const octets = parseIpv4(group)
      return [
        ((octets[0] as number) << 8) | (octets[1] as number),
        ((octets[2] as number) << 8) | (octets[3] as number),
      ]
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) throw malformed(`IPv6 address: ${JSON.stringify(whole)}`)
    return [Number.parseInt(group, 16)]
  })
}
