import type { ArpPacket, DecodedPacket, TcpHeader } from '../model/packets/packet.ts'

/** linux/in.h */
export const IPPROTO = { ICMP: 1, TCP: 6, UDP: 17, ESP: 50, ICMPV6: 58 } as const
const FLAG = { FIN: 1, SYN: 2, RST: 4, ACK: 16 } as const

/** How our packet, what answers it and what follows can be told from all others, whatever NAT makes of them. */
export interface Identity {
  readonly family: 4 | 6
  /** IPPROTO_*; ETH_P_ARP for ARP */
  readonly protocol: number
  /**
   * 32 bits that nobody else has: the initial sequence number of TCP, the first four bytes of a datagram, the first
   * four bytes of what an echo request carries.
   */
  readonly cookie: number
  /** UDP: an answer comes back to it. */
  readonly sourcePort?: number
  /** TCP, of a connection that goes on: bytes of the segment, whose sequence number is the cookie. */
  readonly segmentBytes?: number
  /** ARP has no room for a cookie: who asks whom. */
  readonly arp?: ArpIdentity
}

export interface ArpIdentity {
  readonly target: string
  /** `0.0.0.0` for a question that nobody learns from. */
  readonly sender: string
  readonly senderMac: string
}

/** What a packet has to do with the probe: itself, what answers it, the ACK that follows, an error about it. */
export type Role = 'packet' | 'answer' | 'acknowledgement' | 'error'

/** Undefined for somebody else's packet. */
export function roleOf(identity: Identity, packet: DecodedPacket): Role | undefined {
  if (identity.arp !== undefined) return packet.arp === undefined ? undefined : roleOfArp(identity.arp, packet.arp)
  if (packet.icmp?.about !== undefined) return isPacket(identity, packet.icmp.about) ? 'error' : undefined
  if (packet.ip?.protocol !== identity.protocol) return undefined
  if (packet.tcp !== undefined) {
    const { cookie, segmentBytes } = identity
    return segmentBytes === undefined ? roleOfTcp(cookie, packet.tcp) : roleOfSegment(cookie, segmentBytes, packet.tcp)
  }
  if (packet.udp !== undefined) return roleOfUdp(identity, packet)
  return packet.icmp === undefined ? undefined : roleOfEcho(identity, packet)
}

function roleOfArp({ target, sender, senderMac }: ArpIdentity, arp: ArpPacket): Role | undefined {
  if (arp.operation === 1) {
    return arp.target === target && arp.sender === sender && arp.senderMac === senderMac ? 'packet' : undefined
  }
  return arp.sender === target && arp.targetMac === senderMac ? 'answer' : undefined
}

function isPacket(identity: Identity, packet: DecodedPacket): boolean {
  return roleOf(identity, packet) === 'packet'
}

function roleOfTcp(isn: number, { sequence, acknowledgement, flags, length }: TcpHeader): Role | undefined {
  const next = (isn + 1) >>> 0
  const isFirst = (flags & FLAG.SYN) !== 0
  // an error's copy of the packet may end before its flags
  if (sequence === isn && (isFirst || flags === 0)) return 'packet'
  const acknowledges = (flags & FLAG.ACK) !== 0 && acknowledgement === next
  if (acknowledges && (isFirst || (flags & FLAG.RST) !== 0)) return 'answer'
  const isPlain = (flags & (FLAG.FIN | FLAG.SYN | FLAG.RST)) === 0 && (flags & FLAG.ACK) !== 0
  return sequence === next && isPlain && length === 0 ? 'acknowledgement' : undefined
}

function roleOfSegment(cookie: number, bytes: number, segment: TcpHeader): Role | undefined {
  if (segment.sequence === cookie && segment.length === bytes) return 'packet'
  const end = (cookie + bytes) >>> 0
  return segment.acknowledgement === end && (segment.flags & FLAG.ACK) !== 0 ? 'answer' : undefined
}

function roleOfUdp({ cookie, sourcePort }: Identity, { udp, payload }: DecodedPacket): Role | undefined {
  // an echo service sends our own bytes back
  if (udp?.destinationPort === sourcePort) return 'answer'
  return startsWith(payload, cookie) ? 'packet' : undefined
}

const ECHO: ReadonlySet<number> = new Set([8, 128])
const ECHO_REPLY: ReadonlySet<number> = new Set([0, 129])

function roleOfEcho({ cookie }: Identity, { icmp, payload }: DecodedPacket): Role | undefined {
  if (icmp === undefined || !startsWith(payload, cookie)) return undefined
  if (ECHO.has(icmp.type)) return 'packet'
  return ECHO_REPLY.has(icmp.type) ? 'answer' : undefined
}

function startsWith(payload: Uint8Array | undefined, cookie: number): boolean {
  if (payload === undefined || payload.length < 4) return false
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0) === cookie
}

/** Of the first packet that a filter let through; undefined when there is nothing to tell it by. */
export function identityOf({ ip, tcp, udp, icmp, payload }: DecodedPacket): Identity | undefined {
  if (ip === undefined) return undefined
  const at = { family: ip.version, protocol: ip.protocol }
  if (tcp !== undefined) {
    const isFirst = (tcp.flags & FLAG.SYN) !== 0
    return { ...at, cookie: tcp.sequence, ...(isFirst ? {} : { segmentBytes: tcp.length }) }
  }
  if ((udp === undefined && icmp === undefined) || payload === undefined || payload.length < 4) return undefined
  const cookie = new DataView(payload.buffer, payload.byteOffset).getUint32(0)
  return { ...at, cookie, ...(udp === undefined ? {} : { sourcePort: udp.sourcePort }) }
}
