import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { Socket, type SocketConstructorOpts, type Server as TcpServer } from 'node:net'
import { messageOf, TsnetError } from '../errors.ts'
import {
  bindSocket,
  isIpv6,
  listenSocket,
  openSocket,
  type SocketAddress,
  type SocketProtocol,
  setIpv6Only,
  setServerOptions,
} from './socket-calls.ts'

export type { SocketAddress } from './socket-calls.ts'

/** A namespace that this thread can enter for something synchronous: a NamespaceSession, a NetworkHost. */
export interface NamespaceEntry {
  inside<T>(action: () => T): T
}

/** Where we are ourselves. */
export const OWN_NAMESPACE: NamespaceEntry = { inside: (action) => action() }

export interface ListenOptions {
  /** Default tcp. */
  readonly protocol?: 'tcp' | 'sctp'
  /** On `::`: IPv4 as well. Default false. */
  readonly dualStack?: boolean
}

/** As Node has it. */
const BACKLOG = 511

/**
 * Has a server (of `node:net`, `node:http`) accept connections in a namespace. Only socket(2) must happen inside: a
 * socket stays where it was opened, so all the rest is Node's own, in this one process, for any number of namespaces.
 *
 * @param at port 0 = one that is free, in `server.address()` afterwards
 * @throws TsnetError whose cause has the `code` of the system call: EADDRINUSE, EADDRNOTAVAIL, EACCES…
 */
export async function listenTcp(
  entry: NamespaceEntry,
  server: TcpServer,
  { protocol = 'tcp', dualStack = false, ...at }: SocketAddress & ListenOptions,
): Promise<void> {
  const fd = open(`listen on ${protocol} ${formatEnd(at)}`, () => {
    const fd = openInside(entry, protocol, at.address)
    setServerOptions(fd, { ipv6Only: isIpv6(at.address) ? !dualStack : undefined })
    bindSocket(fd, at)
    listenSocket(fd, BACKLOG)
    return fd
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ fd, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/**
 * A UDP socket that receives in a namespace.
 *
 * @param at port 0 = one that is free
 * @throws TsnetError as {@link listenTcp}
 */
export function bindUdp(entry: NamespaceEntry, at: SocketAddress): UdpSocket {
  const fd = open(`bind udp ${formatEnd(at)}`, () => {
    const fd = openInside(entry, 'udp', at.address)
    if (isIpv6(at.address)) setIpv6Only(fd)
    // without SO_REUSEADDR, which for UDP would let another socket take the datagrams over
    bindSocket(fd, at)
    return fd
  })
  return adoptUdp(fd, at.address)
}

/**
 * A UDP socket in a namespace for one peer: what others send is not received, and an ICMP error of it is an error.
 *
 * @throws TsnetError whose cause has the `code` of the system call: ENETUNREACH…
 */
export async function connectUdp(entry: NamespaceEntry, to: SocketAddress): Promise<UdpSocket> {
  const what = `connect udp ${formatEnd(to)}`
  const fd = open(what, () => {
    const fd = openInside(entry, 'udp', to.address)
    // Node makes the port shareable, and the kernel would then give one port to two sockets that it is free to choose for
    bindSocket(fd, { address: isIpv6(to.address) ? '::' : '0.0.0.0', port: 0 })
    return fd
  })
  const socket = adoptUdp(fd, to.address)
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      socket.close()
      reject(failure(what, cause))
    }
    socket.once('error', fail)
    // a callback instead of the listener would be called with the error too
    socket.once('connect', () => {
      socket.off('error', fail)
      resolve(socket)
    })
    socket.connect(to.port, to.address)
  })
}

/**
 * A socket for echo requests to addresses of the family of `address`: what it sends and receives begins with the ICMP
 * header, of which the kernel fills in identifier and checksum. Its port numbers mean nothing.
 *
 * @throws TsnetError `privilege` where net.ipv4.ping_group_range leaves us out
 */
export function openPing(entry: NamespaceEntry, address: string): UdpSocket {
  return adoptUdp(
    open(`ping ${address}`, () => openInside(entry, 'icmp', address)),
    address,
  )
}

export interface ConnectOptions {
  /** Default tcp. */
  readonly protocol?: 'tcp' | 'sctp'
  /** The end of what the peer sends does not end what we send. Default false. */
  readonly allowHalfOpen?: boolean
}

/**
 * Connects from within a namespace. The socket is connecting, like that of `net.connect`; use it in an HTTP request
 * with `createConnection: () => connectTcp(…)`.
 *
 * @throws TsnetError when there can be no such socket (no SCTP in this kernel); all else is its `error` event
 */
export function connectTcp(
  entry: NamespaceEntry,
  { address, port, protocol = 'tcp', allowHalfOpen = false }: SocketAddress & ConnectOptions,
): Socket {
  const fd = open(`connect ${protocol} ${formatEnd({ address, port })}`, () => openInside(entry, protocol, address))
  // manualStart: without it Node reads at once, from a socket that is not connected yet
  const options: SocketConstructorOpts & { manualStart: true } = {
    fd,
    readable: true,
    writable: true,
    allowHalfOpen,
    manualStart: true,
  }
  return new Socket(options).connect({ host: address, port })
}

function openInside(entry: NamespaceEntry, protocol: SocketProtocol, address: string): number {
  return entry.inside(() => openSocket(protocol, address))
}

function adoptUdp(fd: number, address: string): UdpSocket {
  const socket = createSocket(isIpv6(address) ? 'udp6' : 'udp4')
  socket.bind({ fd })
  return socket
}

function open(what: string, action: () => number): number {
  try {
    return action()
  } catch (cause) {
    throw failure(what, cause)
  }
}

/** `10.0.0.1:80`, `[::]:80`. */
export function formatEnd({ address, port }: SocketAddress): string {
  return `${isIpv6(address) ? `[${address}]` : address}:${port}`
}

/** `EADDRINUSE` and the like of an error or what caused it; undefined when it came from no system call. */
export function systemErrorCode(error: unknown): string | undefined {
  const { code } = error as { code?: unknown }
  if (error instanceof TsnetError) return error.cause === undefined ? undefined : systemErrorCode(error.cause)
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

const UNSUPPORTED = new Set(['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EAFNOSUPPORT'])
const DENIED = new Set(['EACCES', 'EPERM'])

function failure(what: string, cause: unknown): TsnetError {
  if (cause instanceof TsnetError) return cause
  const code = systemErrorCode(cause)
  if (code === undefined) return new TsnetError('failed', `${what}: ${messageOf(cause)}`, { cause })
  if (UNSUPPORTED.has(code)) {
    return new TsnetError('unsupported', `${what}: ${code}`, { cause, hint: 'this kernel lacks the protocol' })
  }
  return new TsnetError(DENIED.has(code) ? 'privilege' : 'failed', `${what}: ${code}`, { cause })
}
