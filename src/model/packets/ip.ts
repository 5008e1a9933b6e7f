import { type Bytes, tooShort } from './bytes.ts'
import type { Layers } from './layers.ts'
import type { DecodedPacket, Fragment, IpHeader } from './packet.ts'
import { decodeTransport } from './transport.ts'

const IPV4_BYTES = 20
const IPV6_BYTES = 40

/** RFC 791. */
export function decodeIpv4(bytes: Bytes, layers: Layers): DecodedPacket {
  if (!bytes.has(IPV4_BYTES)) return tooShort('ip header', bytes, IPV4_BYTES)
  const headerBytes = (bytes.u8(0) & 15) * 4
  if (bytes.u8(0) >> 4 !== 4) return { cut: `ip header: version ${bytes.u8(0) >> 4} in an IPv4 frame` }
  if (headerBytes < IPV4_BYTES) return { cut: `ip header: says that it has ${headerBytes} bytes` }
  if (!bytes.has(headerBytes)) return tooShort('ip header', bytes, headerBytes)
  const field = bytes.u16(6)
  const id = bytes.u16(4)
  const fragment = fragmentOf(id, (field & 0x1fff) * 8, (field & 0x2000) !== 0)
  const size = bytes.u16(2)
  const ip: IpHeader = {
    version: 4,
    source: bytes.address(12, 4),
    destination: bytes.address(16, 4),
    protocol: bytes.u8(9),
    ttl: bytes.u8(8),
    // with segmentation offload the length of a super-packet does not fit
    size: size === 0 ? bytes.length : size,
    tos: bytes.u8(1),
    id,
    df: (field & 0x4000) !== 0,
    ...(fragment === undefined ? {} : { fragment }),
  }
  return { ip, ...inside(ip, bytes.from(headerBytes, ip.size - headerBytes), ip.size - headerBytes, layers) }
}

function fragmentOf(id: number, offset: number, more: boolean): Fragment | undefined {
  return offset === 0 && !more ? undefined : { id, offset, more }
}

/** Only the first fragment begins with a transport header. */
function inside(ip: IpHeader, bytes: Bytes, length: number, layers: Layers): DecodedPacket {
  if (ip.fragment !== undefined && ip.fragment.offset > 0) return { payload: bytes.view() }
  return decodeTransport({ ip, bytes, length: Math.max(0, length), layers })
}

/** RFC 8200, section 4: headers that say how long they are, in units of 8 bytes without the first. */
export const EXTENSION = {
  HOP_BY_HOP: 0,
  ROUTING: 43,
  FRAGMENT: 44,
  AUTHENTICATION: 51,
  DESTINATION: 60,
  MOBILITY: 135,
}
const LONG_EXTENSIONS: ReadonlySet<number> = new Set([
  EXTENSION.HOP_BY_HOP,
  EXTENSION.ROUTING,
  EXTENSION.DESTINATION,
  EXTENSION.MOBILITY,
])
export const MOST_EXTENSIONS = 16

interface Extensions {
  readonly protocol: number
  /** Where what they announce begins. */
  readonly at: number
  readonly passed: readonly number[]
  readonly fragment?: Fragment | undefined
  readonly cut?: string
}

export function decodeIpv6(bytes: Bytes, layers: Layers): DecodedPacket {
  if (!bytes.has(IPV6_BYTES)) return tooShort('ip header', bytes, IPV6_BYTES)
  if (bytes.u8(0) >> 4 !== 6) return { cut: `ip header: version ${bytes.u8(0) >> 4} in an IPv6 frame` }
  const announced = bytes.u16(4)
  const size = announced === 0 ? bytes.length : IPV6_BYTES + announced
  const { protocol, at, passed, fragment, cut } = extensionsOf(bytes.from(0, size))
  const ip: IpHeader = {
    version: 6,
    source: bytes.address(8, 16),
    destination: bytes.address(24, 16),
    protocol,
    ttl: bytes.u8(7),
    size,
    tos: (bytes.u16(0) >> 4) & 0xff,
    ...(passed.length === 0 ? {} : { extensions: passed }),
    ...(fragment === undefined ? {} : { fragment }),
  }
  return cut === undefined ? { ip, ...inside(ip, bytes.from(at, size - at), size - at, layers) } : { ip, cut }
}

function extensionsOf(bytes: Bytes): Extensions {
  const passed: number[] = []
  let fragment: Fragment | undefined
  let protocol = bytes.u8(6)
  let at = IPV6_BYTES
  while (isExtension(protocol) && passed.length < MOST_EXTENSIONS) {
    if (bytes.length < at + 8) return { protocol, at, passed, ...tooShort('extension header', bytes.from(at), 8) }
    passed.push(protocol)
    if (protocol === EXTENSION.FRAGMENT) {
      const field = bytes.u16(at + 2)
      fragment = fragmentOf(bytes.u32(at + 4), field & 0xfff8, (field & 1) !== 0)
    }
    const length = extensionBytes(protocol, bytes.u8(at + 1))
    protocol = bytes.u8(at)
    at += length
    if (fragment !== undefined && fragment.offset > 0) break
  }
  return { protocol, at, passed, fragment }
}

export function isExtension(protocol: number): boolean {
  return LONG_EXTENSIONS.has(protocol) || protocol === EXTENSION.FRAGMENT || protocol === EXTENSION.AUTHENTICATION
}

/** RFC 4302 counts in units of 4 bytes, without the first two. */
export function extensionBytes(protocol: number, field: number): number {
  if (protocol === EXTENSION.FRAGMENT) return 8
  return protocol === EXTENSION.AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8
}
