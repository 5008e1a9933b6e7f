import { type Bytes, tooShort } from './bytes.ts'
import { decodeDns } from './dns-question.ts'
import type { Layers } from './layers.ts'
import type { DecodedPacket, IcmpMessage, IpHeader } from './packet.ts'

/** What an IP header carries. */
export interface Carried {
  readonly ip: IpHeader
  readonly bytes: Bytes
  /** As the IP header says; more than `bytes` when the capture was cut. */
  readonly length: number
  readonly layers: Layers
}

type Decoder = (carried: Carried) => DecodedPacket

/** linux/in.h */
const DECODERS: Readonly<Record<number, Decoder>> = {
  1: decodeIcmp,
  4: decodeTunnelled,
  6: decodeTcp,
  17: decodeUdp,
  41: decodeTunnelled,
  50: decodeEsp,
  58: decodeIcmpv6,
}

export function decodeTransport(carried: Carried): DecodedPacket {
  return DECODERS[carried.ip.protocol]?.(carried) ?? { payload: carried.bytes.view() }
}

/** Outer header of IP in IP; its inside is the payload. */
function decodeTunnelled({ bytes }: Carried): DecodedPacket {
  return { payload: bytes.view() }
}

const TCP_BYTES = 20

/** RFC 9293, section 3.1. An error's copy may end after the first 8 bytes, which hold ports and sequence number. */
function decodeTcp({ bytes, length }: Carried): DecodedPacket {
  if (!bytes.has(8)) return tooShort('tcp header', bytes, TCP_BYTES)
  const headerBytes = bytes.has(13) ? (bytes.u8(12) >> 4) * 4 : TCP_BYTES
  const isWhole = bytes.has(TCP_BYTES)
  const mss = isWhole ? mssOf(bytes.from(TCP_BYTES, headerBytes - TCP_BYTES)) : undefined
  const tcp = {
    sourcePort: bytes.u16(0),
    destinationPort: bytes.u16(2),
    sequence: bytes.u32(4),
    acknowledgement: bytes.u32(8),
    flags: bytes.u8(13),
    window: bytes.u16(14),
    length: Math.max(0, length - headerBytes),
    ...(mss === undefined ? {} : { mss }),
  }
  if (!isWhole) return { tcp, ...tooShort('tcp header', bytes, TCP_BYTES) }
  if (headerBytes < TCP_BYTES) return { tcp, cut: `tcp header: says that it has ${headerBytes} bytes` }
  return { tcp, payload: bytes.from(headerBytes).view() }
}

const OPTION = { END: 0, NOTHING: 1, MSS: 2 }

function mssOf(options: Bytes): number | undefined {
  let at = 0
  while (at < options.length) {
    const kind = options.u8(at)
    if (kind === OPTION.END) return undefined
    if (kind === OPTION.MSS && options.u8(at + 1) === 4 && options.length >= at + 4) return options.u16(at + 2)
    at += kind === OPTION.NOTHING ? 1 : Math.max(2, options.u8(at + 1))
  }
  return undefined
}

const UDP_BYTES = 8
const DNS_PORT = 53

/** RFC 768. */
function decodeUdp({ bytes, layers }: Carried): DecodedPacket {
  if (!bytes.has(UDP_BYTES)) return tooShort('udp header', bytes, UDP_BYTES)
  const udp = { sourcePort: bytes.u16(0), destinationPort: bytes.u16(2), length: bytes.u16(4) }
  // 0 = as long as the packet (RFC 2675)
  const body = bytes.from(UDP_BYTES, udp.length === 0 ? bytes.length : udp.length - UDP_BYTES)
  const payload = body.view()
  if (layers.vxlanPorts.includes(udp.destinationPort)) return { udp, payload, ...decodeVxlan(body, layers) }
  if (udp.sourcePort !== DNS_PORT && udp.destinationPort !== DNS_PORT) return { udp, payload }
  const dns = decodeDns(body)
  return dns === undefined ? { udp, payload } : { udp, payload, dns }
}

const VXLAN_BYTES = 8
const VNI_VALID = 0x08

/** RFC 7348, section 5. */
function decodeVxlan(bytes: Bytes, layers: Layers): DecodedPacket {
  if (!bytes.has(VXLAN_BYTES)) return tooShort('vxlan header', bytes, VXLAN_BYTES)
  if ((bytes.u8(0) & VNI_VALID) === 0) return {}
  const inner = layers.inside(bytes.from(VXLAN_BYTES), 'ethernet')
  return inner === undefined ? {} : { vxlan: { vni: bytes.u32(4) >>> 8, inner } }
}

/** RFC 4303: the rest is encrypted. */
function decodeEsp({ bytes }: Carried): DecodedPacket {
  if (!bytes.has(8)) return tooShort('esp header', bytes, 8)
  return { esp: { spi: bytes.u32(0), sequence: bytes.u32(4) } }
}

const ICMP_BYTES = 8
/** ICMP types of echo requests and replies, and those that carry the packet they are about. */
export const ECHO_TYPES: ReadonlySet<number> = new Set([0, 8])
export const ERROR_TYPES: ReadonlySet<number> = new Set([3, 4, 5, 11, 12])
const UNREACHABLE = 3
const FRAGMENTATION_NEEDED = 4

/** RFC 792, RFC 1191. */
function decodeIcmp({ bytes, layers }: Carried): DecodedPacket {
  if (!bytes.has(ICMP_BYTES)) return tooShort('icmp header', bytes, ICMP_BYTES)
  const [type, code] = [bytes.u8(0), bytes.u8(1)]
  const body = bytes.from(ICMP_BYTES)
  const icmp: IcmpMessage = {
    type,
    code,
    ...(ECHO_TYPES.has(type) ? { id: bytes.u16(4), sequence: bytes.u16(6) } : {}),
    ...(type === UNREACHABLE && code === FRAGMENTATION_NEEDED ? { mtu: bytes.u16(6) } : {}),
    ...(ERROR_TYPES.has(type) ? aboutOf(body, layers) : {}),
  }
  return { icmp, payload: body.view() }
}

/** linux/icmpv6.h */
export const ICMPV6 = { TOO_BIG: 2, LAST_ERROR: 127, ECHO: 128, ECHO_REPLY: 129, SOLICITATION: 135, ADVERTISEMENT: 136 }

/** RFC 4443, RFC 4861. */
function decodeIcmpv6({ bytes, layers }: Carried): DecodedPacket {
  if (!bytes.has(ICMP_BYTES)) return tooShort('icmpv6 header', bytes, ICMP_BYTES)
  const [type, code] = [bytes.u8(0), bytes.u8(1)]
  const body = bytes.from(ICMP_BYTES)
  const isEcho = type === ICMPV6.ECHO || type === ICMPV6.ECHO_REPLY
  const isNeighbour = (type === ICMPV6.SOLICITATION || type === ICMPV6.ADVERTISEMENT) && body.has(16)
  const icmp: IcmpMessage = {
    type,
    code,
    ...(isEcho ? { id: bytes.u16(4), sequence: bytes.u16(6) } : {}),
    ...(type === ICMPV6.TOO_BIG ? { mtu: bytes.u32(4) } : {}),
    ...(isNeighbour ? { target: body.address(0, 16) } : {}),
    ...(type <= ICMPV6.LAST_ERROR ? aboutOf(body, layers) : {}),
  }
  return { icmp, payload: body.view() }
}

function aboutOf(body: Bytes, layers: Layers): Pick<IcmpMessage, 'about'> {
  const about = layers.inside(body, 'ip')
  return about === undefined ? {} : { about }
}
