import type { Attributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { attributesOf, type Message } from '../message.ts'
import { u32, u64exact } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { ALL_STATES, dumpSockets, SOCK_DIAG, socketStateName } from './sock-diag.ts'

/** linux/unix_diag.h: what to show, and attributes. */
export const UDIAG_SHOW = { NAME: 1, VFS: 2, PEER: 4, ICONS: 8, RQLEN: 0x10, MEMINFO: 0x20, UID: 0x40 } as const
export const UNIX_DIAG = { NAME: 0, VFS: 1, PEER: 2, ICONS: 3, RQLEN: 4, MEMINFO: 5, SHUTDOWN: 6, UID: 7 } as const
const UNIX_DIAG_MSG_BYTES = 16

/** sys/socket.h */
const TYPES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' }

export interface UnixSocket {
  /** `stream`, `dgram`, `seqpacket`, or the number. */
  readonly type: string
  /** TCP_STATE: LISTEN, ESTABLISHED, CLOSE… */
  readonly state: number
  readonly stateName: string
  readonly inode: number
  readonly cookie: bigint
  /** Path as given to bind(2), an abstract name with each NUL as `@`, absent when it has no name. */
  readonly name: string | undefined
  /** Inode of the other end, when connected. */
  readonly peerInode: number | undefined
  /** LISTEN: connections waiting to be accepted; otherwise bytes not read yet. */
  readonly receiveQueue: number
  /** LISTEN: how many may wait; otherwise bytes sent and not read yet. */
  readonly sendQueue: number
  readonly uid: number | undefined
}

/** struct unix_diag_msg and its attributes. */
export function decodeUnixSocket(message: Message): UnixSocket {
  const attributes = attributesOf(message, UNIX_DIAG_MSG_BYTES)
  const { bytes, start } = message
  const type = bytes[start + 1] as number
  const state = bytes[start + 2] as number
  const queues = attributes.offset(UNIX_DIAG.RQLEN, 8)
  return {
    type: TYPES[type] ?? String(type),
    state,
    stateName: socketStateName(state),
    inode: u32(bytes, start + 4),
    cookie: u64exact(bytes, start + 8),
    name: nameOf(attributes),
    peerInode: attributes.u32(UNIX_DIAG.PEER),
    receiveQueue: queues === undefined ? 0 : u32(bytes, queues),
    sendQueue: queues === undefined ? 0 : u32(bytes, queues + 4),
    uid: attributes.u32(UNIX_DIAG.UID),
  }
}

/** A path may end with a NUL; an abstract name begins with one and may hold more. */
function nameOf(attributes: Attributes): string | undefined {
  const view = attributes.view(UNIX_DIAG.NAME)
  if (!view || view.length === 0) return undefined
  const decoded = new TextDecoder().decode(view)
  return decoded.startsWith('\0') ? decoded.replaceAll('\0', '@') : decoded.replace(/\0.*$/s, '')
}

/** Unix sockets of the socket's namespace; `states` are bits 1 << TCP_STATE, default every state. */
export function dumpUnixSockets(socket: NetlinkSocket, states: number = ALL_STATES): UnixSocket[] {
  const show = UDIAG_SHOW.NAME | UDIAG_SHOW.PEER | UDIAG_SHOW.RQLEN | UDIAG_SHOW.UID
  const request = {
    type: SOCK_DIAG.BY_FAMILY,
    fill: (writer: Writer) => writer.u8(AF.UNIX).u8(0).u16(0).u32(states).u32(0).u32(show).zeros(8),
  }
  return dumpSockets('unix', () => socket.dump(request, decodeUnixSocket))
}
