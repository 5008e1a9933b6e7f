import { type AttributeReaders, readAttributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message } from '../message.ts'
import { u8, u16, u32 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { FlagNames } from './flag-names.ts'
import { nameOfNumber, ROUTE_PROTOCOLS, ROUTE_TYPES } from './names.ts'
import { hasAges, NEIGHBOUR_HEADER_BYTES, seconds, takeOutAges } from './neighbour-fields.ts'
import { RTM } from './rtnetlink.ts'

/** linux/neighbour.h */
export const NDA = {
  DST: 1,
  LLADDR: 2,
  CACHEINFO: 3,
  PROBES: 4,
  VLAN: 5,
  PORT: 6,
  VNI: 7,
  IFINDEX: 8,
  MASTER: 9,
  LINK_NETNSID: 10,
  SRC_VNI: 11,
  PROTOCOL: 12,
  NH_ID: 13,
  FDB_EXT_ATTRS: 14,
  FLAGS_EXT: 15,
} as const

/** linux/neighbour.h */
export const NUD = {
  NONE: 0,
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const

/** linux/neighbour.h */
export const NTF = {
  USE: 0x01,
  SELF: 0x02,
  MASTER: 0x04,
  PROXY: 0x08,
  EXT_LEARNED: 0x10,
  OFFLOADED: 0x20,
  STICKY: 0x40,
  ROUTER: 0x80,
} as const

/** As `ip neigh` prints them. */
export const NEIGHBOUR_STATES = new FlagNames([
  'INCOMPLETE',
  'REACHABLE',
  'STALE',
  'DELAY',
  'PROBE',
  'FAILED',
  'NOARP',
  'PERMANENT',
])

const NO_STATE: readonly string[] = Object.freeze(['NONE'])

/** NUD_* of a mask; `NONE` for 0. Shared lists. */
export function neighbourStates(state: number): readonly string[] {
  return state === 0 ? NO_STATE : NEIGHBOUR_STATES.of(state)
}

/** An entry of the ARP or neighbour discovery table, or a proxy entry (RTM_NEWNEIGH). */
export interface Neighbour {
  /** ifindex */
  index: number
  family: 4 | 6
  address: string
  mac: string | undefined
  /** NUD_* */
  state: number
  stateNames: readonly string[]
  /** NTF_* */
  flags: number
  /** RTN_* as text: unicast, multicast, local… */
  type: string
  proxy: boolean
  router: boolean
  externLearn: boolean
  /** kernel, static… or undefined when not said. */
  protocol: string | undefined
  /** Seconds since it was used, confirmed and updated, and its users; not of one that never ages (PERMANENT, NOARP). */
  usedS: number | undefined
  confirmedS: number | undefined
  updatedS: number | undefined
  references: number | undefined
  probes: number | undefined
}

/** The neighbour of an RTM_NEWNEIGH or RTM_DELNEIGH message; undefined for FDB entries (AF_BRIDGE) and other families. */
export function decodeNeighbour(message: Message): Neighbour | undefined {
  const cursor = cursorOf(message, NEIGHBOUR_HEADER_BYTES)
  const { bytes, start } = message
  const family = u8(bytes, start)
  if (family !== AF.INET && family !== AF.INET6) return undefined
  const state = u16(bytes, start + 8)
  const flags = u8(bytes, start + 10)
  const type = u8(bytes, start + 11)
  const neighbour: Neighbour = {
    index: u32(bytes, start + 4),
    family: family === AF.INET ? 4 : 6,
    address: '',
    mac: undefined,
    state,
    stateNames: neighbourStates(state),
    flags,
    type: ROUTE_TYPES[type] ?? String(type),
    proxy: (flags & NTF.PROXY) !== 0,
    router: (flags & NTF.ROUTER) !== 0,
    externLearn: (flags & NTF.EXT_LEARNED) !== 0,
    protocol: undefined,
    usedS: undefined,
    confirmedS: undefined,
    updatedS: undefined,
    references: undefined,
    probes: undefined,
  }
  readAttributes(neighbour, cursor, ATTRIBUTES)
  return neighbour
}

const ATTRIBUTES: AttributeReaders<Neighbour> = {
  [NDA.DST]: (neighbour, cursor) => {
    neighbour.address = cursor.address()
  },
  [NDA.LLADDR]: (neighbour, cursor) => {
    neighbour.mac = cursor.mac()
  },
  [NDA.CACHEINFO]: (neighbour, cursor) => {
    const at = cursor.at(16)
    if (!hasAges(neighbour.state)) return
    neighbour.confirmedS = seconds(cursor.bytes, at)
    neighbour.usedS = seconds(cursor.bytes, at + 4)
    neighbour.updatedS = seconds(cursor.bytes, at + 8)
    neighbour.references = u32(cursor.bytes, at + 12)
  },
  [NDA.PROBES]: (neighbour, cursor) => {
    neighbour.probes = cursor.u32()
  },
  [NDA.PROTOCOL]: (neighbour, cursor) => {
    neighbour.protocol = nameOfNumber(ROUTE_PROTOCOLS, cursor.u8())
  },
}

export interface DumpNeighboursOptions {
  /** Default: IPv4 and IPv6. */
  readonly family?: 4 | 6
  /** Only those of this link, filtered by the kernel. */
  readonly index?: number
  /** The proxy entries instead of the table. */
  readonly proxy?: boolean
}

/** The neighbours of the socket's namespace. */
export function dumpNeighbours(socket: NetlinkSocket, options: DumpNeighboursOptions = {}): Neighbour[] {
  const { family, index, proxy = false } = options
  const number = family === undefined ? AF.UNSPEC : family === 4 ? AF.INET : AF.INET6
  return socket.dump(
    {
      type: RTM.GETNEIGH,
      settle: takeOutAges,
      fill: (writer) => {
        writer
          .u8(number)
          .zeros(9)
          .u8(proxy ? NTF.PROXY : 0)
          .u8(0)
        if (index !== undefined) writer.u32Attribute(NDA.IFINDEX, index)
      },
    },
    decodeNeighbour,
  )
}
