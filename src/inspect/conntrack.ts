import { readFileSync } from 'node:fs'
import {
  type Conntrack,
  type ConntrackCpuStatistics,
  type ConntrackFilter,
  conntrackStatusNames,
  dumpConntrackStatistics,
  getConntrackUsage,
  IPS,
  ipProtocolName,
  type ConntrackTuple as KernelTuple,
  mapConntrack,
  NETLINK,
} from 'netlink-ts'
import { isModuleActive } from '../kernel/modules.ts'
import type { ConntrackEntry, ConntrackTuple, ConntrackUse } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

const AF_INET6 = 10

/** The connections that a namespace tracks, or those that `filter` lets through. */
export function readConntrack(session: NamespaceSession, filter: ConntrackFilter = {}): ConntrackEntry[] {
  if (!isModuleActive('nf_conntrack')) return []
  // for each namespace the kernel walks over the table of all
  if (getConntrackUsage(session.socket(NETLINK.NETFILTER)).entries === 0) return []
  return mapConntrack(session.socket(NETLINK.NETFILTER), filter, toConntrackEntry)
}

/** How full the table is, and what was lost because of that. */
export function readConntrackUse(session: NamespaceSession): ConntrackUse {
  if (!isModuleActive('nf_conntrack')) return { count: 0, max: 0 }
  if (!isModuleActive('nf_conntrack_netlink')) return session.inside(readUseFiles)
  const socket = session.socket(NETLINK.NETFILTER)
  const { entries, maxEntries } = getConntrackUsage(socket)
  const max = maxEntries ?? session.inside(() => readNumber('nf_conntrack_max'))
  return { count: entries, max, ...sumOfCpus(dumpConntrackStatistics(socket)) }
}

/** Documentation/networking/nf_conntrack-sysctl.rst; of the namespace that the thread is in. */
function readUseFiles(): ConntrackUse {
  return { count: readNumber('nf_conntrack_count'), max: readNumber('nf_conntrack_max') }
}

function readNumber(name: string): number {
  return Number(readFileSync(`/proc/sys/net/netfilter/${name}`, 'utf8'))
}

function sumOfCpus(cpus: readonly ConntrackCpuStatistics[]) {
  const sum = (count: (cpu: ConntrackCpuStatistics) => number) => cpus.reduce((total, cpu) => total + count(cpu), 0)
  return {
    dropped: sum(({ drop }) => drop),
    insertFailed: sum(({ insertFailed }) => insertFailed),
    earlyDropped: sum(({ earlyDrop }) => earlyDrop),
  }
}

export function toConntrackEntry(entry: Conntrack): ConntrackEntry {
  const { state, timeoutS, mark, zone, packets, bytes } = entry
  const row: Mutable<ConntrackEntry> = {
    family: entry.family === AF_INET6 ? 6 : 4,
    protocol: ipProtocolName(entry.protocol),
    original: toTuple(entry.original),
    reply: toTuple(entry.reply),
    status: statusNames(entry.status),
  }
  if (state !== undefined) row.state = state
  if (timeoutS !== undefined) row.timeoutS = timeoutS
  if (mark) row.mark = mark
  if (zone) row.zone = zone
  if (packets) row.packets = packets
  if (bytes) row.bytes = bytes
  return row
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Without the bits that say how far the kernel got with its own work; UNREPLIED as conntrack(8) says it. */
const INTERNAL = IPS.CONFIRMED | IPS.SEEN_REPLY | IPS.SRC_NAT_DONE | IPS.DST_NAT_DONE

/** Few are in use, and a table of 100,000 connections shares them. */
const namesOfStatus = new Map<number, readonly string[]>()

function statusNames(status: number): readonly string[] {
  let names = namesOfStatus.get(status)
  if (!names) {
    names = conntrackStatusNames(status & ~INTERNAL)
    if (!(status & IPS.SEEN_REPLY)) names = ['UNREPLIED', ...names]
    namesOfStatus.set(status, Object.freeze(names))
  }
  return names
}

function toTuple(tuple: KernelTuple): ConntrackTuple {
  const { source, destination, sourcePort, destinationPort, icmpType, icmpCode, icmpId } = tuple
  const row: Mutable<ConntrackTuple> = { source, destination }
  if (sourcePort !== undefined) row.sourcePort = sourcePort
  if (destinationPort !== undefined) row.destinationPort = destinationPort
  if (icmpType !== undefined) row.icmpType = icmpType
  if (icmpCode !== undefined) row.icmpCode = icmpCode
  if (icmpId !== undefined) row.icmpId = icmpId
  return row
}
