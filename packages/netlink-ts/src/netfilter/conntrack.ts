import { AttributeCursor, Attributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import type { Message } from '../message.ts'
import { u16be, u32be, u64be } from '../reader.ts'
import { CTA, CTA_COUNTERS, CTA_HELP_NAME, CTA_TIMESTAMP, conntrackStateName } from './conntrack-constants.ts'
import { type ConntrackTuple, decodeConntrackTuple } from './conntrack-tuple.ts'

/** A tracked connection. */
export interface Conntrack {
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** IPPROTO_* */
  readonly protocol: number
  readonly original: ConntrackTuple
  readonly reply: ConntrackTuple
  /** IPS_*; {@link conntrackStatusNames} gives them as text. */
  readonly status: number
  /** `ESTABLISHED`, `TIME_WAIT`…: TCP, SCTP and DCCP only. */
  readonly state: string | undefined
  /** Seconds until it is forgotten; absent for a connection in a flow table. */
  readonly timeoutS: number | undefined
  readonly mark: number | undefined
  readonly zone: number | undefined
  readonly id: number | undefined
  readonly use: number | undefined
  /** Connection tracking helper: `ftp`, `sip`… */
  readonly helper: string | undefined
  /** Only with net.netfilter.nf_conntrack_acct; exact up to 2^53. */
  readonly packets: readonly [original: number, reply: number] | undefined
  readonly bytes: readonly [original: number, reply: number] | undefined
  /** Bits of the connection labels as hexadecimal, lowest byte first, as the kernel sends them. */
  readonly labels: string | undefined
  /** Milliseconds since 1970; only with net.netfilter.nf_conntrack_timestamp. */
  readonly startMs: number | undefined
  readonly stopMs: number | undefined
}

type Pair = [number, number]

class Entry implements Conntrack {
  family = 0
  protocol = 0
  original: ConntrackTuple = NO_TUPLE
  reply: ConntrackTuple = NO_TUPLE
  status = 0
  state: string | undefined = undefined
  timeoutS: number | undefined = undefined
  mark: number | undefined = undefined
  zone: number | undefined = undefined
  id: number | undefined = undefined
  use: number | undefined = undefined
  helper: string | undefined = undefined
  packets: Pair | undefined = undefined
  bytes: Pair | undefined = undefined
  labels: string | undefined = undefined
  startMs: number | undefined = undefined
  stopMs: number | undefined = undefined
}

const NO_TUPLE = { source: '', destination: '', protocol: 0 } as ConntrackTuple

/** IPCTNL_MSG_CT_NEW (a dump's entry or a notification) and IPCTNL_MSG_CT_DELETE. */
export function decodeConntrack(message: Message): Conntrack {
  const { bytes, start, end } = message
  if (end - start < 4) throw malformed(`conntrack: ${end - start} bytes, needs 4`)
  const entry = new Entry()
  entry.family = bytes[start] as number
  const field = new AttributeCursor(bytes, start + 4, end)
  while (field.next()) decodeField(entry, field)
  if (entry.original === NO_TUPLE) throw malformed('conntrack: original tuple is missing')
  // A notification of a deletion may carry one direction only.
  if (entry.reply === NO_TUPLE) entry.reply = entry.original
  entry.protocol = entry.original.protocol
  return entry
}

function decodeField(entry: Entry, field: AttributeCursor): void {
  switch (field.type) {
    case CTA.TUPLE_ORIG:
      entry.original = decodeConntrackTuple(field.bytes, field.start, field.end)
      break
    case CTA.TUPLE_REPLY:
      entry.reply = decodeConntrackTuple(field.bytes, field.start, field.end)
      break
    case CTA.STATUS:
      entry.status = u32be(field.bytes, field.at(4))
      break
    case CTA.TIMEOUT:
      entry.timeoutS = u32be(field.bytes, field.at(4))
      break
    case CTA.MARK:
      entry.mark = u32be(field.bytes, field.at(4))
      break
    case CTA.ID:
      entry.id = u32be(field.bytes, field.at(4))
      break
    case CTA.USE:
      entry.use = u32be(field.bytes, field.at(4))
      break
    case CTA.ZONE:
      entry.zone = u16be(field.bytes, field.at(2))
      break
    default:
      decodeNest(entry, field)
  }
}

function decodeNest(entry: Entry, field: AttributeCursor): void {
  switch (field.type) {
    case CTA.PROTOINFO:
      entry.state = decodeState(field.nested())
      break
    case CTA.COUNTERS_ORIG:
      decodeCounters(entry, 0, field.nested())
      break
    case CTA.COUNTERS_REPLY:
      decodeCounters(entry, 1, field.nested())
      break
    case CTA.HELP:
      entry.helper = new Attributes(field.bytes, field.start, field.end).string(CTA_HELP_NAME)
      break
    case CTA.LABELS:
      entry.labels = Buffer.from(field.bytes.subarray(field.start, field.end)).toString('hex')
      break
    case CTA.TIMESTAMP:
      decodeTimestamps(entry, new Attributes(field.bytes, field.start, field.end))
      break
  }
}

/** CTA_PROTOINFO: one nest named after the protocol, whose attribute 1 is the state in each of them. */
function decodeState(protocol: AttributeCursor): string | undefined {
  if (!protocol.next()) return undefined
  const field = protocol.nested()
  while (field.next()) {
    if (field.type === 1) return conntrackStateName(protocol.type, field.u8())
  }
  return undefined
}

function decodeCounters(entry: Entry, direction: 0 | 1, field: AttributeCursor): void {
  entry.packets ??= [0, 0]
  entry.bytes ??= [0, 0]
  while (field.next()) {
    if (field.type === CTA_COUNTERS.PACKETS) entry.packets[direction] = u64be(field.bytes, field.at(8))
    else if (field.type === CTA_COUNTERS.BYTES) entry.bytes[direction] = u64be(field.bytes, field.at(8))
  }
}

function decodeTimestamps(entry: Entry, attributes: Attributes): void {
  entry.startMs = milliseconds(attributes.u64be(CTA_TIMESTAMP.START))
  entry.stopMs = milliseconds(attributes.u64be(CTA_TIMESTAMP.STOP))
}

function milliseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / 1e6
}

/** What a NAT rule changed of a connection, found by comparing its two directions. */
export function conntrackNat({ original, reply }: Conntrack): {
  readonly source: boolean
  readonly destination: boolean
} {
  return {
    source: original.source !== reply.destination || original.sourcePort !== reply.destinationPort,
    destination: original.destination !== reply.source || original.destinationPort !== reply.sourcePort,
  }
}
