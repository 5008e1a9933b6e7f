import { malformed } from '../error.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import { IPCTNL_MSG_CT } from './conntrack-constants.ts'
import { NFNL_SUBSYS, netfilterAttributes, netfilterHeader, netfilterType, writeNetfilterHeader } from './nfnetlink.ts'
import { required } from './required.ts'

/** linux/netfilter/nfnetlink_conntrack.h: enum ctattr_stats_global, enum ctattr_stats_cpu. */
const CTA_STATS_GLOBAL = { ENTRIES: 1, MAX_ENTRIES: 2 } as const
const CTA_STATS = {
  FOUND: 2,
  INVALID: 4,
  INSERT: 8,
  INSERT_FAILED: 9,
  DROP: 10,
  EARLY_DROP: 11,
  ERROR: 12,
  SEARCH_RESTART: 13,
  CLASH_RESOLVE: 14,
  CHAIN_TOOLONG: 15,
} as const

export interface ConntrackUsage {
  readonly entries: number
  /** net.netfilter.nf_conntrack_max; absent on kernels before 5.14. */
  readonly maxEntries: number | undefined
}

export function decodeConntrackUsage(message: Message): ConntrackUsage {
  const attributes = netfilterAttributes(message)
  return {
    entries: required(attributes.u32be(CTA_STATS_GLOBAL.ENTRIES), 'conntrack entries'),
    maxEntries: attributes.u32be(CTA_STATS_GLOBAL.MAX_ENTRIES),
  }
}

/** How full the table of the socket's namespace is. */
export function getConntrackUsage(socket: NetlinkSocket): ConntrackUsage {
  const [usage] = socket.request(
    {
      type: netfilterType(NFNL_SUBSYS.CTNETLINK, IPCTNL_MSG_CT.GET_STATS),
      fill: (writer) => writeNetfilterHeader(writer, 0),
    },
    decodeConntrackUsage,
  )
  if (!usage) throw malformed('conntrack statistics: no answer')
  return usage
}

/** Counters of one CPU since the namespace was made. */
export interface ConntrackCpuStatistics {
  readonly cpu: number
  readonly found: number
  readonly invalid: number
  readonly insert: number
  readonly insertFailed: number
  /** Packets dropped because the table was full or an entry could not be made. */
  readonly drop: number
  /** Entries that gave way to new ones when the table was full. */
  readonly earlyDrop: number
  readonly error: number
  readonly searchRestart: number
  readonly clashResolve: number
  readonly chainTooLong: number
}

export function decodeConntrackCpuStatistics(message: Message): ConntrackCpuStatistics {
  const attributes = netfilterAttributes(message)
  const count = (type: number) => attributes.u32be(type) ?? 0
  return {
    cpu: netfilterHeader(message).resourceId,
    found: count(CTA_STATS.FOUND),
    invalid: count(CTA_STATS.INVALID),
    insert: count(CTA_STATS.INSERT),
    insertFailed: count(CTA_STATS.INSERT_FAILED),
    drop: count(CTA_STATS.DROP),
    earlyDrop: count(CTA_STATS.EARLY_DROP),
    error: count(CTA_STATS.ERROR),
    searchRestart: count(CTA_STATS.SEARCH_RESTART),
    clashResolve: count(CTA_STATS.CLASH_RESOLVE),
    chainTooLong: count(CTA_STATS.CHAIN_TOOLONG),
  }
}

/** One row a CPU, for the socket's namespace. */
export function dumpConntrackStatistics(socket: NetlinkSocket): ConntrackCpuStatistics[] {
  return socket.dump(
    {
      type: netfilterType(NFNL_SUBSYS.CTNETLINK, IPCTNL_MSG_CT.GET_STATS_CPU),
      fill: (writer) => writeNetfilterHeader(writer, 0),
    },
    decodeConntrackCpuStatistics,
  )
}
