import { malformed } from '../error.ts'
import { type Message, NLM_F } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { type Conntrack, decodeConntrack } from './conntrack.ts'
import { CTA, CTA_PROTOINFO, IPCTNL_MSG_CT, IPS } from './conntrack-constants.ts'
import { type ConntrackTupleSpecification, writeConntrackTuple } from './conntrack-tuple.ts'
import { NFNL_SUBSYS, netfilterType, writeNetfilterHeader } from './nfnetlink.ts'

const AF_INET = 2
const AF_INET6 = 10

/** Which connections to give; a kernel that cannot filter by one of them is helped out here. */
export interface ConntrackFilter {
  /** AF_INET or AF_INET6. */
  readonly family?: number
  readonly mark?: { readonly value: number; readonly mask: number }
  /** All of these IPS_* bits set. */
  readonly status?: number
  readonly zone?: number
}

/** The connections of the socket's namespace. */
export function dumpConntrack(socket: NetlinkSocket, filter: ConntrackFilter = {}): Conntrack[] {
  return mapConntrack(socket, filter, (entry) => entry)
}

/**
 * What `map` makes of each connection of the socket's namespace. Of a table of 100,000 only what is wanted stays in
 * memory, which takes half the time of {@link dumpConntrack} and a walk over its result.
 */
export function mapConntrack<T>(socket: NetlinkSocket, filter: ConntrackFilter, map: (entry: Conntrack) => T): T[] {
  const matches = matcher(filter)
  return socket.dump({ type: type(IPCTNL_MSG_CT.GET), fill: (writer) => writeFilter(writer, filter) }, (message) => {
    const entry = decodeConntrack(message)
    return !matches || matches(entry) ? map(entry) : undefined
  })
}

function type(operation: number): number {
  return netfilterType(NFNL_SUBSYS.CTNETLINK, operation)
}

function writeFilter(writer: Writer, { family, mark, status, zone }: ConntrackFilter): void {
  writeNetfilterHeader(writer, family ?? 0)
  if (mark) writer.u32beAttribute(CTA.MARK, mark.value).u32beAttribute(CTA.MARK_MASK, mark.mask)
  if (status !== undefined) writer.u32beAttribute(CTA.STATUS, status).u32beAttribute(CTA.STATUS_MASK, status)
  if (zone !== undefined) writer.u16beAttribute(CTA.ZONE, zone)
}

function matcher({ family, mark, status, zone }: ConntrackFilter): ((entry: Conntrack) => boolean) | undefined {
  if (family === undefined && !mark && status === undefined && zone === undefined) return undefined
  return (entry) =>
    (family === undefined || entry.family === family) &&
    (!mark || (((entry.mark ?? 0) & mark.mask) ^ mark.value) === 0) &&
    (status === undefined || (entry.status & status) === status) &&
    (zone === undefined || (entry.zone ?? 0) === zone)
}

/** What happened to a connection, by a message of the groups NFNLGRP_CONNTRACK_*. */
export interface ConntrackEvent {
  readonly event: 'new' | 'update' | 'destroy'
  readonly connection: Conntrack
}

export function decodeConntrackEvent(message: Message): ConntrackEvent {
  const connection = decodeConntrack(message)
  if ((message.type & 0xff) === IPCTNL_MSG_CT.DELETE) return { event: 'destroy', connection }
  return { event: message.flags & NLM_F.CREATE ? 'new' : 'update', connection }
}

/** What names one connection; `original` alone is enough unless there are zones. */
export interface ConntrackKey {
  readonly original: ConntrackTupleSpecification
  readonly zone?: number
  /** Refuses to delete a later connection with the same addresses and ports. */
  readonly id?: number
}

/** Forgets a connection. */
export function deleteConntrack({ original, zone, id }: ConntrackKey): Request {
  return {
    type: type(IPCTNL_MSG_CT.DELETE),
    fill: (writer) => {
      writeNetfilterHeader(writer, familyOf(original))
      writeConntrackTuple(writer, CTA.TUPLE_ORIG, original)
      if (zone !== undefined) writer.u16beAttribute(CTA.ZONE, zone)
      if (id !== undefined) writer.u32beAttribute(CTA.ID, id)
    },
  }
}

export interface ConntrackSpecification {
  readonly original: ConntrackTupleSpecification
  readonly reply: ConntrackTupleSpecification
  readonly timeoutS: number
  /** IPS_*; CONFIRMED is added, which the kernel asks for. */
  readonly status?: number
  readonly mark?: number
  readonly zone?: number
  /** TCP_CONNTRACK_*, for TCP. */
  readonly tcpState?: number
}

/** Makes a connection that no packet began. */
export function newConntrack(connection: ConntrackSpecification): Request {
  const { original, reply, timeoutS, status, mark, zone, tcpState } = connection
  if (familyOf(original) !== familyOf(reply)) throw malformed('conntrack: directions of two families')
  return {
    type: type(IPCTNL_MSG_CT.NEW),
    flags: NLM_F.CREATE | NLM_F.EXCL,
    fill: (writer) => {
      writeNetfilterHeader(writer, familyOf(original))
      writeConntrackTuple(writer, CTA.TUPLE_ORIG, original)
      writeConntrackTuple(writer, CTA.TUPLE_REPLY, reply)
      writer.u32beAttribute(CTA.TIMEOUT, timeoutS)
      if (status !== undefined) writer.u32beAttribute(CTA.STATUS, status | IPS.CONFIRMED)
      if (mark !== undefined) writer.u32beAttribute(CTA.MARK, mark)
      if (zone !== undefined) writer.u16beAttribute(CTA.ZONE, zone)
      if (tcpState !== undefined) writeTcpState(writer, tcpState)
    },
  }
}

function writeTcpState(writer: Writer, state: number): void {
  writer.nested(CTA.PROTOINFO, (w) => w.nested(CTA_PROTOINFO.TCP, (tcp) => tcp.u8Attribute(1, state)))
}

function familyOf(tuple: ConntrackTupleSpecification): number {
  return tuple.source.includes(':') ? AF_INET6 : AF_INET
}
