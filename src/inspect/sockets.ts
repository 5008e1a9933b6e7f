import { existsSync, readFileSync } from 'node:fs'
import {
  dumpInetSockets,
  dumpPacketSockets,
  dumpTcpSockets,
  dumpUnixSockets,
  type InetSocket,
  IPPROTO,
  ipProtocolName,
  NETLINK,
  NetlinkError,
  type PacketSocket,
  type ProcRawSocket,
  parseProcRaw,
  socketStateName,
  TCP_STATE,
  type UnixSocket,
} from 'netlink-ts'
import { type ProtocolUse, readProtocolUse, readTimeWaits } from '../kernel/protocol-use.ts'
import type { Socket } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

/** Processes that have a socket open, by its inode. */
export type SocketProcesses = (inode: number) => Socket['processes']

const AF_INET = 2
const AF_INET6 = 10
/** Protocols with diagnostics of their own, by their names in /proc/net/protocols; raw sockets may be there without. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  TCP: IPPROTO.TCP,
  UDP: IPPROTO.UDP,
  'UDP-Lite': IPPROTO.UDPLITE,
  SCTP: IPPROTO.SCTP,
  DCCP: IPPROTO.DCCP,
}
/** Names of those whose sockets are all counted, for IPv4 and IPv6. */
const COUNTED: Readonly<Record<string, readonly [string, string]>> = {
  UDP: ['UDP', 'UDPv6'],
  'UDP-Lite': ['UDP-Lite', 'UDPLITEv6'],
}
/** Those that wait for somebody, as `ss -xl` shows them. */
const UNIX_STATES = (1 << TCP_STATE.LISTEN) | (1 << TCP_STATE.CLOSE)

/**
 * Sockets of a namespace: IP in every state, packet sockets, and Unix ones that wait. Kernels that have socket
 * diagnostics as modules load them for this, as they do for ss(8).
 *
 * The kernel lists the IP sockets of a namespace by a walk over those of the machine: what the namespace has none of is
 * not asked for.
 */
export function readSockets(session: NamespaceSession, processesOf: SocketProcesses = () => undefined): Socket[] {
  const socket = session.socket(NETLINK.SOCK_DIAG)
  const use = session.inside(readProtocolUse)
  const rows = [
    ...[...use.keys()].flatMap((name) => supported(() => readProtocol(session, name, use)) ?? []).map(toInetRow),
    ...(isUsed(use, 'RAW', 'RAWv6') ? readRaw(session) : []),
    ...(supported(() => dumpPacketSockets(socket)) ?? []).map(toPacketRow),
    ...(supported(() => dumpUnixSockets(socket, UNIX_STATES)) ?? []).map(toUnixRow),
  ]
  return rows.map((row) => withProcesses(row, processesOf))
}

function isUsed(use: ProtocolUse, ...names: readonly string[]): boolean {
  return names.some((name) => use.get(name) !== 0 && use.has(name))
}

/**
 * By the names that the kernel has now. Asked about any other it would look for a module, which takes milliseconds in
 * each namespace, and load it, which changes the machine; without it there are no such sockets.
 */
function readProtocol(session: NamespaceSession, name: string, use: ProtocolUse): InetSocket[] {
  const protocol = PROTOCOLS[name]
  if (protocol === undefined) return []
  if (protocol === IPPROTO.TCP) return readTcp(session, use)
  const counted = COUNTED[name]
  return inetSockets(session, protocol, (at) => counted === undefined || isUsed(use, counted[at]))
}

/** A connection in TIME-WAIT is no socket, and outlives the last one. */
function readTcp(session: NamespaceSession, use: ProtocolUse): InetSocket[] {
  if (!isUsed(use, 'TCP', 'TCPv6') && session.inside(readTimeWaits) === 0) return []
  const sockets = dumpTcpSockets(session.socket(NETLINK.SOCK_DIAG), { memory: true })
  return FAMILIES.flatMap((wanted) => sockets.filter(({ family }) => family === wanted))
}

const FAMILIES = [AF_INET, AF_INET6] as const

function inetSockets(session: NamespaceSession, protocol: number, isWanted: (at: 0 | 1) => boolean): InetSocket[] {
  const socket = session.socket(NETLINK.SOCK_DIAG)
  return ([0, 1] as const).flatMap((at) =>
    isWanted(at) ? dumpInetSockets(socket, { family: FAMILIES[at], protocol, memory: true }) : [],
  )
}

function readRaw(session: NamespaceSession): Socket[] {
  const sockets = rawDiagnostics(() => inetSockets(session, IPPROTO.RAW, () => true))
  return sockets?.map(toInetRow) ?? session.inside(readRawFiles)
}

let hasRawDiagnostics = true

/** Undefined when this kernel has none; it is asked once, as each time it would look for the module. */
function rawDiagnostics<T>(dump: () => T): T | undefined {
  const result = hasRawDiagnostics ? supported(dump) : undefined
  hasRawDiagnostics = result !== undefined
  return result
}

/** Undefined when this kernel cannot tell. */
function supported<T>(dump: () => T): T | undefined {
  try {
    return dump()
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'unsupported') return undefined
    throw error
  }
}

function withProcesses(row: Socket, processesOf: SocketProcesses): Socket {
  const processes = row.inode === 0 ? undefined : processesOf(row.inode)
  return processes === undefined || processes.length === 0 ? row : { ...row, processes }
}

export function toInetRow(socket: InetSocket): Socket {
  const isUnconnected = socket.destinationPort === 0 && /^(0\.0\.0\.0|::)$/.test(socket.destination)
  return {
    protocol: ipProtocolName(socket.protocol),
    family: socket.family === AF_INET6 ? 6 : 4,
    state: socket.stateName,
    local: socket.source,
    localPort: socket.sourcePort,
    ...(isUnconnected ? {} : { remote: socket.destination, remotePort: socket.destinationPort }),
    ...(socket.index === 0 ? {} : { link: socket.index }),
    ...(socket.v6only === undefined ? {} : { v6only: socket.v6only }),
    uid: socket.uid,
    inode: socket.inode,
    receiveQueue: socket.receiveQueue,
    sendQueue: socket.sendQueue,
    ...dropsOf(socket.memory?.drops),
  }
}

/** Most sockets never drop anything: those that did are told apart by having the field. */
function dropsOf(drops = 0): Pick<Socket, 'drops'> {
  return drops === 0 ? {} : { drops }
}

/** Of the namespace that the thread is in; the second file is missing without IPv6. */
function readRawFiles(): Socket[] {
  return ['/proc/thread-self/net/raw', '/proc/thread-self/net/raw6']
    .filter((path) => existsSync(path))
    .flatMap((path) => parseProcRaw(readFileSync(path, 'utf8')))
    .map(toRawRow)
}

/** Like ss(8), with the IP protocol in the place of the port. */
function toRawRow(socket: ProcRawSocket): Socket {
  return {
    protocol: 'raw',
    family: socket.family === AF_INET6 ? 6 : 4,
    state: socketStateName(socket.state),
    local: socket.source,
    localPort: socket.protocol,
    ...(socket.state === TCP_STATE.ESTABLISHED ? { remote: socket.destination } : {}),
    uid: socket.uid,
    inode: socket.inode,
    receiveQueue: socket.receiveQueue,
    sendQueue: socket.sendQueue,
  }
}

/** linux/if_ether.h: what a packet socket can ask for beside single protocols. */
const ETH_P_ALL = 3

/** `local` says which frames it sees: `*` for all, else the Ethertype. */
export function toPacketRow(socket: PacketSocket): Socket {
  return {
    protocol: 'packet',
    family: 'packet',
    state: 'UNCONN',
    local: socket.etherType === ETH_P_ALL ? '*' : `0x${socket.etherType.toString(16).padStart(4, '0')}`,
    ...(socket.index === 0 ? {} : { link: socket.index }),
    ...(socket.uid === undefined ? {} : { uid: socket.uid }),
    inode: socket.inode,
    receiveQueue: socket.memory?.receiveAllocated ?? 0,
    sendQueue: 0,
  }
}

export function toUnixRow(socket: UnixSocket): Socket {
  return {
    protocol: 'unix',
    family: 'unix',
    state: socket.stateName,
    local: socket.name ?? '*',
    ...(socket.uid === undefined ? {} : { uid: socket.uid }),
    inode: socket.inode,
    receiveQueue: socket.receiveQueue,
    sendQueue: socket.sendQueue,
  }
}
