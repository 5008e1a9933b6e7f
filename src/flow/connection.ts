import type { ConntrackEntry, IpvsDestination } from '../model/snapshot.ts'
import type { Ip } from './address.ts'
import type { Place } from './journey.ts'
import { ICMP_TYPE, ICMP6_TYPE, type Packet, protocolName } from './packet.ts'

/** Both ends of a connection as one direction of it shows them. */
export interface Tuple {
  readonly source: Ip
  readonly destination: Ip
  readonly sourcePort?: number | undefined
  readonly destinationPort?: number | undefined
  readonly icmpType?: number | undefined
  readonly icmpId?: number | undefined
}

/** One tracked connection of one namespace; NAT is what its reply differs by from the inverted original. */
export interface Connection {
  readonly protocol: number
  readonly original: Tuple
  reply: Tuple
  mark: number
  zone: number
  /** NAT was decided, even if it was decided to change nothing. */
  sourceDecided: boolean
  destinationDecided: boolean
  sourceNat: boolean
  destinationNat: boolean
  seenReply: boolean
  /** In the table; until then only its first packet knows it. */
  confirmed: boolean
  /** From the facts: it was there before our packet. */
  readonly entry?: ConntrackEntry
}

/** What IPVS of one namespace scheduled (struct ip_vs_conn): whom it gave a client's connection to. */
export interface VirtualConnection {
  readonly protocol: number
  /** From the client, as it asks. */
  readonly virtual: Tuple
  /** From the client, as the real server is asked. */
  readonly real: Tuple
  readonly destination: IpvsDestination
  readonly service: Place
}

export type TrackingState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED'

/** What connection tracking says of one packet. */
export interface Tracking {
  readonly state: TrackingState
  readonly direction: 'original' | 'reply'
  readonly connection?: Connection
}

/** nf_ct_get_tuple. */
export function tupleOf(packet: Packet): Tuple {
  const { source, destination, sourcePort, destinationPort, icmp } = packet
  return { source, destination, sourcePort, destinationPort, icmpType: icmp?.type, icmpId: icmp?.id }
}

const INVERSE_4: Readonly<Record<number, number>> = {
  [ICMP_TYPE.ECHO]: ICMP_TYPE.ECHO_REPLY,
  [ICMP_TYPE.ECHO_REPLY]: ICMP_TYPE.ECHO,
  13: 14,
  14: 13,
  15: 16,
  16: 15,
  17: 18,
  18: 17,
}
const INVERSE_6: Readonly<Record<number, number>> = {
  [ICMP6_TYPE.ECHO]: ICMP6_TYPE.ECHO_REPLY,
  [ICMP6_TYPE.ECHO_REPLY]: ICMP6_TYPE.ECHO,
}

/** The tuple of the answer (nf_ct_invert_tuple). */
export function invert({ source, destination, sourcePort, destinationPort, icmpType, icmpId }: Tuple): Tuple {
  const inverse = source.family === 4 ? INVERSE_4 : INVERSE_6
  return {
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    icmpType: icmpType === undefined ? undefined : (inverse[icmpType] ?? icmpType),
    icmpId,
  }
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.source.text === b.source.text &&
    a.destination.text === b.destination.text &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort &&
    a.icmpType === b.icmpType &&
    a.icmpId === b.icmpId
  )
}

export function newConnection(packet: Packet): Connection {
  const original = tupleOf(packet)
  return {
    protocol: packet.protocol,
    original,
    reply: invert(original),
    mark: 0,
    zone: 0,
    sourceDecided: false,
    destinationDecided: false,
    sourceNat: false,
    destinationNat: false,
    seenReply: false,
    confirmed: false,
  }
}

export function describeTuple({ source, destination, sourcePort, destinationPort }: Tuple, protocol: number): string {
  const side = (address: Ip, port: number | undefined) =>
    port === undefined ? address.text : `${address.text}:${port}`
  return `${protocolName(protocol)} ${side(source, sourcePort)} → ${side(destination, destinationPort)}`
}
