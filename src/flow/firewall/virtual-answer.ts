import { sameTuple, type Tuple, tupleOf } from '../connection.ts'
import { endpoint, isIcmpError, type Packet } from '../packet.ts'
import { type Space, sysctlOf } from '../world.ts'
import type { RuleContext } from './rule.ts'

/**
 * Gives the answer of a real server its virtual address back, or an error about what was sent there (ip_vs_out in
 * net/netfilter/ipvs/ip_vs_core.c).
 */
export function unmask({ run, space, packet }: RuleContext): void {
  if (packet.viaIpvs === true || space.namespace.ipvs.length === 0) return
  const answered = isIcmpError(packet) ? packet.inner : packet
  if (answered === undefined) return
  const found = run
    .virtualConnectionsOf(space)
    .find(({ protocol, real }) => protocol === answered.protocol && isMeant(packet, answered, real))
  if (found === undefined || found.destination.forward !== 'masq') return
  const before = endpoint(packet.source, packet.sourcePort)
  const { destination: address, destinationPort: port } = found.virtual
  packet.source = address
  if (answered === packet) setPort(packet, 'sourcePort', port)
  else {
    const inner = { ...answered, destination: address }
    setPort(inner, 'destinationPort', port)
    packet.inner = inner
  }
  leaveTracking(space, packet)
  packet.viaIpvs = true
  const text = `source ${before} → ${endpoint(packet.source, packet.sourcePort)}, as ${found.service.text} scheduled it`
  run.hop(space, packet, { stage: 'ipvs', subject: found.service.text, text, place: found.service })
}

function isMeant(packet: Packet, answered: Packet, real: Tuple): boolean {
  if (answered !== packet) return sameTuple(tupleOf(answered), real)
  return (
    packet.source.text === real.destination.text &&
    packet.sourcePort === real.destinationPort &&
    packet.destination.text === real.source.text &&
    packet.destinationPort === real.sourcePort
  )
}

/** Of a packet that has ports. */
export function setPort(packet: Packet, name: 'sourcePort' | 'destinationPort', port: number | undefined): void {
  if (packet[name] !== undefined && port !== undefined) packet[name] = port
}

/** Without net.ipv4.vs.conntrack connection tracking is told to forget the packet (ip_vs_notrack). */
export function leaveTracking(space: Space, packet: Packet): boolean {
  if (sysctlOf(space, 'net.ipv4.vs.conntrack') !== 0) return true
  if (packet.tracking?.connection !== undefined) packet.tracking = { state: 'UNTRACKED', direction: 'original' }
  return false
}
