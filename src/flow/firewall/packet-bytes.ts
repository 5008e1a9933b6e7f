import { type Packet, PROTOCOL } from '../packet.ts'

/**
 * The headers of a packet as they are on the wire, for matches on raw bytes: IPv4, TCP, UDP, ICMP, and what VXLAN puts
 * behind UDP. A byte that the facts do not give is undefined.
 */
export function headerBytes(packet: Packet): (number | undefined)[] {
  if (packet.family !== 4) return []
  const total = packet.size
  const ip = [
    ...[0x45, packet.tos, total >> 8, total & 255],
    ...[undefined, undefined, packet.df ? 0x40 : 0, 0],
    ...[packet.ttl, packet.protocol, undefined, undefined],
    ...bytesOf(packet.source.words[0] ?? 0),
    ...bytesOf(packet.destination.words[0] ?? 0),
  ]
  return [...ip, ...transportBytes(packet)]
}

function transportBytes(packet: Packet): (number | undefined)[] {
  const { protocol, sourcePort = 0, destinationPort = 0, icmp, tcpFlags = 0, vni } = packet
  const ports = [sourcePort >> 8, sourcePort & 255, destinationPort >> 8, destinationPort & 255]
  if (protocol === PROTOCOL.TCP) return [...ports, ...Array<undefined>(8).fill(undefined), 0x50, tcpFlags]
  if (protocol === PROTOCOL.ICMP && icmp !== undefined) return [icmp.type, icmp.code]
  if (protocol !== PROTOCOL.UDP) return []
  const length = packet.size - 20
  const udp = [...ports, length >> 8, length & 255, undefined, undefined]
  return vni === undefined ? udp : [...udp, 8, 0, 0, 0, ...bytesOf((vni << 8) >>> 0)]
}

function bytesOf(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]
}

/** A number of `size` bytes, most significant first; undefined when a byte of it is. */
export function readBytes(bytes: readonly (number | undefined)[], at: number, size: number): number | undefined {
  let value = 0
  for (let offset = 0; offset < size; offset++) {
    const byte = bytes[at + offset]
    if (byte === undefined) return undefined
    value = value * 256 + byte
  }
  return value
}
