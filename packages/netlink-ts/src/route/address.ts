import { parseAddress } from '../address.ts'
import { type AttributeReaders, readAttributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message, NLM_F } from '../message.ts'
import { u8, u32 } from '../reader.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { FlagNames } from './flag-names.ts'
import { nameOfNumber, numberNamed, ROUTE_SCOPES } from './names.ts'
import { RTM } from './rtnetlink.ts'

/** linux/if_addr.h */
export const IFA = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  ANYCAST: 5,
  CACHEINFO: 6,
  MULTICAST: 7,
  FLAGS: 8,
  RT_PRIORITY: 9,
  TARGET_NETNSID: 10,
  PROTO: 11,
} as const

/** linux/if_addr.h */
export const IFA_F = {
  SECONDARY: 0x01,
  NODAD: 0x02,
  OPTIMISTIC: 0x04,
  DADFAILED: 0x08,
  HOMEADDRESS: 0x10,
  DEPRECATED: 0x20,
  TENTATIVE: 0x40,
  PERMANENT: 0x80,
  MANAGETEMPADDR: 0x100,
  NOPREFIXROUTE: 0x200,
  MCAUTOJOIN: 0x400,
  STABLE_PRIVACY: 0x800,
} as const

/** As `ip` prints them; bit 0 means secondary on IPv4 and temporary on IPv6. */
const REST = [
  'nodad',
  'optimistic',
  'dadfailed',
  'home',
  'deprecated',
  'tentative',
  'permanent',
  'mngtmpaddr',
  'noprefixroute',
  'autojoin',
  'stable-privacy',
] as const
const FLAGS4 = new FlagNames(['secondary', ...REST])
const FLAGS6 = new FlagNames(['temporary', ...REST])

/** struct ifa_cacheinfo: INFINITY_LIFE_TIME */
const FOREVER = 0xffff_ffff

/** An address of a link (RTM_NEWADDR). */
export interface Address {
  /** ifindex */
  index: number
  family: 4 | 6
  /** The local address. */
  address: string
  prefixLength: number
  /** The other end, when it differs (point-to-point). */
  peer: string | undefined
  broadcast: string | undefined
  anycast: string | undefined
  label: string | undefined
  /** global, site, link, host, nowhere, or a number. */
  scope: string
  /** IFA_F_* */
  flags: number
  flagNames: readonly string[]
  /** Seconds left; undefined = forever. */
  validS: number | undefined
  preferredS: number | undefined
  /** Metric of its prefix route. */
  metric: number | undefined
  /** IFAPROT_*: who made it; undefined = not said. */
  protocol: number | undefined
}

const NO_FLAGS: readonly string[] = []

/** struct ifaddrmsg */
const HEADER_BYTES = 8

/** The address of an RTM_NEWADDR or RTM_DELADDR message; undefined when it is neither IPv4 nor IPv6. */
export function decodeAddress(message: Message): Address | undefined {
  const cursor = cursorOf(message, HEADER_BYTES)
  const { bytes, start } = message
  const family = u8(bytes, start)
  if (family !== AF.INET && family !== AF.INET6) return undefined
  const is4 = family === AF.INET
  const address: Address = {
    index: u32(bytes, start + 4),
    family: is4 ? 4 : 6,
    address: '',
    prefixLength: u8(bytes, start + 1),
    peer: undefined,
    broadcast: undefined,
    anycast: undefined,
    label: undefined,
    scope: nameOfNumber(ROUTE_SCOPES, u8(bytes, start + 3)),
    flags: u8(bytes, start + 2),
    flagNames: NO_FLAGS,
    validS: undefined,
    preferredS: undefined,
    metric: undefined,
    protocol: undefined,
  }
  readAttributes(address, cursor, ATTRIBUTES)
  address.flagNames = (is4 ? FLAGS4 : FLAGS6).of(address.flags)
  if (address.peer === address.address) address.peer = undefined
  return address
}

/** IFA_ADDRESS is the other end when there is an IFA_LOCAL, which may come before or after it. */
const ATTRIBUTES: AttributeReaders<Address> = {
  [IFA.ADDRESS]: (address, cursor) => {
    const text = cursor.address()
    if (address.address === '') address.address = text
    address.peer = text
  },
  [IFA.LOCAL]: (address, cursor) => {
    address.address = cursor.address()
  },
  [IFA.BROADCAST]: (address, cursor) => {
    address.broadcast = cursor.address()
  },
  [IFA.ANYCAST]: (address, cursor) => {
    address.anycast = cursor.address()
  },
  [IFA.LABEL]: (address, cursor) => {
    address.label = cursor.string()
  },
  [IFA.FLAGS]: (address, cursor) => {
    address.flags = cursor.u32()
  },
  [IFA.CACHEINFO]: (address, cursor) => {
    const at = cursor.at(8)
    address.preferredS = lifetime(u32(cursor.bytes, at))
    address.validS = lifetime(u32(cursor.bytes, at + 4))
  },
  [IFA.RT_PRIORITY]: (address, cursor) => {
    address.metric = cursor.u32()
  },
  [IFA.PROTO]: (address, cursor) => {
    address.protocol = cursor.u8()
  },
}

function lifetime(seconds: number): number | undefined {
  return seconds === FOREVER ? undefined : seconds
}

export interface DumpAddressesOptions {
  readonly family?: 4 | 6
  /** Only those of this link, filtered by the kernel. */
  readonly index?: number
}

/** The IPv4 and IPv6 addresses of the socket's namespace. */
export function dumpAddresses(socket: NetlinkSocket, options: DumpAddressesOptions = {}): Address[] {
  const family = options.family === undefined ? AF.UNSPEC : options.family === 4 ? AF.INET : AF.INET6
  return socket.dump(
    {
      type: RTM.GETADDR,
      fill: (writer) =>
        writer
          .u8(family)
          .zeros(3)
          .u32(options.index ?? 0),
    },
    decodeAddress,
  )
}

/** What can be set of an address; a decoded {@link Address} fits. */
export interface AddressSpec {
  readonly index: number
  readonly address: string
  readonly prefixLength: number
  readonly peer?: string | undefined
  readonly broadcast?: string | undefined
  readonly anycast?: string | undefined
  readonly label?: string | undefined
  /** Default global. */
  readonly scope?: string | undefined
  /** IFA_F_* */
  readonly flags?: number | undefined
  readonly validS?: number | undefined
  readonly preferredS?: number | undefined
  readonly metric?: number | undefined
  readonly protocol?: number | undefined
}

export function encodeAddress(writer: Writer, spec: AddressSpec): void {
  const local = parseAddress(spec.address)
  writer
    .u8(local.length === 4 ? AF.INET : AF.INET6)
    .u8(spec.prefixLength)
    .u8(spec.flags ?? 0)
    .u8(numberNamed(ROUTE_SCOPES, spec.scope ?? 'global'))
    .u32(spec.index)
    .bytesAttribute(IFA.LOCAL, local)
    .addressAttribute(IFA.ADDRESS, spec.peer ?? spec.address)
  if (spec.broadcast !== undefined) writer.addressAttribute(IFA.BROADCAST, spec.broadcast)
  if (spec.anycast !== undefined) writer.addressAttribute(IFA.ANYCAST, spec.anycast)
  if (spec.label !== undefined) writer.stringAttribute(IFA.LABEL, spec.label)
  if (spec.flags !== undefined) writer.u32Attribute(IFA.FLAGS, spec.flags)
  if (spec.metric !== undefined) writer.u32Attribute(IFA.RT_PRIORITY, spec.metric)
  if (spec.protocol !== undefined) writer.u8Attribute(IFA.PROTO, spec.protocol)
  if (spec.validS !== undefined || spec.preferredS !== undefined) {
    writer.attribute(IFA.CACHEINFO, (info) =>
      info
        .u32(spec.preferredS ?? FOREVER)
        .u32(spec.validS ?? FOREVER)
        .zeros(8),
    )
  }
}

/** Adds an address; with `replace` one that is there already is changed. */
export function addAddress(spec: AddressSpec, options: { readonly replace?: boolean } = {}): Request {
  return {
    type: RTM.NEWADDR,
    flags: NLM_F.CREATE | (options.replace ? NLM_F.REPLACE : NLM_F.EXCL),
    fill: (writer) => encodeAddress(writer, spec),
  }
}

export function deleteAddress(spec: AddressSpec): Request {
  return { type: RTM.DELADDR, fill: (writer) => encodeAddress(writer, spec) }
}
