import { formatIpv4, formatIpv6, parseAddress } from '../address.ts'
import { AttributeCursor } from '../attribute.ts'
import { malformed, NetlinkError } from '../error.ts'
import { u16, u32be, u64be } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** linux/lwtunnel.h LWTUNNEL_ENCAP_*, names as `ip route` prints them. */
export const ENCAP_TYPES: readonly string[] = [
  'none',
  'mpls',
  'ip',
  'ila',
  'ip6',
  'seg6',
  'bpf',
  'seg6local',
  'rpl',
  'ioam6',
  'xfrm',
]

/** linux/mpls_iptunnel.h */
const MPLS_IPTUNNEL = { DST: 1, TTL: 2 } as const
/** linux/lwtunnel.h; the same numbers for IPv4 and IPv6. */
const LWTUNNEL_IP = { ID: 1, DST: 2, SRC: 3, TTL: 4, TOS: 5 } as const
/** linux/seg6_iptunnel.h */
const SEG6_IPTUNNEL_SRH = 1
const SEG6_MODES: readonly string[] = ['inline', 'encap', 'l2encap', 'encap.red', 'l2encap.red']

/** How packets of a route are wrapped (RTA_ENCAP). */
export interface RouteEncap {
  /** ip, ip6, mpls, seg6… */
  type: string
  /** ip, ip6: tunnel id, both ends, TTL (hop limit) and TOS. */
  id?: number
  source?: string
  destination?: string
  ttl?: number
  tos?: number
  /** mpls: labels, outermost first. */
  labels?: readonly number[]
  /** seg6: how, and the segments in the order they are visited. */
  mode?: string
  segments?: readonly string[]
}

/** The payload of RTA_ENCAP with its RTA_ENCAP_TYPE. A type that is not known keeps only its name. */
export function decodeEncap(type: number, bytes: Uint8Array, start: number, end: number): RouteEncap {
  const name = ENCAP_TYPES[type] ?? String(type)
  const encap: RouteEncap = { type: name }
  const cursor = new AttributeCursor(bytes, start, end)
  while (cursor.next()) {
    if (name === 'mpls') readMpls(encap, cursor)
    else if (name === 'ip' || name === 'ip6') readIp(encap, cursor)
    else if (name === 'seg6' && cursor.type === SEG6_IPTUNNEL_SRH) readSeg6(encap, cursor)
  }
  return encap
}

function readMpls(encap: RouteEncap, cursor: AttributeCursor): void {
  if (cursor.type === MPLS_IPTUNNEL.DST) encap.labels = mplsLabels(cursor.bytes, cursor.start, cursor.end)
  else if (cursor.type === MPLS_IPTUNNEL.TTL) encap.ttl = cursor.u8()
}

/** linux/mpls.h: label stack entries of 4 bytes, the label in the top 20 bits, bit 8 the bottom of the stack. */
export function mplsLabels(bytes: Uint8Array, start: number, end: number): readonly number[] {
  const labels: number[] = []
  for (let at = start; at + 4 <= end; at += 4) {
    const entry = u32be(bytes, at)
    labels.push(entry >>> 12)
    if (entry & 0x100) break
  }
  return labels
}

function readIp(encap: RouteEncap, cursor: AttributeCursor): void {
  const isIpv4 = encap.type === 'ip'
  switch (cursor.type) {
    case LWTUNNEL_IP.ID:
      encap.id = u64be(cursor.bytes, cursor.at(8))
      break
    case LWTUNNEL_IP.DST:
      encap.destination = tunnelEnd(cursor, isIpv4)
      break
    case LWTUNNEL_IP.SRC:
      encap.source = tunnelEnd(cursor, isIpv4)
      break
    case LWTUNNEL_IP.TTL:
      encap.ttl = cursor.u8()
      break
    case LWTUNNEL_IP.TOS:
      encap.tos = cursor.u8()
      break
  }
}

function tunnelEnd(cursor: AttributeCursor, isIpv4: boolean): string {
  return isIpv4 ? formatIpv4(cursor.bytes, cursor.at(4)) : formatIpv6(cursor.bytes, cursor.at(16))
}

/** struct seg6_iptunnel_encap: mode, then struct ipv6_sr_hdr of 8 bytes, then the segments, last one first. */
function readSeg6(encap: RouteEncap, cursor: AttributeCursor): void {
  const at = cursor.at(12)
  const mode = u16(cursor.bytes, at)
  encap.mode = SEG6_MODES[mode] ?? String(mode)
  const segments: string[] = []
  const count = (cursor.bytes[at + 8] as number) + 1
  for (let position = count - 1; position >= 0; position--) {
    if (at + 12 + position * 16 + 16 > cursor.end) throw malformed('seg6: more segments than bytes')
    segments.push(formatIpv6(cursor.bytes, at + 12 + position * 16))
  }
  encap.segments = segments
}

export function encapType(encap: RouteEncap): number {
  const type = ENCAP_TYPES.indexOf(encap.type)
  if (type === -1) throw new NetlinkError('usage', `route: unknown encapsulation ${encap.type}`)
  return type
}

/** Writes the payload of RTA_ENCAP. Knows ip, ip6, mpls and seg6. */
export function encodeEncap(writer: Writer, encap: RouteEncap): void {
  switch (encap.type) {
    case 'mpls':
      writer.attribute(MPLS_IPTUNNEL.DST, (stack) => encodeLabels(stack, encap.labels ?? []))
      if (encap.ttl !== undefined) writer.u8Attribute(MPLS_IPTUNNEL.TTL, encap.ttl)
      return
    case 'ip':
    case 'ip6':
      encodeIpEncap(writer, encap)
      return
    case 'seg6':
      writer.attribute(SEG6_IPTUNNEL_SRH, (srh) => encodeSeg6(srh, encap))
      return
    default:
      throw new NetlinkError('usage', `route: encapsulation ${encap.type} cannot be written`)
  }
}

export function encodeLabels(writer: Writer, labels: readonly number[]): void {
  labels.forEach((label, position) => {
    writer.u32be((label << 12) | (position === labels.length - 1 ? 0x100 : 0))
  })
}

function encodeIpEncap(writer: Writer, encap: RouteEncap): void {
  const { id, destination, source, ttl, tos } = encap
  if (id !== undefined) writer.attribute(LWTUNNEL_IP.ID, (w) => w.u32be(Math.floor(id / 2 ** 32)).u32be(id % 2 ** 32))
  if (destination !== undefined) writer.addressAttribute(LWTUNNEL_IP.DST, destination)
  if (source !== undefined) writer.addressAttribute(LWTUNNEL_IP.SRC, source)
  if (ttl !== undefined) writer.u8Attribute(LWTUNNEL_IP.TTL, ttl)
  if (tos !== undefined) writer.u8Attribute(LWTUNNEL_IP.TOS, tos)
}

/** RFC 8754: header length in units of 8 bytes without the first, routing type 4. */
function encodeSeg6(writer: Writer, { mode = 'encap', segments = [] }: RouteEncap): void {
  const last = segments.length - 1
  const number = SEG6_MODES.indexOf(mode)
  writer.u32(number === -1 ? Number(mode) : number)
  writer
    .u8(0)
    .u8(segments.length * 2)
    .u8(4)
    .u8(last)
    .u8(last)
    .u8(0)
    .u16(0)
  for (const segment of segments.toReversed()) writer.raw(parseAddress(segment))
}
