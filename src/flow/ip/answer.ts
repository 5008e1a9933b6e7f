import { ICMP_TYPE, ICMP6_TYPE, type Packet, PROTOCOL, TCP_FLAG } from '../packet.ts'
import { type Space, sysctlOf } from '../world.ts'

/** What the receiver sends back: SYN-ACK, a datagram to where the first came from, an echo reply. */
export function answerTo(space: Space, packet: Packet): Packet {
  const { family, source, destination, protocol, sourcePort, destinationPort, icmp } = packet
  const isTcp = protocol === PROTOCOL.TCP
  const reflects = sysctlOf(space, isTcp ? 'net.ipv4.tcp_fwmark_accept' : 'net.ipv4.fwmark_reflect') === 1
  const isUdp = protocol === PROTOCOL.UDP
  return {
    family,
    source: destination,
    destination: source,
    protocol,
    ...(destinationPort === undefined ? {} : { sourcePort: destinationPort }),
    ...(sourcePort === undefined ? {} : { destinationPort: sourcePort }),
    ...(icmp === undefined
      ? {}
      : { icmp: { ...icmp, type: family === 4 ? ICMP_TYPE.ECHO_REPLY : ICMP6_TYPE.ECHO_REPLY } }),
    ...(isTcp ? { tcpFlags: TCP_FLAG.SYN | TCP_FLAG.ACK } : {}),
    ttl: sysctlOf(space, 'net.ipv4.ip_default_ttl') ?? 64,
    // a SYN, ACK with the usual options
    size: isTcp ? (family === 4 ? 60 : 80) : packet.size,
    df: isTcp,
    tos: 0,
    mark: reflects && !isUdp ? packet.mark : 0,
    ...(icmp === undefined ? { owner: { uid: undefined } } : {}),
  }
}
