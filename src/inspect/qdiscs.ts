import { dumpQdiscs, NETLINK, type TrafficControl } from 'netlink-ts'
import type { Qdisc } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

/** The queueing disciplines of every link of a namespace, with their counters. */
export function readQdiscs(session: NamespaceSession): Qdisc[] {
  return dumpQdiscs(session.socket(NETLINK.ROUTE)).map(toQdisc)
}

/** A clsact sits where an ingress one would: only its kind tells them apart (TC_H_CLSACT = TC_H_INGRESS). */
export function toQdisc({ index, kind, handleText, parentText, statistics }: TrafficControl): Qdisc {
  return {
    link: index,
    kind,
    handle: handleText,
    parent: parentText === 'ingress' ? kind : parentText,
    packets: statistics?.packets ?? 0,
    bytes: statistics?.bytes ?? 0,
    dropped: statistics?.drops ?? 0,
    overlimits: statistics?.overlimits ?? 0,
    backlogPackets: statistics?.backlogPackets ?? 0,
    backlogBytes: statistics?.backlogBytes ?? 0,
  }
}
