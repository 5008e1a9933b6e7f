import { closeSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { AF, parseAddress, Writer } from 'netlink-ts'

/** sys/socket.h, netinet/in.h on Linux. */
const SOCK = { STREAM: 1, DGRAM: 2, CLOEXEC: 0o2000000 } as const
const IPPROTO = { ICMP: 1, TCP: 6, UDP: 17, IPV6: 41, ICMPV6: 58, SCTP: 132 } as const
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const IPV6_V6ONLY = 26

/** `icmp` = echo requests and their replies alone (icmp(7), net.ipv4.ping_group_range). */
export type SocketProtocol = 'tcp' | 'udp' | 'sctp' | 'icmp'

/** An IP address (no name) and a port. */
export interface SocketAddress {
  readonly address: string
  readonly port: number
}

type Native = (...args: unknown[]) => number

const library = koffi.load(null)
const declared = new Map<string, Native>()

/** Declared at first use, so that a program without such sockets pays nothing. */
function native(prototype: string): Native {
  let found = declared.get(prototype)
  if (!found) {
    found = library.func(prototype) as unknown as Native
    declared.set(prototype, found)
  }
  return found
}

/** A socket of the namespace that this thread is in now; it stays there. @throws NodeJS.ErrnoException */
export function openSocket(protocol: SocketProtocol, address: string): number {
  const type = (protocol === 'udp' || protocol === 'icmp' ? SOCK.DGRAM : SOCK.STREAM) | SOCK.CLOEXEC
  const icmp = isIpv6(address) ? IPPROTO.ICMPV6 : IPPROTO.ICMP
  const number = { tcp: IPPROTO.TCP, udp: IPPROTO.UDP, sctp: IPPROTO.SCTP, icmp }[protocol]
  return checked('socket', native('int socket(int, int, int)')(familyOf(address), type, number))
}

/** @param fd of {@link openSocket}; closed when this fails. @throws NodeJS.ErrnoException */
export function bindSocket(fd: number, at: SocketAddress): void {
  orClose(fd, () => {
    const address = encodeAddress(at)
    checked('bind', native('int bind(int, const void *, uint32_t)')(fd, address, address.length))
  })
}

/** @param fd of {@link openSocket}; closed when this fails. @throws NodeJS.ErrnoException */
export function listenSocket(fd: number, backlog: number): void {
  orClose(fd, () => checked('listen', native('int listen(int, int)')(fd, backlog)))
}

/** What a server's port needs before it is bound: free again at once after a restart, IPv6 apart from IPv4 if wished. */
export function setServerOptions(fd: number, { ipv6Only }: { readonly ipv6Only: boolean | undefined }): void {
  orClose(fd, () => {
    setOption(fd, { level: SOL_SOCKET, option: SO_REUSEADDR, value: 1 })
    if (ipv6Only !== undefined) setOption(fd, { level: IPPROTO.IPV6, option: IPV6_V6ONLY, value: Number(ipv6Only) })
  })
}

/** IPv6 apart from IPv4, for a socket that shall not take over another's port as {@link setServerOptions} lets it. */
export function setIpv6Only(fd: number): void {
  orClose(fd, () => setOption(fd, { level: IPPROTO.IPV6, option: IPV6_V6ONLY, value: 1 }))
}

interface SocketOption {
  readonly level: number
  readonly option: number
  readonly value: number
}

function setOption(fd: number, { level, option, value }: SocketOption): void {
  const bytes = new Writer().u32(value).finish()
  const call = native('int setsockopt(int, int, int, const void *, uint32_t)')
  checked('setsockopt', call(fd, level, option, bytes, bytes.length))
}

export function isIpv6(address: string): boolean {
  return address.includes(':')
}

function familyOf(address: string): number {
  return isIpv6(address) ? AF.INET6 : AF.INET
}

/** struct sockaddr_in, struct sockaddr_in6 (netinet/in.h). */
export function encodeAddress({ address, port }: SocketAddress): Uint8Array {
  const writer = new Writer().u16(familyOf(address)).u16be(port)
  const bytes = parseAddress(address)
  return (isIpv6(address) ? writer.u32(0).raw(bytes).u32(0) : writer.raw(bytes).zeros(8)).finish()
}

function orClose(fd: number, action: () => unknown): void {
  try {
    action()
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function checked(call: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  const code = getSystemErrorName(-errno)
  throw Object.assign(new Error(`${call}: ${code}`), { errno: -errno, code, syscall: call })
}
