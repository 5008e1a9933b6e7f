import type { Attributes } from '../attribute.ts'
import { NetlinkError } from '../error.ts'
import { u32 } from '../reader.ts'

/** linux/sock_diag.h: message types. */
export const SOCK_DIAG = { BY_FAMILY: 20, DESTROY: 21 } as const

const ENOENT = 2

/** A dump of sockets; a kernel without the module for that kind of socket answers ENOENT, which becomes `unsupported`. */
export function dumpSockets<T>(kind: string, dump: () => T[]): T[] {
  try {
    return dump()
  } catch (cause) {
    if (!(cause instanceof NetlinkError) || cause.errno !== ENOENT) throw cause
    throw new NetlinkError('unsupported', `this kernel has no diagnostics of ${kind} sockets`, { errno: ENOENT, cause })
  }
}

/** net/tcp_states.h */
export const TCP_STATE = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
  NEW_SYN_RECV: 12,
} as const

/** Bits of a request's states field: every state. */
export const ALL_STATES = 0xfff

/** As ss(8) names them. */
const STATE_NAMES = [
  'UNKNOWN',
  'ESTAB',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
  'SYN-RECV',
] as const

/** `LISTEN`, `ESTAB`, `UNCONN`… as ss(8) names a state; the number as text when it has no name. */
export function socketStateName(state: number): string {
  return STATE_NAMES[state] ?? String(state)
}

/** SK_MEMINFO_* of linux/sock_diag.h, in bytes unless said. */
export interface SocketMemory {
  readonly receiveAllocated: number
  readonly receiveBuffer: number
  readonly sendAllocated: number
  readonly sendBuffer: number
  /** Packets waiting while the owner held the socket. */
  readonly backlog: number
  /** Packets dropped because the receive buffer was full. */
  readonly drops: number
}

/** Attribute `type`, an array of 9 (kernels before 4.7: 8) numbers. */
export function decodeSocketMemory(attributes: Attributes, type: number): SocketMemory | undefined {
  const at = attributes.offset(type, 32)
  if (at === undefined) return undefined
  const { bytes } = attributes
  return {
    receiveAllocated: u32(bytes, at),
    receiveBuffer: u32(bytes, at + 4),
    sendAllocated: u32(bytes, at + 8),
    sendBuffer: u32(bytes, at + 12),
    backlog: u32(bytes, at + 28),
    drops: (attributes.length(type) as number) >= 36 ? u32(bytes, at + 32) : 0,
  }
}
