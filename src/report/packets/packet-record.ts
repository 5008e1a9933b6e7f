import { Buffer } from 'node:buffer'
import { conversationOf } from '../../model/packets/conversation.ts'
import type { SeenPacket } from './packet-line.ts'
import type { NameOfAddress } from './packet-names.ts'
import { packetSummary } from './packet-summary.ts'

/** A packet with its bytes, for a program that decodes them itself. */
export interface PacketRecord {
  readonly timeNs: string
  /** Inode; absent when it is not known. */
  readonly namespace?: number
  /** `web:eth0` */
  readonly place: string
  readonly direction?: 'in' | 'out'
  /** Bytes on the wire. */
  readonly length: number
  /** What `bytes` begin with. */
  readonly begins: 'ethernet' | 'ip'
  readonly source: string
  readonly destination: string
  readonly protocol: string
  readonly info: string
  /** The same for all packets of a conversation; absent for what is neither IP nor ARP. */
  readonly conversation?: string
  /** As captured, base64. */
  readonly bytes: string
}

/** Where the bytes of a packet are from. */
export interface RecordedFrame {
  readonly namespace?: number | undefined
  readonly begins: 'ethernet' | 'ip'
  readonly bytes: Uint8Array
}

/** The packet in the columns of a list, and its bytes. */
export function packetRecord(seen: SeenPacket, nameOf: NameOfAddress, frame: RecordedFrame): PacketRecord {
  const { place, timeNs, direction, length, packet } = seen
  const { namespace, begins, bytes } = frame
  const conversation = conversationOf(packet)
  return {
    timeNs: String(timeNs),
    ...(namespace === undefined ? {} : { namespace }),
    place,
    ...(direction === undefined ? {} : { direction }),
    length,
    begins,
    ...packetSummary(packet, nameOf),
    ...(conversation === undefined ? {} : { conversation }),
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  }
}
