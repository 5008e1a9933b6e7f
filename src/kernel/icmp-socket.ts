import { randomInt } from 'node:crypto'
import { closeSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { formatAddress } from 'netlink-ts'
import { messageOf, TsnetError } from '../errors.ts'
import type { NamespaceEntry } from './namespace-sockets.ts'
import { encodeAddress, isIpv6 } from './socket-calls.ts'

/** sys/socket.h, netinet/in.h, linux/in6.h, linux/icmp.h, linux/icmpv6.h on Linux. */
const AF = { INET: 2, INET6: 10 } as const
const SOCK = { DGRAM: 2, RAW: 3, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const
const IPPROTO = { ICMP: 1, ICMPV6: 58 } as const
const SOL = { IP: 0, SOCKET: 1, IPV6: 41, ICMPV6: 58, RAW: 255 } as const
const SO_TIMESTAMPNS = 35
const IP = { TOS: 1, TTL: 2, MTU_DISCOVER: 10, RECVERR: 11, RECVTTL: 12 } as const
const IPV6 = {
  UNICAST_HOPS: 16,
  MTU_DISCOVER: 23,
  RECVERR: 25,
  RECVHOPLIMIT: 51,
  HOPLIMIT: 52,
  DONTFRAG: 62,
  TCLASS: 67,
} as const
/** IP_PMTUDISC_DO: DF, and what is known of the path counts. IP_PMTUDISC_PROBE: DF, and only the link's MTU counts. */
const PMTUDISC = { do: 2, probe: 3 } as const
const ICMP_FILTER = 1
const MSG = { ERRQUEUE: 0x2000, DONTWAIT: 0x40 } as const
const CLOCK_REALTIME = 0

/** RFC 792, RFC 4443: type, code, checksum, identifier, sequence number. */
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const
const HEADER_BYTES = 8
/** struct cmsghdr on a 64-bit machine: length, level, type. */
const CMSG_BYTES = 16
/** linux/errqueue.h: struct sock_extended_err, behind which is the address of who reports it. */
const EXTENDED_ERR_BYTES = 16
const ORIGIN_LOCAL = 1
const LARGEST_PACKET = 65_535

export interface IcmpSocketOptions {
  /** Sets DF: `do` respects what the kernel knows of the path already, `probe` only the link's MTU. */
  readonly df?: keyof typeof PMTUDISC
  readonly ttl?: number
  /** DSCP and ECN bits, 0 to 255. */
  readonly tos?: number
}

export type IcmpEvent =
  | {
      readonly kind: 'reply'
      readonly sequence: number
      /** Epoch milliseconds at which the kernel received it. */
      readonly atMs: number
      /** Of the ICMP message. */
      readonly bytes: number
      readonly ttl?: number
    }
  | {
      readonly kind: 'error'
      /** Absent for what our own kernel refuses. */
      readonly sequence?: number
      /** EHOSTUNREACH, EMSGSIZE… */
      readonly code: string
      /** The router or host that says so; absent = our own kernel. */
      readonly from?: string
      /** That would fit, for EMSGSIZE. */
      readonly mtu?: number
    }

type Native = (...args: unknown[]) => number

interface Calls {
  readonly socket: Native
  readonly connect: Native
  readonly setsockopt: Native
  readonly send: Native
  readonly recvmsg: Native
  readonly gettime: Native
}

let calls: Calls | undefined

/** Declared at first use, so that a program without such sockets pays nothing. */
function native(): Calls {
  if (calls) return calls
  const library = koffi.load(null)
  const iovec = koffi.struct({ base: 'void *', length: 'size_t' })
  const message = koffi.struct({
    name: 'void *',
    nameLength: 'uint32_t',
    pieces: koffi.pointer(iovec),
    pieceCount: 'size_t',
    control: 'void *',
    controlLength: 'size_t',
    flags: 'int',
  })
  calls = {
    socket: library.func('int socket(int, int, int)') as unknown as Native,
    connect: library.func('int connect(int, const void *, uint32_t)') as unknown as Native,
    setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)') as unknown as Native,
    send: library.func('intptr_t send(int, const void *, size_t, int)') as unknown as Native,
    recvmsg: library.func('recvmsg', 'intptr_t', [
      'int',
      koffi.inout(koffi.pointer(message)),
      'int',
    ]) as unknown as Native,
    gettime: library.func('int clock_gettime(int, void *)') as unknown as Native,
  }
  return calls
}

/** Epoch milliseconds by the clock that the kernel stamps packets with. */
export function wallClockMs(): number {
  const time = Buffer.alloc(16)
  native().gettime(CLOCK_REALTIME, time)
  return timespecMs(time, 0)
}

function timespecMs(bytes: Buffer, at: number): number {
  return Number(bytes.readBigInt64LE(at)) * 1000 + Number(bytes.readBigInt64LE(at + 8)) / 1e6
}

/**
 * Echo requests to one address, replies with the kernel's time of arrival, and the errors that routers send back, from
 * within a namespace. A ping socket (icmp(7)) where net.ipv4.ping_group_range lets us, else a raw one. Never blocks:
 * ask it again after a while, since the time of arrival does not depend on when it is asked.
 */
export class IcmpSocket {
  readonly #fd: number
  readonly #family: 4 | 6
  readonly #isRaw: boolean
  readonly #identifier = randomInt(0x1_0000)
  readonly #data = Buffer.alloc(LARGEST_PACKET)
  readonly #control = Buffer.alloc(512)

  private constructor(fd: number, family: 4 | 6, isRaw: boolean) {
    this.#fd = fd
    this.#family = family
    this.#isRaw = isRaw
  }

  /** @throws TsnetError `privilege` without CAP_NET_RAW; one whose cause has a `code`: ENETUNREACH… */
  static open(entry: NamespaceEntry, address: string, options: IcmpSocketOptions = {}): IcmpSocket {
    const family = isIpv6(address) ? 6 : 4
    const { fd, isRaw } = entry.inside(() => openEither(family, address))
    try {
      configure(fd, { family, isRaw, options })
      const to = encodeAddress({ address, port: 0 })
      checked(`ping ${address}`, native().connect(fd, to, to.length))
    } catch (error) {
      closeSync(fd)
      throw error
    }
    return new IcmpSocket(fd, family, isRaw)
  }

  /**
   * Sends an echo request.
   * @param sequence 0 to 65535
   * @returns the code of the system call's error (EMSGSIZE, ENETUNREACH…); undefined when it was sent
   */
  send(sequence: number, payload: Uint8Array): string | undefined {
    const message = Buffer.alloc(HEADER_BYTES + payload.length)
    message[0] = ECHO[this.#family].request
    message.writeUInt16BE(this.#identifier, 4)
    message.writeUInt16BE(sequence, 6)
    message.set(payload, HEADER_BYTES)
    // for IPv6, and of a ping socket, the kernel does it
    if (this.#isRaw && this.#family === 4) message.writeUInt16BE(checksum(message), 2)
    if (native().send(this.#fd, message, message.length, 0) >= 0) return undefined
    return getSystemErrorName(-koffi.errno())
  }

  /** What has come; undefined = nothing (more). */
  receive(): IcmpEvent | undefined {
    for (;;) {
      const errorBytes = this.#recvmsg(MSG.ERRQUEUE)
      if (errorBytes !== undefined) {
        const event = this.#errorEvent(errorBytes)
        if (event) return event
        continue
      }
      const bytes = this.#recvmsg(0)
      if (bytes === undefined) return undefined
      const event = this.#replyEvent(bytes)
      if (event) return event
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #recvmsg(flags: number): Received | undefined {
    const message = {
      name: null,
      nameLength: 0,
      pieces: [{ base: this.#data, length: this.#data.length }],
      pieceCount: 1,
      control: this.#control,
      controlLength: this.#control.length,
      flags: 0,
    }
    const length = native().recvmsg(this.#fd, message, flags | MSG.DONTWAIT)
    // an error that is pending is in the error queue as well
    if (length < 0) return undefined
    return { data: this.#data.subarray(0, length), control: this.#control.subarray(0, message.controlLength) }
  }

  #replyEvent({ data, control }: Received): IcmpEvent | undefined {
    const hasIpHeader = this.#isRaw && this.#family === 4
    const at = hasIpHeader ? ((data[0] ?? 0) & 0xf) * 4 : 0
    if (data.length < at + HEADER_BYTES || data[at] !== ECHO[this.#family].reply) return undefined
    // a raw socket hears the replies to everybody
    if (this.#isRaw && data.readUInt16BE(at + 4) !== this.#identifier) return undefined
    const found = [...controlsOf(control)]
    const stamp = found.find(({ level, type }) => level === SOL.SOCKET && type === SO_TIMESTAMPNS)
    const hops = found.find(
      ({ level, type }) => (level === SOL.IP && type === IP.TTL) || (level === SOL.IPV6 && type === IPV6.HOPLIMIT),
    )
    return {
      kind: 'reply',
      sequence: data.readUInt16BE(at + 6),
      atMs: stamp ? timespecMs(stamp.bytes, 0) : wallClockMs(),
      bytes: data.length - at,
      ...(hops ? { ttl: hops.bytes.readInt32LE(0) } : {}),
    }
  }

  #errorEvent({ data, control }: Received): IcmpEvent | undefined {
    const found = [...controlsOf(control)].find(
      ({ level, type }) => (level === SOL.IP && type === IP.RECVERR) || (level === SOL.IPV6 && type === IPV6.RECVERR),
    )
    if (!found || found.bytes.length < EXTENDED_ERR_BYTES) return undefined
    const { bytes } = found
    const code = getSystemErrorName(-bytes.readUInt32LE(0))
    const mtu = code === 'EMSGSIZE' ? { mtu: bytes.readUInt32LE(8) } : {}
    if (bytes[4] === ORIGIN_LOCAL) return { kind: 'error', code, ...mtu }
    // what is quoted begins with the header of the request
    const isOurs = data.length >= HEADER_BYTES && data[0] === ECHO[this.#family].request
    if (this.#isRaw && (!isOurs || data.readUInt16BE(4) !== this.#identifier)) return undefined
    const from = offenderOf(bytes)
    return {
      kind: 'error',
      code,
      ...(isOurs ? { sequence: data.readUInt16BE(6) } : {}),
      ...(from === undefined ? {} : { from }),
      ...mtu,
    }
  }
}

interface Received {
  readonly data: Buffer
  readonly control: Buffer
}

function openEither(family: 4 | 6, address: string): { readonly fd: number; readonly isRaw: boolean } {
  const domain = family === 6 ? AF.INET6 : AF.INET
  const protocol = family === 6 ? IPPROTO.ICMPV6 : IPPROTO.ICMP
  const flags = SOCK.NONBLOCK | SOCK.CLOEXEC
  const fd = native().socket(domain, SOCK.DGRAM | flags, protocol)
  if (fd >= 0) return { fd, isRaw: false }
  return { fd: checked(`ping ${address}`, native().socket(domain, SOCK.RAW | flags, protocol)), isRaw: true }
}

interface Configured {
  readonly family: 4 | 6
  readonly isRaw: boolean
  readonly options: IcmpSocketOptions
}

function configure(fd: number, { family, isRaw, options: { df, ttl, tos } }: Configured): void {
  const set = (level: number, option: number, value: number): void => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    checked('setsockopt', native().setsockopt(fd, level, option, bytes, bytes.length))
  }
  set(SOL.SOCKET, SO_TIMESTAMPNS, 1)
  if (family === 4) {
    set(SOL.IP, IP.RECVERR, 1)
    set(SOL.IP, IP.RECVTTL, 1)
    if (df) set(SOL.IP, IP.MTU_DISCOVER, PMTUDISC[df])
    if (ttl !== undefined) set(SOL.IP, IP.TTL, ttl)
    if (tos !== undefined) set(SOL.IP, IP.TOS, tos)
    if (isRaw) set(SOL.RAW, ICMP_FILTER, ~(1 << ECHO[4].reply))
    return
  }
  set(SOL.IPV6, IPV6.RECVERR, 1)
  set(SOL.IPV6, IPV6.RECVHOPLIMIT, 1)
  if (df) {
    set(SOL.IPV6, IPV6.MTU_DISCOVER, PMTUDISC[df])
    set(SOL.IPV6, IPV6.DONTFRAG, 1)
  }
  if (ttl !== undefined) set(SOL.IPV6, IPV6.UNICAST_HOPS, ttl)
  if (tos !== undefined) set(SOL.IPV6, IPV6.TCLASS, tos)
}

interface ControlMessage {
  readonly level: number
  readonly type: number
  readonly bytes: Buffer
}

/** cmsg(3) on a 64-bit machine. */
function* controlsOf(control: Buffer): Generator<ControlMessage> {
  for (let at = 0; at + CMSG_BYTES <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at))
    if (length < CMSG_BYTES || at + length > control.length) return
    const bytes = control.subarray(at + CMSG_BYTES, at + length)
    yield { level: control.readInt32LE(at + 8), type: control.readInt32LE(at + 12), bytes }
    at += (length + 7) & ~7
  }
}

/** SO_EE_OFFENDER: a struct sockaddr_in or sockaddr_in6. */
function offenderOf(bytes: Buffer): string | undefined {
  const address = bytes.subarray(EXTENDED_ERR_BYTES)
  const family = address.length >= 2 ? address.readUInt16LE(0) : 0
  if (family === AF.INET && address.length >= 8) return formatAddress(address, 4, 4)
  if (family === AF.INET6 && address.length >= 24) return formatAddress(address, 8, 16)
  return undefined
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function checked(what: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  const code = getSystemErrorName(-errno)
  const cause = Object.assign(new Error(code), { errno: -errno, code })
  const isDenied = code === 'EPERM' || code === 'EACCES'
  throw isDenied && what !== 'setsockopt'
    ? new TsnetError('privilege', `${what}: ${messageOf(cause)}`, { cause, hint: 'needs CAP_NET_RAW: run as root' })
    : new TsnetError('failed', `${what}: ${messageOf(cause)}`, { cause })
}
