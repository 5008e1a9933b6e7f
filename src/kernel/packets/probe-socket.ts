import { closeSync, fchownSync } from 'node:fs'
import { constants } from 'node:os'
import koffi from 'koffi'
import { TsnetError } from '../../errors.ts'
import { formatIp } from '../../model/ip-bytes.ts'
import { encodeAddress, isIpv6 } from '../socket-calls.ts'
import type { NamespaceEntry } from './packet-socket.ts'

export interface ProbeSocketOptions {
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly destination: string
  /** 0 for ICMP. */
  readonly port: number
  readonly source?: string
  readonly sourcePort?: number
  /** SO_BINDTODEVICE */
  readonly link?: string
  /** SO_MARK */
  readonly mark?: number
  readonly ttl?: number
  readonly df?: boolean
  /** Owner of the socket, for rules that ask. */
  readonly uid?: number
  /** TCP: the initial sequence number, so that the packet can be told from others anywhere. */
  readonly sequence?: number
}

/** asm-generic/socket.h, netinet/in.h, netinet/tcp.h on Linux. */
const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, CLOEXEC_NONBLOCK: 0o2004000 } as const
const IPPROTO = { IP: 0, ICMP: 1, TCP: 6, UDP: 17, IPV6: 41, ICMPV6: 58 } as const
const SOL_SOCKET = 1
const SO = { ERROR: 4, BINDTODEVICE: 25, MARK: 36 } as const
const IP = { TTL: 2, MTU_DISCOVER: 10, RECVERR: 11 } as const
const IPV6 = { UNICAST_HOPS: 16, MTU_DISCOVER: 23, RECVERR: 25 } as const
const PMTUDISC = { DONT: 0, DO: 2 } as const
const TCP = { REPAIR: 19, REPAIR_QUEUE: 20, QUEUE_SEQ: 21 } as const
const SEND_QUEUE = 2
const REPAIR = { ON: 1, OFF_WITHOUT_PROBE: -1 } as const
const MSG_DONTWAIT = 0x40
const POLLOUT = 4
const AF = { INET: 2, INET6: 10 } as const

type Native = (...args: unknown[]) => number

const library = koffi.load(null)
const declared = new Map<string, Native>()

function native(prototype: string): Native {
  let found = declared.get(prototype)
  if (!found) {
    found = library.func(prototype) as unknown as Native
    declared.set(prototype, found)
  }
  return found
}

/** What a system call said: `ECONNREFUSED`, `EMSGSIZE`. */
export interface Refused {
  readonly errno: string
}

/** What came of a packet that was sent; undefined = nothing yet. */
export type ProbeEvent = 'connected' | Uint8Array | Refused | undefined

/** An ordinary socket that sends one packet; nothing of it blocks. */
export class ProbeSocket {
  readonly #fd: number
  readonly #options: ProbeSocketOptions
  #isOpen = true

  private constructor(fd: number, options: ProbeSocketOptions) {
    this.#fd = fd
    this.#options = options
  }

  /**
   * Opened and bound: its port is known from then on.
   *
   * @throws TsnetError `failed` when the port is in use, `usage` for an address that is not there, `privilege`
   */
  static open(entry: NamespaceEntry, options: ProbeSocketOptions): ProbeSocket {
    const isV6 = isIpv6(options.destination)
    const [type, protocol] = kindOf(options.protocol, isV6)
    const call = native('int socket(int, int, int)')
    const family = isV6 ? AF.INET6 : AF.INET
    const fd = entry.inside(() => checked('socket', call(family, type | SOCK.CLOEXEC_NONBLOCK, protocol)))
    const socket = new ProbeSocket(fd, options)
    try {
      socket.#configure(isV6)
      socket.#bind(isV6)
      return socket
    } catch (error) {
      socket.close()
      throw error
    }
  }

  #configure(isV6: boolean): void {
    const { protocol, link, mark, ttl, df, uid, sequence } = this.#options
    const level = isV6 ? IPPROTO.IPV6 : IPPROTO.IP
    if (link !== undefined) this.#set(SOL_SOCKET, SO.BINDTODEVICE, Buffer.from(`${link}\0`))
    if (mark !== undefined) this.#set(SOL_SOCKET, SO.MARK, mark)
    if (ttl !== undefined) this.#set(level, isV6 ? IPV6.UNICAST_HOPS : IP.TTL, ttl)
    const wantsDf = df ?? protocol === 'tcp'
    this.#set(level, isV6 ? IPV6.MTU_DISCOVER : IP.MTU_DISCOVER, wantsDf ? PMTUDISC.DO : PMTUDISC.DONT)
    this.#set(level, isV6 ? IPV6.RECVERR : IP.RECVERR, 1)
    if (uid !== undefined) fchownSync(this.#fd, uid, -1)
    if (sequence !== undefined) this.#setSequence(sequence)
  }

  /** What checkpoint and restore use, on a socket that is not connected yet (tcp(7), TCP_REPAIR). */
  #setSequence(sequence: number): void {
    this.#set(IPPROTO.TCP, TCP.REPAIR, REPAIR.ON)
    this.#set(IPPROTO.TCP, TCP.REPAIR_QUEUE, SEND_QUEUE)
    this.#set(IPPROTO.TCP, TCP.QUEUE_SEQ, sequence)
    this.#set(IPPROTO.TCP, TCP.REPAIR, REPAIR.OFF_WITHOUT_PROBE)
  }

  #bind(isV6: boolean): void {
    const { source, sourcePort = 0, protocol } = this.#options
    const port = protocol === 'icmp' ? 0 : sourcePort
    const address = encodeAddress({ address: source ?? (isV6 ? '::' : '0.0.0.0'), port })
    const result = native('int bind(int, const void *, uint32_t)')(this.#fd, address, address.length)
    if (result === 0) return
    const code = errnoName()
    if (code === 'EADDRINUSE') {
      throw new TsnetError('failed', `probe: source port ${port}: in use`, { hint: 'Leave --source-port out' })
    }
    if (code === 'EADDRNOTAVAIL') throw new TsnetError('usage', `probe: source address ${source}: not there`)
    throw new TsnetError('failed', `probe: bind: ${code}`)
  }

  #set(level: number, option: number, value: number | Uint8Array): void {
    const bytes = typeof value === 'number' ? new Uint8Array(Uint32Array.of(value).buffer) : value
    const call = native('int setsockopt(int, int, int, const void *, uint32_t)')
    checked('setsockopt', call(this.#fd, level, option, bytes, bytes.length))
  }

  /** The source address is that of the route once it is sent. */
  local(): { readonly address: string; readonly port: number } {
    const bytes = new Uint8Array(28)
    const length = Uint32Array.of(bytes.length)
    checked('getsockname', native('int getsockname(int, void *, void *)')(this.#fd, bytes, length))
    const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
    const isV6 = isIpv6(this.#options.destination)
    return { address: formatIp([...bytes.subarray(isV6 ? 8 : 4, isV6 ? 24 : 8)]), port }
  }

  /** Chooses the route, and with it the source address; TCP sends its SYN. */
  connect(): Refused | undefined {
    const { destination, port } = this.#options
    const address = encodeAddress({ address: destination, port })
    const result = native('int connect(int, const void *, uint32_t)')(this.#fd, address, address.length)
    const errno = result === 0 ? undefined : errnoName()
    return errno === undefined || errno === 'EINPROGRESS' ? undefined : { errno }
  }

  /** Datagrams and echo requests. */
  send(bytes: Uint8Array): Refused | undefined {
    const call = native('intptr_t send(int, const void *, size_t, int)')
    return call(this.#fd, bytes, bytes.length, MSG_DONTWAIT) < 0 ? { errno: errnoName() } : undefined
  }

  /** What came back meanwhile. */
  poll(): ProbeEvent {
    return this.#options.protocol === 'tcp' ? this.#pollConnection() : this.#receive()
  }

  #pollConnection(): ProbeEvent {
    const set = new DataView(new ArrayBuffer(8))
    set.setInt32(0, this.#fd, true)
    set.setInt16(4, POLLOUT, true)
    if (native('int poll(void *, unsigned long, int)')(set, 1, 0) <= 0) return undefined
    const value = new Int32Array(1)
    const call = native('int getsockopt(int, int, int, void *, void *)')
    checked('getsockopt', call(this.#fd, SOL_SOCKET, SO.ERROR, value, Uint32Array.of(4)))
    const [errno = 0] = value
    return errno === 0 ? 'connected' : { errno: errnoName(errno) }
  }

  #receive(): ProbeEvent {
    const bytes = new Uint8Array(4_096)
    const call = native('intptr_t recv(int, void *, size_t, int)')
    const length = call(this.#fd, bytes, bytes.length, MSG_DONTWAIT)
    if (length >= 0) return bytes.subarray(0, length)
    const errno = errnoName()
    return errno === 'EAGAIN' || errno === 'EINTR' ? undefined : { errno }
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#fd)
  }
}

function kindOf(protocol: ProbeSocketOptions['protocol'], isV6: boolean): [type: number, protocol: number] {
  if (protocol === 'tcp') return [SOCK.STREAM, IPPROTO.TCP]
  if (protocol === 'udp') return [SOCK.DGRAM, IPPROTO.UDP]
  return [SOCK.RAW, isV6 ? IPPROTO.ICMPV6 : IPPROTO.ICMP]
}

/** The first name of each: EWOULDBLOCK is EAGAIN. */
const ERRNO_NAMES = new Map(
  Object.entries(constants.errno)
    .map(([name, number]) => [number, name] as const)
    .toReversed(),
)

function errnoName(errno: number = koffi.errno()): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`
}

function checked(call: string, result: number): number {
  if (result >= 0) return result
  const code = errnoName()
  const message = `probe: ${call}: ${code}`
  if (code !== 'EPERM' && code !== 'EACCES') throw new TsnetError('failed', message)
  throw new TsnetError('privilege', message, {
    hint: 'needs CAP_NET_RAW and CAP_NET_ADMIN: run as root, or with --cap-add NET_RAW --cap-add NET_ADMIN',
  })
}
