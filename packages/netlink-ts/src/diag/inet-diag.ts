import { formatAddress } from '../address.ts'
import type { Attributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { attributesOf, type Message } from '../message.ts'
import { u16be, u32, u64exact } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { IPPROTO, ipProtocolName } from './ip-protocol.ts'
import {
  ALL_STATES,
  decodeSocketMemory,
  dumpSockets,
  SOCK_DIAG,
  type SocketMemory,
  socketStateName,
} from './sock-diag.ts'
import { decodeTcpInfo, type TcpInfo } from './tcp-info.ts'

/** linux/inet_diag.h: extensions, which are attribute types and (minus one) bits of a request. */
export const INET_DIAG = {
  MEMINFO: 1,
  INFO: 2,
  CONG: 4,
  TOS: 5,
  TCLASS: 6,
  SKMEMINFO: 7,
  SHUTDOWN: 8,
  PROTOCOL: 10,
  SKV6ONLY: 11,
  MARK: 15,
  CLASS_ID: 17,
  ULP_INFO: 19,
  CGROUP_ID: 21,
} as const
const INET_DIAG_REQ_PROTOCOL = 3
/** Message type of a request for TCP sockets of both families, the older of the two. */
const TCPDIAG_GETSOCK = 18
const INET_DIAG_MSG_BYTES = 72

/** An IP socket. */
export interface InetSocket {
  /** AF_INET or AF_INET6; a v6 socket may hold a v4 connection (`::ffff:10.0.0.1`). */
  readonly family: number
  /** As asked for. */
  readonly protocol: number
  /** TCP_STATE; for other protocols ESTABLISHED (connected) or CLOSE. */
  readonly state: number
  readonly stateName: string
  readonly source: string
  /** For a raw socket its IP protocol. */
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  /** ifindex it is bound to; 0 = any. */
  readonly index: number
  /** Unique among all sockets since boot; a reused inode has another one. */
  readonly cookie: bigint
  /** LISTEN: connections waiting to be accepted; otherwise bytes not read yet. */
  readonly receiveQueue: number
  /** LISTEN: how many may wait; otherwise bytes not acknowledged yet. */
  readonly sendQueue: number
  readonly uid: number
  /** 0 for a connection that no process has (TIME-WAIT, or not accepted yet). */
  readonly inode: number
  /** IPV6_V6ONLY; absent for IPv4. */
  readonly v6only: boolean | undefined
  /** SO_MARK; only with CAP_NET_ADMIN. */
  readonly mark: number | undefined
  /** Control group of version 2 by its id. */
  readonly cgroupId: bigint | undefined
  readonly memory: SocketMemory | undefined
  readonly congestion: string | undefined
  readonly tcp: TcpInfo | undefined
}

export interface InetSocketFilter {
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** IPPROTO_* */
  readonly protocol: number
  /** Bits 1 << TCP_STATE; default every state. */
  readonly states?: number
  /** Also memory, congestion control and TCP's own measurements. */
  readonly extended?: boolean
  /** Also memory and drops alone, which cost 40 bytes a socket. */
  readonly memory?: boolean
}

export type TcpSocketFilter = Omit<InetSocketFilter, 'family' | 'protocol'>

/** The IP sockets of one family and protocol in the socket's namespace (NETLINK_SOCK_DIAG). */
export function dumpInetSockets(socket: NetlinkSocket, filter: InetSocketFilter): InetSocket[] {
  const request = { type: SOCK_DIAG.BY_FAMILY, fill: (writer: Writer) => writeRequest(writer, filter) }
  return dumpSockets(ipProtocolName(filter.protocol), () =>
    socket.dump(request, (message) => decodeInetSocket(message, filter.protocol)),
  )
}

/**
 * The TCP sockets of both families, mixed. The kernel walks once over the tables of all namespaces, and not twice:
 * 1 ms with room for 262,144 connections.
 */
export function dumpTcpSockets(socket: NetlinkSocket, options: TcpSocketFilter = {}): InetSocket[] {
  const fill = (writer: Writer) => writeTcpRequest(writer, options)
  return dumpSockets('tcp', () =>
    socket.dump({ type: TCPDIAG_GETSOCK, fill }, (message) => decodeInetSocket(message, IPPROTO.TCP)),
  )
}

/** struct inet_diag_req; its family is not looked at. */
function writeTcpRequest(writer: Writer, { states, ...options }: TcpSocketFilter): void {
  writer
    .zeros(3)
    .u8(extensionBits(wantedExtensions(options)))
    .zeros(48)
  writer.u32(states ?? ALL_STATES).u32(0)
}

/** struct inet_diag_req_v2. */
function writeRequest(writer: Writer, { family, protocol, states, ...options }: InetSocketFilter): void {
  writer.u8(family).u8(Math.min(protocol, IPPROTO.RAW))
  writer.u8(extensionBits(wantedExtensions(options))).u8(0)
  writer.u32(states ?? ALL_STATES).zeros(48)
  if (protocol > IPPROTO.RAW) writer.u32Attribute(INET_DIAG_REQ_PROTOCOL, protocol)
}

function wantedExtensions({ extended, memory }: Pick<InetSocketFilter, 'extended' | 'memory'>): number[] {
  return [...(extended ? [INET_DIAG.INFO, INET_DIAG.CONG] : []), ...(extended || memory ? [INET_DIAG.SKMEMINFO] : [])]
}

function extensionBits(extensions: readonly number[]): number {
  return extensions.reduce((bits, extension) => bits | (1 << (extension - 1)), 0)
}

/** struct inet_diag_msg and its attributes. */
export function decodeInetSocket(message: Message, protocol: number = IPPROTO.TCP): InetSocket {
  const attributes = attributesOf(message, INET_DIAG_MSG_BYTES)
  const { bytes, start } = message
  const family = bytes[start] as number
  const state = bytes[start + 1] as number
  const addressBytes = family === AF.INET6 ? 16 : 4
  return {
    family,
    protocol,
    state,
    stateName: socketStateName(state),
    source: formatAddress(bytes, start + 8, addressBytes),
    sourcePort: u16be(bytes, start + 4),
    destination: formatAddress(bytes, start + 24, addressBytes),
    destinationPort: u16be(bytes, start + 6),
    index: u32(bytes, start + 40),
    cookie: u64exact(bytes, start + 44),
    receiveQueue: u32(bytes, start + 56),
    sendQueue: u32(bytes, start + 60),
    uid: u32(bytes, start + 64),
    inode: u32(bytes, start + 68),
    ...extensionsOf(attributes, protocol),
  }
}

function extensionsOf(attributes: Attributes, protocol: number) {
  const v6only = attributes.u8(INET_DIAG.SKV6ONLY)
  const cgroup = attributes.offset(INET_DIAG.CGROUP_ID, 8)
  return {
    v6only: v6only === undefined ? undefined : v6only !== 0,
    mark: attributes.u32(INET_DIAG.MARK),
    cgroupId: cgroup === undefined ? undefined : u64exact(attributes.bytes, cgroup),
    memory: decodeSocketMemory(attributes, INET_DIAG.SKMEMINFO),
    congestion: attributes.string(INET_DIAG.CONG),
    tcp: protocol === IPPROTO.TCP ? decodeTcpInfo(attributes, INET_DIAG.INFO) : undefined,
  }
}
