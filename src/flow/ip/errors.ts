import { ip } from '../address.ts'
import type { RefusalReply } from '../firewall/stopped.ts'
import type { Medium } from '../link/medium.ts'
import { isIcmpError, type Packet, PROTOCOL, TCP_FLAG } from '../packet.ts'
import { addressType } from '../routing/input.ts'
import { type Space, sysctlOf } from '../world.ts'

/** linux/icmp.h and linux/icmpv6.h: what REJECT answers with, IPv4 and IPv6 code. */
const CODES: Readonly<Record<string, readonly [number, number]>> = {
  'icmp-net-unreachable': [0, 0],
  'icmp-host-unreachable': [1, 3],
  'icmp-proto-unreachable': [2, 4],
  'icmp-port-unreachable': [3, 4],
  'icmp-net-prohibited': [9, 1],
  'icmp-host-prohibited': [10, 1],
  'icmp-admin-prohibited': [13, 1],
  'icmp6-no-route': [0, 0],
  'icmp6-adm-prohibited': [13, 1],
  'icmp6-addr-unreachable': [1, 3],
  'icmp6-port-unreachable': [3, 4],
}

/** What a REJECT rule sends back, and whether it reaches the sender. */
export function sendRefusal(engine: Medium, space: Space, packet: Packet, how: string): RefusalReply {
  if (how === 'tcp-reset') return sendReset(engine, space, packet, true)
  const [four, six] = CODES[how] ?? [3, 4]
  return sendIcmpError(engine, space, packet, packet.family === 4 ? { type: 3, code: four } : { type: 1, code: six })
}

/** An ICMP error about a packet, sent back to where it says it came from (icmp_send). */
export function sendIcmpError(
  engine: Medium,
  space: Space,
  packet: Packet,
  { type, code }: { readonly type: number; readonly code: number },
): RefusalReply {
  if (isIcmpError(packet)) return { arrives: false, reason: 'no error is sent about an error' }
  const isOwn = addressType(space, packet.destination) === 'local'
  const error: Packet = {
    family: packet.family,
    source: isOwn ? packet.destination : ip(packet.family === 4 ? '0.0.0.0' : '::'),
    destination: packet.source,
    protocol: packet.family === 4 ? PROTOCOL.ICMP : PROTOCOL.ICMPV6,
    icmp: { type, code, id: 0 },
    ttl: 64,
    size: Math.min(packet.size + 28, 576),
    df: false,
    tos: 0,
    mark: sysctlOf(space, 'net.ipv4.fwmark_reflect') === 1 ? packet.mark : 0,
    inner: { ...packet },
  }
  attach(error, packet)
  return delivered(engine, space, error)
}

/** A TCP reset in the name of the destination. */
export function sendReset(engine: Medium, space: Space, packet: Packet, attached: boolean): RefusalReply {
  const reset = resetFor(space, packet)
  if (attached) attach(reset, packet)
  return delivered(engine, space, reset)
}

export function resetFor(space: Space, packet: Packet): Packet {
  const { family, source, destination, sourcePort, destinationPort } = packet
  return {
    family,
    source: destination,
    destination: source,
    protocol: PROTOCOL.TCP,
    ...(destinationPort === undefined ? {} : { sourcePort: destinationPort }),
    ...(sourcePort === undefined ? {} : { destinationPort: sourcePort }),
    tcpFlags: TCP_FLAG.RST | TCP_FLAG.ACK,
    ttl: 64,
    size: 40,
    df: true,
    tos: 0,
    mark: sysctlOf(space, 'net.ipv4.fwmark_reflect') === 1 ? packet.mark : 0,
  }
}

/** nf_ct_attach: what answers a packet belongs to its connection, the other way, even before that is confirmed. */
function attach(answer: Packet, { tracking }: Packet): void {
  if (tracking?.connection === undefined) return
  const direction = tracking.direction === 'original' ? 'reply' : 'original'
  answer.tracking = { state: 'RELATED', direction, connection: tracking.connection }
}

function delivered(engine: Medium, space: Space, packet: Packet): RefusalReply {
  const outcome = engine.run.quietly(() => engine.send(space, packet))
  if (outcome.kind === 'delivered') return { arrives: true }
  // what leaves the facts may well arrive
  if (outcome.kind === 'unknown') return { arrives: true }
  return { arrives: false, reason: outcome.kind === 'ignored' ? 'it goes nowhere' : outcome.reason }
}
