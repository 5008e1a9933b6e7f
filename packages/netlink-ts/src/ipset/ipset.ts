import type { Attributes } from '../attribute.ts'
import { malformed, NetlinkError } from '../error.ts'
import { AF } from '../libc.ts'
import type { Message } from '../message.ts'
import { NFNL_SUBSYS, netfilterAttributes, netfilterType, writeNetfilterHeader } from '../netfilter/nfnetlink.ts'
import type { NetlinkSocket } from '../socket.ts'
import {
  IPSET_ATTR,
  IPSET_CADT,
  IPSET_CMD,
  IPSET_CREATE,
  IPSET_FLAG,
  IPSET_FLAG_LIST_HEADER,
  IPSET_PROTOCOL,
} from './ipset-constants.ts'
import { decodeIpSetMember, formatIpSetAddress, type IpSetMember } from './ipset-member.ts'

/** nfnetlink's answer for a subsystem that does not exist. */
const EINVAL = 22

/** A set of ipset(8). */
export interface IpSetTable {
  readonly name: string
  /** `hash:ip`, `hash:net,iface`, `bitmap:port`, `list:set`… */
  readonly type: string
  readonly revision: number
  /** `inet`, `inet6`; absent for a type that has none (bitmap:port, list:set). */
  readonly family: string | undefined
  /** What `ipset create` was given, by its own words: `hashsize`, `maxelem`, `timeout`, `counters`, `range`… */
  readonly options: Readonly<Record<string, string | number | boolean>>
  /** Rules and sets that use it. */
  readonly references: number
  readonly memoryBytes: number
  /** Absent on kernels before 4.11. */
  readonly elements: number | undefined
  readonly members: readonly IpSetMember[]
}

/** One message of a list: a large set comes in several, of which only the first says what it is. */
export interface IpSetPart {
  readonly name: string
  readonly header: Omit<IpSetTable, 'name' | 'members'> | undefined
  readonly members: readonly IpSetMember[]
}

/** IPSET_CMD_LIST's answer; `typeOf` gives the type of a set whose first part came before. */
export function decodeIpSetPart(message: Message, typeOf: (name: string) => string | undefined): IpSetPart {
  const attributes = netfilterAttributes(message)
  const name = attributes.string(IPSET_ATTR.SETNAME)
  if (name === undefined) throw malformed('ipset: name is missing')
  const type = attributes.string(IPSET_ATTR.TYPENAME)
  const elements = attributes.nested(IPSET_ATTR.ADT)?.nests(IPSET_ATTR.DATA) ?? []
  const memberType = type ?? typeOf(name)
  if (elements.length > 0 && memberType === undefined) throw malformed(`ipset ${name}: elements before the type`)
  return {
    name,
    header: type === undefined ? undefined : decodeHeader(attributes, type),
    members: elements.map((element) => decodeIpSetMember(element, memberType as string)),
  }
}

function decodeHeader(attributes: Attributes, type: string): Omit<IpSetTable, 'name' | 'members'> {
  const data = attributes.nested(IPSET_ATTR.DATA)
  return {
    type,
    revision: attributes.u8(IPSET_ATTR.REVISION) ?? 0,
    family: familyName(attributes.u8(IPSET_ATTR.FAMILY)),
    options: data ? decodeOptions(data, type) : {},
    references: data?.u32be(IPSET_CREATE.REFERENCES) ?? 0,
    memoryBytes: data?.u32be(IPSET_CREATE.MEMSIZE) ?? 0,
    elements: data?.u32be(IPSET_CREATE.ELEMENTS),
  }
}

function familyName(family: number | undefined): string | undefined {
  if (family === AF.INET) return 'inet'
  return family === AF.INET6 ? 'inet6' : undefined
}

const FLAG_OPTIONS: readonly (readonly [flag: number, word: string])[] = [
  [IPSET_FLAG.WITH_COUNTERS, 'counters'],
  [IPSET_FLAG.WITH_COMMENT, 'comment'],
  [IPSET_FLAG.WITH_SKBINFO, 'skbinfo'],
  [IPSET_FLAG.WITH_FORCEADD, 'forceadd'],
]

function decodeOptions(data: Attributes, type: string): Record<string, string | number | boolean> {
  const flags = data.u32be(IPSET_CADT.FLAGS) ?? 0
  const options: Record<string, string | number | boolean | undefined> = {
    range: rangeOf(data, type),
    hashsize: data.u32be(IPSET_CREATE.HASHSIZE),
    maxelem: data.u32be(IPSET_CREATE.MAXELEM),
    bucketsize: data.u8(IPSET_CREATE.BUCKETSIZE),
    initval: data.u32be(IPSET_CREATE.INITVAL),
    netmask: data.u8(IPSET_CREATE.NETMASK),
    markmask: data.u32be(IPSET_CADT.MARKMASK),
    size: data.u32be(IPSET_CREATE.SIZE),
    timeout: data.u32be(IPSET_CADT.TIMEOUT),
  }
  for (const [flag, word] of FLAG_OPTIONS) if (flags & flag) options[word] = true
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number | boolean
  >
}

/** What a bitmap covers. */
function rangeOf(data: Attributes, type: string): string | undefined {
  if (!type.startsWith('bitmap:')) return undefined
  if (type === 'bitmap:port') return `${data.u16be(IPSET_CADT.PORT)}-${data.u16be(IPSET_CADT.PORT_TO)}`
  return `${formatIpSetAddress(data, IPSET_CADT.IP)}-${formatIpSetAddress(data, IPSET_CADT.IP_TO)}`
}

export interface IpSetProtocol {
  readonly newest: number
  readonly oldest: number
}

/** IPSET_CMD_PROTOCOL's answer. */
export function decodeIpSetProtocol(message: Message): IpSetProtocol {
  const attributes = netfilterAttributes(message)
  const newest = attributes.u8(IPSET_ATTR.PROTOCOL)
  if (newest === undefined) throw malformed('ipset: protocol is missing')
  return { newest, oldest: attributes.u8(IPSET_ATTR.PROTOCOL_MIN) ?? newest }
}

/** Protocol versions of the kernel, which may load its module. Throws `unsupported` when it has no sets. */
export function getIpSetProtocol(socket: NetlinkSocket): IpSetProtocol {
  try {
    const [protocol] = socket.request(
      {
        type: netfilterType(NFNL_SUBSYS.IPSET, IPSET_CMD.PROTOCOL),
        fill: (writer) => writeNetfilterHeader(writer, 0).u8Attribute(IPSET_ATTR.PROTOCOL, IPSET_PROTOCOL),
      },
      decodeIpSetProtocol,
    )
    if (protocol) return protocol
  } catch (cause) {
    if (!(cause instanceof NetlinkError) || cause.code !== 'kernel' || cause.errno !== EINVAL) throw cause
    throw new NetlinkError('unsupported', 'this kernel has no ipset', { errno: EINVAL, cause })
  }
  throw malformed('ipset protocol: no answer')
}
export interface IpSetListOptions {
  /** Leave the members out. */
  readonly headersOnly?: boolean
  /** Only this set. */
  readonly name?: string
}

/** The sets of the socket's namespace. */
export function dumpIpSets(socket: NetlinkSocket, { headersOnly, name }: IpSetListOptions = {}): IpSetTable[] {
  const protocol = Math.min(getIpSetProtocol(socket).newest, IPSET_PROTOCOL)
  const types = new Map<string, string>()
  const parts = socket.dump(
    {
      type: netfilterType(NFNL_SUBSYS.IPSET, IPSET_CMD.LIST),
      fill: (writer) => {
        writeNetfilterHeader(writer, 0).u8Attribute(IPSET_ATTR.PROTOCOL, protocol)
        if (name !== undefined) writer.stringAttribute(IPSET_ATTR.SETNAME, name)
        if (headersOnly) writer.u32beAttribute(IPSET_ATTR.FLAGS, IPSET_FLAG_LIST_HEADER)
      },
    },
    (message) => {
      const part = decodeIpSetPart(message, (set) => types.get(set))
      if (part.header) types.set(part.name, part.header.type)
      return part
    },
  )
  return joinIpSetParts(parts)
}

/** One set of all parts with its name. */
export function joinIpSetParts(parts: readonly IpSetPart[]): IpSetTable[] {
  const sets = new Map<string, IpSetTable & { readonly members: IpSetMember[] }>()
  for (const { name, header, members } of parts) {
    const set = sets.get(name)
    if (set) set.members.push(...members)
    else if (header) sets.set(name, { name, ...header, members: [...members] })
  }
  return [...sets.values()]
}
