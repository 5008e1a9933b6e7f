import { formatAddress } from '../address.ts'
import type { Attributes } from '../attribute.ts'
import { IPPROTO, ipProtocolName } from '../diag/ip-protocol.ts'
import { malformed } from '../error.ts'
import { u32be } from '../reader.ts'
import { IPSET_ADT, IPSET_CADT, IPSET_FLAG, IPSET_IPADDR } from './ipset-constants.ts'

/** An element of a set. */
export interface IpSetMember {
  /** As ipset(8) writes it: `10.0.0.0/24,tcp:80`, `eth0`, the name of a set… */
  readonly element: string
  /** An exception from the other elements. */
  readonly nomatch: boolean
  /** The interface of hash:net,iface is a prefix of names. */
  readonly wildcard: boolean
  /** Seconds left; 0 = stays; absent when the set has no timeouts. */
  readonly timeoutS: number | undefined
  /** Only of a set with counters; exact up to 2^53. */
  readonly packets: number | undefined
  readonly bytes: number | undefined
  readonly comment: string | undefined
  /** `0x1/0xff` */
  readonly skbMark: string | undefined
  /** `1:10` */
  readonly skbPriority: string | undefined
  readonly skbQueue: number | undefined
}

/** IPSET_ATTR_DATA of an element; `setType` is `hash:ip,port`, `bitmap:ip`, `list:set`… */
export function decodeIpSetMember(data: Attributes, setType: string): IpSetMember {
  const flags = data.u32be(IPSET_CADT.FLAGS) ?? 0
  return {
    element: formatElement(data, setType, flags),
    nomatch: (flags & IPSET_FLAG.NOMATCH) !== 0,
    wildcard: (flags & IPSET_FLAG.IFACE_WILDCARD) !== 0,
    timeoutS: data.u32be(IPSET_CADT.TIMEOUT),
    packets: data.u64be(IPSET_ADT.PACKETS),
    bytes: data.u64be(IPSET_ADT.BYTES),
    comment: data.string(IPSET_ADT.COMMENT),
    skbMark: formatSkbMark(data),
    skbPriority: formatSkbPriority(data.u32be(IPSET_ADT.SKBPRIO)),
    skbQueue: data.u16be(IPSET_ADT.SKBQUEUE),
  }
}

/** The element and what belongs to it, in the words and order of `ipset save`. */
export function formatIpSetMember(member: IpSetMember): string {
  const words = [member.element]
  if (member.timeoutS !== undefined) words.push(`timeout ${member.timeoutS}`)
  if (member.wildcard) words.push('wildcard')
  if (member.nomatch) words.push('nomatch')
  if (member.packets !== undefined) words.push(`packets ${member.packets}`)
  if (member.bytes !== undefined) words.push(`bytes ${member.bytes}`)
  if (member.comment !== undefined) words.push(`comment "${member.comment}"`)
  if (member.skbMark !== undefined) words.push(`skbmark ${member.skbMark}`)
  if (member.skbPriority !== undefined) words.push(`skbprio ${member.skbPriority}`)
  if (member.skbQueue !== undefined) words.push(`skbqueue ${member.skbQueue}`)
  return words.join(' ')
}

function formatElement(data: Attributes, setType: string, flags: number): string {
  const [method = '', dimensions = ''] = setType.split(':')
  let addresses = 0
  return dimensions
    .split(',')
    .map((dimension) => {
      if (dimension === 'ip' || dimension === 'net') return formatAddressPart(data, addresses++)
      return formatPart(data, dimension, { flags, isBitmap: method === 'bitmap' })
    })
    .filter((part) => part !== undefined)
    .join(',')
}

/** The first address of an element, or its second. */
function formatAddressPart(data: Attributes, position: number): string {
  const [ip, cidr, to] =
    position === 0
      ? ([IPSET_CADT.IP, IPSET_CADT.CIDR, IPSET_CADT.IP_TO] as const)
      : ([IPSET_ADT.IP2, IPSET_ADT.CIDR2, IPSET_ADT.IP2_TO] as const)
  const first = formatIpSetAddress(data, ip)
  if (first === undefined) throw malformed('ipset element: address is missing')
  const prefix = data.u8(cidr)
  const last = formatIpSetAddress(data, to)
  if (last !== undefined && last !== first) return `${first}-${last}`
  return prefix === undefined || prefix === (first.includes(':') ? 128 : 32) ? first : `${first}/${prefix}`
}

/** A nest that holds one IPv4 or IPv6 address. */
export function formatIpSetAddress(data: Attributes, type: number): string | undefined {
  const nest = data.nested(type)
  const view = nest?.view(IPSET_IPADDR.IPV4) ?? nest?.view(IPSET_IPADDR.IPV6)
  return view && formatAddress(view, 0, view.length)
}

/** Undefined for a MAC that the element does not have (bitmap:ip,mac learns it from a packet). */
function formatPart(
  data: Attributes,
  dimension: string,
  { flags, isBitmap }: { readonly flags: number; readonly isBitmap: boolean },
): string | undefined {
  switch (dimension) {
    case 'port':
      return isBitmap ? String(data.u16be(IPSET_CADT.PORT)) : formatPort(data)
    case 'mac':
      return data.mac(IPSET_ADT.ETHER)?.toUpperCase()
    case 'mark':
      return `0x${(data.u32be(IPSET_CADT.MARK) ?? 0).toString(16).padStart(8, '0')}`
    case 'iface':
      return `${flags & IPSET_FLAG.PHYSDEV ? 'physdev:' : ''}${data.string(IPSET_ADT.IFACE) ?? ''}`
    case 'set':
      return data.string(IPSET_ADT.NAME) ?? ''
    default:
      throw malformed(`ipset element: unknown dimension ${dimension}`)
  }
}

/** `tcp:80`; for ICMP type and code, which ipset(8) may write by their names. */
function formatPort(data: Attributes): string {
  const protocol = data.u8(IPSET_CADT.PROTO) ?? 0
  const port = data.u16be(IPSET_CADT.PORT) ?? 0
  if (protocol === IPPROTO.ICMP || protocol === IPPROTO.ICMPV6) {
    return `${ipProtocolName(protocol)}:${port >> 8}/${port & 0xff}`
  }
  return `${ipProtocolName(protocol)}:${port}`
}

function formatSkbMark(data: Attributes): string | undefined {
  const at = data.offset(IPSET_ADT.SKBMARK, 8)
  if (at === undefined) return undefined
  const [mark, mask] = [u32be(data.bytes, at), u32be(data.bytes, at + 4)]
  return mask === 0xffff_ffff ? `0x${mark.toString(16)}` : `0x${mark.toString(16)}/0x${mask.toString(16)}`
}

function formatSkbPriority(priority: number | undefined): string | undefined {
  return priority === undefined ? undefined : `${(priority >>> 16).toString(16)}:${(priority & 0xffff).toString(16)}`
}
