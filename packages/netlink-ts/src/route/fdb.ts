import { type AttributeReaders, readAttributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message } from '../message.ts'
import { u8, u16, u32 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { IFLA } from './link-constants.ts'
import { nameOfNumber, ROUTE_PROTOCOLS } from './names.ts'
import { NDA, NTF, NUD, neighbourStates } from './neighbour.ts'
import { hasAges, NEIGHBOUR_HEADER_BYTES, readPort, seconds, takeOutAges } from './neighbour-fields.ts'
import { RTM } from './rtnetlink.ts'

/** linux/neighbour.h */
export const NTF_EXT = { MANAGED: 1, LOCKED: 2 } as const

/** An entry of a bridge's forwarding table or of a device's own (RTM_NEWNEIGH of AF_BRIDGE). */
export interface FdbEntry {
  /** ifindex of the port, or of the device whose table it is in. */
  index: number
  mac: string
  vlan: number | undefined
  /** ifindex of the bridge; undefined for the device's own table. */
  master: number | undefined
  /** vxlan: remote VTEP, UDP port (undefined = the device's), VNI, device to send over. */
  destination: string | undefined
  port: number | undefined
  vni: number | undefined
  sourceVni: number | undefined
  viaIndex: number | undefined
  viaNetnsid: number | undefined
  nexthopId: number | undefined
  /** NUD_* */
  state: number
  /** permanent, static, reachable, stale, as `bridge fdb` prints the state. */
  stateName: string
  /** NTF_* */
  flags: number
  /** NTF_EXT_* */
  extendedFlags: number
  /** self, master, router, extern_learn, offload, sticky, locked, as `bridge fdb` prints them. */
  flagNames: readonly string[]
  protocol: string | undefined
  /** Seconds since it was used and updated; not of a permanent or static one. */
  usedS: number | undefined
  updatedS: number | undefined
}

/** The FDB entry of an RTM_NEWNEIGH or RTM_DELNEIGH message; undefined for other families. */
export function decodeFdbEntry(message: Message): FdbEntry | undefined {
  const cursor = cursorOf(message, NEIGHBOUR_HEADER_BYTES)
  const { bytes, start } = message
  if (u8(bytes, start) !== AF.BRIDGE) return undefined
  const state = u16(bytes, start + 8)
  const flags = u8(bytes, start + 10)
  const entry: FdbEntry = {
    index: u32(bytes, start + 4),
    mac: '',
    vlan: undefined,
    master: undefined,
    destination: undefined,
    port: undefined,
    vni: undefined,
    sourceVni: undefined,
    viaIndex: undefined,
    viaNetnsid: undefined,
    nexthopId: undefined,
    state,
    stateName: fdbState(state),
    flags,
    extendedFlags: 0,
    flagNames: fdbFlags(flags, 0),
    protocol: undefined,
    usedS: undefined,
    updatedS: undefined,
  }
  readAttributes(entry, cursor, ATTRIBUTES)
  return entry
}

const ATTRIBUTES: AttributeReaders<FdbEntry> = {
  [NDA.LLADDR]: (entry, cursor) => {
    entry.mac = cursor.mac()
  },
  [NDA.MASTER]: (entry, cursor) => {
    entry.master = cursor.u32()
  },
  [NDA.VLAN]: (entry, cursor) => {
    entry.vlan = cursor.u16()
  },
  [NDA.DST]: (entry, cursor) => {
    entry.destination = cursor.address()
  },
  [NDA.PORT]: (entry, cursor) => {
    entry.port = readPort(cursor)
  },
  [NDA.VNI]: (entry, cursor) => {
    entry.vni = cursor.u32()
  },
  [NDA.SRC_VNI]: (entry, cursor) => {
    entry.sourceVni = cursor.u32()
  },
  [NDA.CACHEINFO]: (entry, cursor) => {
    const at = cursor.at(16)
    if (!hasAges(entry.state)) return
    entry.usedS = seconds(cursor.bytes, at + 4)
    entry.updatedS = seconds(cursor.bytes, at + 8)
  },
  [NDA.IFINDEX]: (entry, cursor) => {
    entry.viaIndex = cursor.u32()
  },
  [NDA.LINK_NETNSID]: (entry, cursor) => {
    entry.viaNetnsid = cursor.s32()
  },
  [NDA.NH_ID]: (entry, cursor) => {
    entry.nexthopId = cursor.u32()
  },
  [NDA.PROTOCOL]: (entry, cursor) => {
    entry.protocol = nameOfNumber(ROUTE_PROTOCOLS, cursor.u8())
  },
  [NDA.FLAGS_EXT]: (entry, cursor) => {
    entry.extendedFlags = cursor.u32()
    entry.flagNames = fdbFlags(entry.flags, entry.extendedFlags)
  },
}

/** iproute2 bridge/fdb.c state_n2a: permanent, static, reachable or stale, else the NUD states. */
function fdbState(state: number): string {
  if (state & NUD.PERMANENT) return 'permanent'
  if (state & NUD.NOARP) return 'static'
  if (state & NUD.STALE) return 'stale'
  if (state & NUD.REACHABLE) return 'reachable'
  return neighbourStates(state).join(',').toLowerCase()
}

const FLAG_NAMES = [
  [NTF.SELF, 'self'],
  [NTF.ROUTER, 'router'],
  [NTF.EXT_LEARNED, 'extern_learn'],
  [NTF.OFFLOADED, 'offload'],
  [NTF.MASTER, 'master'],
  [NTF.STICKY, 'sticky'],
] as const

const knownFlags = new Map<number, readonly string[]>()

function fdbFlags(flags: number, extended: number): readonly string[] {
  const key = flags | ((extended & 0xff) << 8)
  const known = knownFlags.get(key)
  if (known) return known
  const names: string[] = FLAG_NAMES.filter(([bit]) => flags & bit).map(([, name]) => name)
  if (extended & NTF_EXT.LOCKED) names.push('locked')
  knownFlags.set(key, Object.freeze(names))
  return names
}

export interface DumpFdbOptions {
  /** Only this port or device, filtered by the kernel. */
  readonly index?: number
  /** Only this bridge's table (and its own entries), filtered by the kernel. */
  readonly master?: number
}

/** The forwarding tables of the socket's namespace: of every bridge, and of devices that have their own. */
export function dumpFdb(socket: NetlinkSocket, options: DumpFdbOptions = {}): FdbEntry[] {
  const { index, master } = options
  return socket.dump(
    {
      type: RTM.GETNEIGH,
      settle: takeOutAges,
      fill: (writer) => {
        writer
          .u8(AF.BRIDGE)
          .zeros(3)
          .u32(index ?? 0)
          .zeros(4)
        if (master !== undefined) writer.u32Attribute(IFLA.MASTER, master)
      },
    },
    decodeFdbEntry,
  )
}
