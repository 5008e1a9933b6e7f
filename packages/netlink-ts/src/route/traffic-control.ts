import { type AttributeCursor, type AttributeReaders, readAttributes } from '../attribute.ts'
import { cursorOf, type Message } from '../message.ts'
import { u16be, u32, u64 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { decodeQdiscOptions, type QdiscOptions } from './qdisc-kinds.ts'
import { RTM } from './rtnetlink.ts'

/** linux/rtnetlink.h */
export const TCA = {
  KIND: 1,
  OPTIONS: 2,
  STATS: 3,
  XSTATS: 4,
  STATS2: 7,
  CHAIN: 11,
  INGRESS_BLOCK: 13,
  EGRESS_BLOCK: 14,
} as const

/** linux/gen_stats.h */
const TCA_STATS = { BASIC: 1, QUEUE: 3, PKT64: 8 } as const

/** linux/pkt_sched.h */
export const TC_H = { UNSPEC: 0, ROOT: 0xffff_ffff, INGRESS: 0xffff_fff1 } as const

/** What was sent and what waits. */
export interface QueueStatistics {
  bytes: number
  packets: number
  drops: number
  overlimits: number
  requeues: number
  /** Waiting now. */
  backlogBytes: number
  backlogPackets: number
}

/** A queueing discipline, a class of one, or a filter (RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER). */
export interface TrafficControl {
  /** ifindex */
  index: number
  /** fq_codel, htb, netem, u32… */
  kind: string
  /** TC handle: major number in the upper half. */
  handle: number
  parent: number
  /** `8001:`, `1:10`. */
  handleText: string
  /** `root`, `ingress`, `1:`, `1:10`. */
  parentText: string
  /** qdisc: users; filter: priority in the upper half, Ethertype (big-endian) in the lower. */
  info: number
  statistics: QueueStatistics | undefined
  /** For netem, tbf and htb. */
  options: QdiscOptions | undefined
  chain: number | undefined
  ingressBlock: number | undefined
  egressBlock: number | undefined
}

/** struct tcmsg */
export const TC_HEADER_BYTES = 20

const ATTRIBUTES: AttributeReaders<TrafficControl> = {
  [TCA.KIND]: (entry, cursor) => {
    entry.kind = cursor.string()
  },
  [TCA.OPTIONS]: (entry, cursor) => {
    entry.options = decodeQdiscOptions(entry.kind, cursor)
  },
  [TCA.STATS]: (entry, cursor) => {
    entry.statistics ??= readOldStatistics(cursor)
  },
  [TCA.STATS2]: (entry, cursor) => {
    entry.statistics = readStatistics(cursor)
  },
  [TCA.CHAIN]: (entry, cursor) => {
    entry.chain = cursor.u32()
  },
  [TCA.INGRESS_BLOCK]: (entry, cursor) => {
    entry.ingressBlock = cursor.u32()
  },
  [TCA.EGRESS_BLOCK]: (entry, cursor) => {
    entry.egressBlock = cursor.u32()
  },
}

/** The qdisc, class or filter of a message. */
export function decodeTrafficControl(message: Message): TrafficControl {
  const cursor = cursorOf(message, TC_HEADER_BYTES)
  const { bytes, start } = message
  const handle = u32(bytes, start + 8)
  const parent = u32(bytes, start + 12)
  const entry: TrafficControl = {
    index: u32(bytes, start + 4),
    kind: '',
    handle,
    parent,
    handleText: formatTcHandle(handle),
    parentText: formatTcHandle(parent),
    info: u32(bytes, start + 16),
    statistics: undefined,
    options: undefined,
    chain: undefined,
    ingressBlock: undefined,
    egressBlock: undefined,
  }
  readAttributes(entry, cursor, ATTRIBUTES)
  return entry
}

/** `root`, `ingress`, `1:`, `1:10` (hexadecimal), as `tc` prints them. */
export function formatTcHandle(handle: number): string {
  if (handle === TC_H.ROOT) return 'root'
  if (handle === TC_H.INGRESS) return 'ingress'
  const minor = handle & 0xffff
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`
}

/** Priority and Ethertype of a filter. */
export function filterMatch(filter: TrafficControl): { readonly priority: number; readonly protocol: number } {
  const { info } = filter
  return { priority: info >>> 16, protocol: u16be(Uint8Array.of(info & 0xff, (info >>> 8) & 0xff), 0) }
}

function emptyStatistics(): QueueStatistics {
  return { bytes: 0, packets: 0, drops: 0, overlimits: 0, requeues: 0, backlogBytes: 0, backlogPackets: 0 }
}

/** struct tc_stats */
function readOldStatistics(cursor: AttributeCursor): QueueStatistics {
  const at = cursor.at(36)
  const { bytes } = cursor
  return {
    ...emptyStatistics(),
    bytes: u64(bytes, at),
    packets: u32(bytes, at + 8),
    drops: u32(bytes, at + 12),
    overlimits: u32(bytes, at + 16),
    backlogPackets: u32(bytes, at + 28),
    backlogBytes: u32(bytes, at + 32),
  }
}

/** struct gnet_stats_basic, struct gnet_stats_queue, and the packets in 64 bits when they need it. */
function readStatistics(outer: AttributeCursor): QueueStatistics {
  const statistics = emptyStatistics()
  const cursor = outer.nested()
  while (cursor.next()) {
    const { bytes } = cursor
    if (cursor.type === TCA_STATS.BASIC) {
      statistics.bytes = u64(bytes, cursor.at(12))
      statistics.packets = u32(bytes, cursor.start + 8)
    } else if (cursor.type === TCA_STATS.PKT64) {
      statistics.packets = cursor.u64()
    } else if (cursor.type === TCA_STATS.QUEUE) {
      const at = cursor.at(20)
      statistics.backlogPackets = u32(bytes, at)
      statistics.backlogBytes = u32(bytes, at + 4)
      statistics.drops = u32(bytes, at + 8)
      statistics.requeues = u32(bytes, at + 12)
      statistics.overlimits = u32(bytes, at + 16)
    }
  }
  return statistics
}

/** The queueing disciplines of the socket's namespace, or of one link. */
export function dumpQdiscs(socket: NetlinkSocket, options: { readonly index?: number } = {}): TrafficControl[] {
  const all = dump(socket, RTM.GETQDISC, options)
  // The kernel ignores the index of a qdisc dump.
  return options.index === undefined ? all : all.filter(({ index }) => index === options.index)
}

/** The classes of one link's classful disciplines. */
export function dumpClasses(socket: NetlinkSocket, options: { readonly index: number }): TrafficControl[] {
  return dump(socket, RTM.GETTCLASS, options)
}

/** The filters of one link below `parent` (a handle, TC_H.ROOT, or TC_H.INGRESS's major with 0xfff2 or 0xfff3). */
export function dumpFilters(
  socket: NetlinkSocket,
  options: { readonly index: number; readonly parent?: number },
): TrafficControl[] {
  return dump(socket, RTM.GETTFILTER, options)
}

function dump(
  socket: NetlinkSocket,
  type: number,
  { index = 0, parent = 0 }: { readonly index?: number; readonly parent?: number },
): TrafficControl[] {
  return socket.dump(
    { type, fill: (writer) => writer.zeros(4).u32(index).u32(0).u32(parent).u32(0) },
    decodeTrafficControl,
  )
}
