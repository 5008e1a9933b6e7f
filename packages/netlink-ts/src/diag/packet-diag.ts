import { AF } from '../libc.ts'
import { attributesOf, type Message } from '../message.ts'
import { u16, u32, u64exact } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { decodeSocketMemory, dumpSockets, SOCK_DIAG, type SocketMemory } from './sock-diag.ts'

/** linux/packet_diag.h: what to show, and attributes. */
export const PACKET_SHOW = { INFO: 1, MCLIST: 2, RING_CFG: 4, FANOUT: 8, MEMINFO: 0x10, FILTER: 0x20 } as const
export const PACKET_DIAG = {
  INFO: 0,
  MCLIST: 1,
  RX_RING: 2,
  TX_RING: 3,
  FANOUT: 4,
  UID: 5,
  MEMINFO: 6,
  FILTER: 7,
} as const
const PACKET_DIAG_MSG_BYTES = 16

/** sys/socket.h */
const TYPES: Readonly<Record<number, string>> = { 2: 'dgram', 3: 'raw', 10: 'packet' }

/** A packet socket: somebody captures or sends frames. */
export interface PacketSocket {
  /** `raw` (with the link-layer header), `dgram` (without), or the number. */
  readonly type: string
  /** Ethertype it sees, linux/if_ether.h: 3 = all; 0 = none. */
  readonly etherType: number
  readonly inode: number
  readonly cookie: bigint
  /** ifindex it is bound to; 0 = every interface. */
  readonly index: number
  /** TPACKET version from 1 on; 0-based field of the kernel plus one. */
  readonly version: number
  /** PDI_* */
  readonly flags: number
  readonly uid: number | undefined
  readonly hasReceiveRing: boolean
  readonly memory: SocketMemory | undefined
}

/** struct packet_diag_msg and its attributes. */
export function decodePacketSocket(message: Message): PacketSocket {
  const attributes = attributesOf(message, PACKET_DIAG_MSG_BYTES)
  const { bytes, start } = message
  const type = bytes[start + 1] as number
  const details = attributes.offset(PACKET_DIAG.INFO, 24)
  return {
    type: TYPES[type] ?? String(type),
    etherType: u16(bytes, start + 2),
    inode: u32(bytes, start + 4),
    cookie: u64exact(bytes, start + 8),
    index: details === undefined ? 0 : u32(bytes, details),
    version: details === undefined ? 0 : u32(bytes, details + 4) + 1,
    flags: details === undefined ? 0 : u32(bytes, details + 20),
    uid: attributes.u32(PACKET_DIAG.UID),
    hasReceiveRing: attributes.has(PACKET_DIAG.RX_RING),
    memory: decodeSocketMemory(attributes, PACKET_DIAG.MEMINFO),
  }
}

/** Packet sockets of the socket's namespace. */
export function dumpPacketSockets(socket: NetlinkSocket): PacketSocket[] {
  const show = PACKET_SHOW.INFO | PACKET_SHOW.RING_CFG | PACKET_SHOW.MEMINFO
  const request = {
    type: SOCK_DIAG.BY_FAMILY,
    fill: (writer: Writer) => writer.u8(AF.PACKET).u8(0).u16(0).u32(0).u32(show).zeros(8),
  }
  return dumpSockets('packet', () => socket.dump(request, decodePacketSocket))
}
