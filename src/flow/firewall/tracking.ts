import type { ConntrackEntry } from '../../model/snapshot.ts'
import { ip } from '../address.ts'
import { type Connection, invert, newConnection, sameTuple, type Tracking, type Tuple, tupleOf } from '../connection.ts'
import { isEchoRequest, isIcmpError, type Packet, PROTOCOL, protocolNumber, TCP_FLAG } from '../packet.ts'
import { type Space, sysctlOf } from '../world.ts'
import type { RuleContext } from './rule.ts'

/** nf_conntrack_in: finds the connection of a packet, or begins one. */
export function track(context: RuleContext): void {
  const { packet } = context
  // of what is invalid nothing is kept: it is looked at again
  if (packet.tracking !== undefined && packet.tracking.state !== 'INVALID') return
  packet.tracking = isIcmpError(packet) ? trackError(context) : trackPacket(context)
}

function trackPacket(context: RuleContext): Tracking {
  const { packet } = context
  const found = find(context, tupleOf(packet), packet.protocol)
  if (found !== undefined) return found
  if (!mayBegin(context)) return { state: 'INVALID', direction: 'original' }
  const connection = newConnection(packet)
  connection.zone = packet.zone ?? 0
  return { state: 'NEW', direction: 'original', connection }
}

/** An error belongs to the connection that the packet inside it is of (nf_conntrack_inet_error). */
function trackError(context: RuleContext): Tracking {
  const { inner } = context.packet
  const found = inner === undefined ? undefined : find(context, invert(tupleOf(inner)), inner.protocol)
  if (found?.connection === undefined) return { state: 'INVALID', direction: 'original' }
  return { state: 'RELATED', direction: found.direction, connection: found.connection }
}

function find(context: RuleContext, tuple: Tuple, protocol: number): Tracking | undefined {
  const { run, space, packet } = context
  const zone = packet.zone ?? 0
  for (const connection of [...run.connectionsOf(space), ...knownConnections(space, tuple)]) {
    if (connection.protocol !== protocol || connection.zone !== zone) continue
    if (sameTuple(connection.original, tuple)) {
      if (isTooEarly(packet, connection)) return { state: 'INVALID', direction: 'original' }
      return { state: connection.seenReply ? 'ESTABLISHED' : 'NEW', direction: 'original', connection }
    }
    if (sameTuple(connection.reply, tuple)) {
      connection.seenReply = true
      return { state: 'ESTABLISHED', direction: 'reply', connection }
    }
  }
  return undefined
}

/** tcp_conntracks: who never saw an answer to the SYN takes nothing but another SYN. */
function isTooEarly({ protocol, tcpFlags }: Packet, { seenReply, entry }: Connection): boolean {
  if (protocol !== PROTOCOL.TCP || tcpFlags === undefined || tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.RST)) return false
  return !seenReply && (entry?.state === undefined || entry.state === 'SYN_SENT')
}

/** Whether a packet that belongs to nothing may begin a connection. */
function mayBegin({ packet, space }: RuleContext): boolean {
  const { protocol, tcpFlags = 0 } = packet
  if (protocol === PROTOCOL.TCP) {
    const isSyn = (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.ACK | TCP_FLAG.RST | TCP_FLAG.FIN)) === TCP_FLAG.SYN
    if (isSyn) return true
    const isLoose = sysctlOf(space, 'net.netfilter.nf_conntrack_tcp_loose') !== 0
    return isLoose && (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.RST)) === 0
  }
  if (protocol === PROTOCOL.ICMP) return isEchoRequest(packet) || [13, 15, 17].includes(packet.icmp?.type ?? -1)
  // neighbour discovery and the like are left untracked, echo requests begin one
  if (protocol === PROTOCOL.ICMPV6) return isEchoRequest(packet)
  return true
}

const byTuple = new WeakMap<readonly ConntrackEntry[], ReadonlyMap<string, readonly Connection[]>>()

/** Entries of the facts that have this tuple in one of their directions. */
function knownConnections(space: Space, tuple: Tuple): readonly Connection[] {
  const entries = space.world.connectionsOf(space)
  if (entries.length === 0) return []
  let index = byTuple.get(entries)
  if (index === undefined) {
    index = indexEntries(entries)
    byTuple.set(entries, index)
  }
  return (index.get(tupleKey(tuple)) ?? []).map((connection) => ({ ...connection }))
}

function indexEntries(entries: readonly ConntrackEntry[]): ReadonlyMap<string, readonly Connection[]> {
  const index = new Map<string, Connection[]>()
  for (const entry of entries) {
    const connection = connectionOf(entry)
    for (const tuple of [connection.original, connection.reply]) {
      const key = tupleKey(tuple)
      index.set(key, [...(index.get(key) ?? []), connection])
    }
  }
  return index
}

function tupleKey({ source, destination, sourcePort, destinationPort, icmpId }: Tuple): string {
  return `${source.text} ${destination.text} ${sourcePort ?? ''} ${destinationPort ?? ''} ${icmpId ?? ''}`
}

function connectionOf(entry: ConntrackEntry): Connection {
  const original = tupleOfEntry(entry.original)
  const reply = tupleOfEntry(entry.reply)
  const plain = invert(original)
  return {
    protocol: protocolNumber(entry.protocol) ?? 0,
    original,
    reply,
    mark: entry.mark ?? 0,
    zone: entry.zone ?? 0,
    sourceDecided: true,
    destinationDecided: true,
    sourceNat: !sameSide([reply.destination, reply.destinationPort], [plain.destination, plain.destinationPort]),
    destinationNat: !sameSide([reply.source, reply.sourcePort], [plain.source, plain.sourcePort]),
    seenReply: !entry.status.includes('UNREPLIED'),
    confirmed: true,
    entry,
  }
}

type Side = readonly [Tuple['source'], number | undefined]

function sameSide(a: Side, b: Side): boolean {
  return a[0].text === b[0].text && a[1] === b[1]
}

function tupleOfEntry(tuple: ConntrackEntry['original']): Tuple {
  return {
    source: ip(tuple.source),
    destination: ip(tuple.destination),
    sourcePort: tuple.sourcePort,
    destinationPort: tuple.destinationPort,
    icmpType: tuple.icmpType,
    icmpId: tuple.icmpId,
  }
}

/** nf_conntrack_confirm: from here on other packets find the connection. */
export function confirm({ run, space, packet }: RuleContext): void {
  const connection = packet.tracking?.connection
  if (connection === undefined || connection.confirmed) return
  connection.confirmed = true
  run.connectionsOf(space).push(connection)
}

/** What NAT of an established connection makes of a packet at a hook (nf_nat_packet). */
export function translated(packet: Packet, manip: 'source' | 'destination'): Tuple | undefined {
  const { connection, direction } = packet.tracking ?? {}
  if (connection === undefined || direction === undefined) return undefined
  const isOriginal = direction === 'original'
  const wasDone = (manip === 'source') === isOriginal ? connection.sourceNat : connection.destinationNat
  if (!wasDone) return undefined
  return invert(isOriginal ? connection.reply : connection.original)
}
