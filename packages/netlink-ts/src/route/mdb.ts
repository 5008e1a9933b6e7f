import { formatIpv4, formatIpv6, formatMac } from '../address.ts'
import { AttributeCursor } from '../attribute.ts'
import { nameOf } from '../fields.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message } from '../message.ts'
import { u8, u16, u16be, u32 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { nameOfNumber, ROUTE_PROTOCOLS } from './names.ts'
import { RTM } from './rtnetlink.ts'

/** linux/if_bridge.h */
const MDBA = { MDB: 1, ROUTER: 2 } as const
const MDBA_MDB_ENTRY = 1
const MDBA_MDB_ENTRY_INFO = 1
const MDBA_ROUTER_PORT = 1
const MDBA_MDB_EATTR = { TIMER: 1, GROUP_MODE: 3, SOURCE: 4, RTPROT: 5 } as const
/** struct br_mdb_entry */
const ENTRY_BYTES = 28
/** linux/if_ether.h */
const ETH_P = { IP: 0x0800, IPV6: 0x86dd } as const

/** A multicast group that a bridge sends to one of its ports (RTM_NEWMDB). */
export interface MdbEntry {
  /** ifindex of the bridge and of the port. */
  bridge: number
  index: number
  /** IPv4, IPv6, or a MAC for a layer-2 group. */
  group: string
  source: string | undefined
  vlan: number | undefined
  permanent: boolean
  /** MDB_FLAGS_*: offload, fast_leave, added_by_star_ex, blocked. */
  flags: number
  filterMode: string | undefined
  protocol: string | undefined
  /** Seconds until it ends; undefined for a permanent one. */
  timerS: number | undefined
}

/** What one bridge knows of multicast. */
export interface Mdb {
  bridge: number
  entries: readonly MdbEntry[]
  /** ifindexes of ports with a multicast router behind them. */
  routerPorts: readonly number[]
}

/** struct br_port_msg */
const HEADER_BYTES = 8

export function decodeMdb(message: Message): Mdb {
  const cursor = cursorOf(message, HEADER_BYTES)
  const bridge = u32(message.bytes, message.start + 4)
  const entries: MdbEntry[] = []
  const routerPorts: number[] = []
  while (cursor.next()) {
    if (cursor.type === MDBA.MDB) readGroups(entries, bridge, cursor.nested())
    else if (cursor.type === MDBA.ROUTER) readRouterPorts(routerPorts, cursor.nested())
  }
  return { bridge, entries, routerPorts }
}

function readGroups(entries: MdbEntry[], bridge: number, groups: AttributeCursor): void {
  while (groups.next()) {
    if (groups.type !== MDBA_MDB_ENTRY) continue
    const ports = groups.nested()
    while (ports.next()) {
      if (ports.type === MDBA_MDB_ENTRY_INFO) entries.push(readEntry(bridge, ports))
    }
  }
}

function readEntry(bridge: number, cursor: AttributeCursor): MdbEntry {
  const { bytes } = cursor
  const at = cursor.at(ENTRY_BYTES)
  const vlan = u16(bytes, at + 6)
  const entry: MdbEntry = {
    bridge,
    index: u32(bytes, at),
    group: groupAddress(bytes, at + 8),
    source: undefined,
    vlan: vlan === 0 ? undefined : vlan,
    permanent: (u8(bytes, at + 4) & 1) !== 0,
    flags: u8(bytes, at + 5),
    filterMode: undefined,
    protocol: undefined,
    timerS: undefined,
  }
  const inner = new AttributeCursor(bytes, at + ENTRY_BYTES, cursor.end)
  while (inner.next()) {
    if (inner.type === MDBA_MDB_EATTR.TIMER) entry.timerS = entry.permanent ? undefined : Math.trunc(inner.u32() / 100)
    else if (inner.type === MDBA_MDB_EATTR.SOURCE) entry.source = inner.address()
    else if (inner.type === MDBA_MDB_EATTR.GROUP_MODE) entry.filterMode = nameOf(['include', 'exclude'], inner.u8())
    else if (inner.type === MDBA_MDB_EATTR.RTPROT) entry.protocol = nameOfNumber(ROUTE_PROTOCOLS, inner.u8())
  }
  return entry
}

/** 16 bytes of address, then its Ethertype (0 = a MAC) in network byte order. */
function groupAddress(bytes: Uint8Array, at: number): string {
  const protocol = u16be(bytes, at + 16)
  if (protocol === ETH_P.IP) return formatIpv4(bytes, at)
  if (protocol === ETH_P.IPV6) return formatIpv6(bytes, at)
  return formatMac(bytes, at, 6)
}

function readRouterPorts(routerPorts: number[], cursor: AttributeCursor): void {
  while (cursor.next()) {
    if (cursor.type === MDBA_ROUTER_PORT) routerPorts.push(cursor.u32())
  }
}

/** The multicast tables of all bridges of the socket's namespace. */
export function dumpMdb(socket: NetlinkSocket): Mdb[] {
  return socket.dump({ type: RTM.GETMDB, fill: (writer) => writer.u8(AF.BRIDGE).zeros(HEADER_BYTES - 1) }, decodeMdb)
}
