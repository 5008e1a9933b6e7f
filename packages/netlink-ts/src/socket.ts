import { DumpMemory, type DumpPart } from './dump-memory.ts'
import { NetlinkError } from './error.ts'
import * as libc from './libc.ts'
import { errnoText, errorOf, type Message, messageAt, NLM_F, NLMSG, NLMSG_HDRLEN, writeMessage } from './message.ts'
import { inNamespace, type NamespaceTarget } from './namespace.ts'
import { u16, u32 } from './reader.ts'
import { Writer } from './writer.ts'

/** linux/netlink.h: protocols. */
export const NETLINK = {
  ROUTE: 0,
  SOCK_DIAG: 4,
  XFRM: 6,
  NETFILTER: 12,
  KOBJECT_UEVENT: 15,
  GENERIC: 16,
} as const

/** linux/netlink.h: socket options, level SOL_NETLINK. */
const OPTION = {
  ADD_MEMBERSHIP: 1,
  DROP_MEMBERSHIP: 2,
  LISTEN_ALL_NSID: 8,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
} as const

/** Larger than any datagram of a dump (at most 32 KiB) and than any single object seen. */
const RECEIVE_BYTES = 256 * 1024
const DUMP_ATTEMPTS = 64
/** Their acknowledgements fit into a receive queue of the default size (some 270 do) before any of them is read. */
const BATCH_REQUESTS = 128

export interface SocketOptions {
  /** Opened in this namespace; absent = the caller's. */
  readonly namespace?: NamespaceTarget
  /** Multicast groups by number (RTNLGRP_*, NFNLGRP_*…). */
  readonly groups?: readonly number[]
  /** NETLINK_GET_STRICT_CHK: dumps honour their filters, unknown header bits are refused. Default true. */
  readonly strict?: boolean
  /** NETLINK_LISTEN_ALL_NSID: notifications of all namespaces that have an nsid here. */
  readonly listenAllNsid?: boolean
  /** Receive buffer in bytes: SO_RCVBUFFORCE, or SO_RCVBUF without CAP_NET_ADMIN. */
  readonly receiveBuffer?: number
  /** How long an answer may take before `timeout` is thrown. Default 10 s. */
  readonly timeoutMs?: number
  /**
   * Keeps the bytes of each dump's answer: an answer that has not changed is not decoded again but is the same array, so
   * nobody may change what a dump gave. For who asks again and again. Default false.
   */
  readonly remember?: boolean
}

export interface DumpRequest extends Request {
  /**
   * Takes out of the message between two offsets what changes by itself and does not count, as ages do, before it is
   * compared with what is remembered and before it is decoded.
   */
  readonly settle?: (bytes: Uint8Array, start: number, end: number) => void
}

/** One request of a {@link NetlinkSocket.batch}. */
export interface Request {
  readonly type: number
  /** In addition to NLM_F_REQUEST | NLM_F_ACK. */
  readonly flags?: number
  /** Writes the fixed header and the attributes. */
  readonly fill?: (writer: Writer) => void
}

const spareBuffers: Uint8Array[] = []
/** One is enough, unless a request's `fill` asks the kernel for something itself. */
const spareWriters: Writer[] = []

/**
 * A netlink socket: synchronous requests and dumps, or (with `groups`) a source of notifications.
 * Extended acks are always on. Every method throws {@link NetlinkError}.
 */
export class NetlinkSocket {
  readonly fd: number
  readonly protocol: number
  #sequence = 0
  #open = true
  #bound = false
  /** Of dumps that are remembered: always the same, or no answer would have the bytes of the one before. */
  #dumpSequence = 0
  #memories: DumpMemory<unknown>[] | undefined

  constructor(protocol: number, options: SocketOptions = {}) {
    this.protocol = protocol
    const { namespace } = options
    if (options.remember) this.#memories = []
    this.fd = namespace ? inNamespace(namespace, () => openSocket(protocol)) : openSocket(protocol)
    try {
      this.#configure(options)
    } catch (error) {
      this.close()
      throw error
    }
  }

  #configure(options: SocketOptions): void {
    this.setTimeout(options.timeoutMs ?? 10_000)
    // Options that an old kernel does not know only make its answers less precise.
    setNetlinkOption(this.fd, OPTION.EXT_ACK, 1)
    setNetlinkOption(this.fd, OPTION.CAP_ACK, 1)
    if (options.strict ?? true) setNetlinkOption(this.fd, OPTION.GET_STRICT_CHK, 1)
    if (options.receiveBuffer !== undefined) setReceiveBuffer(this.fd, options.receiveBuffer)
    if (options.listenAllNsid) {
      libc.checked('listen to all namespaces', setNetlinkOption(this.fd, OPTION.LISTEN_ALL_NSID, 1))
    }
    for (const group of options.groups ?? []) this.join(group)
  }

  /** How long an answer may take, in milliseconds. */
  setTimeout(timeoutMs: number): void {
    const value = new Writer()
      .u64(Math.floor(timeoutMs / 1000))
      .u64((timeoutMs % 1000) * 1000)
      .finish()
    libc.checked('set receive timeout', libc.setsockopt(this.fd, libc.SOL.SOCKET, libc.SO.RCVTIMEO, value))
  }

  /** Subscribes to a multicast group by number. */
  join(group: number): void {
    this.#bind()
    libc.checked(`join group ${group}`, setNetlinkOption(this.fd, OPTION.ADD_MEMBERSHIP, group))
  }

  /**
   * The kernel leaves out sockets with port id 0 when it notifies a group, and a socket has 0 until it sends or is
   * bound; binding later would leave the groups again.
   */
  #bind(): void {
    if (this.#bound) return
    this.#bound = true
    if (portIdOf(this) !== 0) return
    libc.checked('bind', libc.bind(this.fd, new Writer().u16(libc.AF.NETLINK).zeros(10).finish()))
  }

  leave(group: number): void {
    libc.checked(`leave group ${group}`, setNetlinkOption(this.fd, OPTION.DROP_MEMBERSHIP, group))
  }

  /**
   * Sends one request and waits for its acknowledgement. `decode` sees each message that answers it; the
   * message's bytes are valid only during the call. Returns what `decode` gave.
   */
  request<T = never>(request: Request, decode?: (message: Message) => T): T[] {
    const sequence = this.#send([request])
    const results: T[] = []
    this.#receive((message) => {
      if (message.sequence !== sequence) return false
      if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) {
        const error = errorOf(message, `request ${request.type}`)
        if (error) throw error
        return true
      }
      if (decode) results.push(decode(message))
      return false
    })
    return results
  }

  /**
   * Sends many requests, {@link BATCH_REQUESTS} in one datagram; the kernel carries them out in order. Returns an
   * error or undefined for each, in the same order: a failure does not keep the later ones from being tried.
   */
  batch(requests: readonly Request[]): (NetlinkError | undefined)[] {
    const results: (NetlinkError | undefined)[] = []
    for (let at = 0; at < requests.length; at += BATCH_REQUESTS) {
      results.push(...this.#batchOnce(requests.slice(at, at + BATCH_REQUESTS)))
    }
    return results
  }

  #batchOnce(requests: readonly Request[]): (NetlinkError | undefined)[] {
    const first = this.#send(requests)
    const results: (NetlinkError | undefined)[] = new Array(requests.length)
    let missing = requests.length
    this.#receive((message) => {
      const position = message.sequence - first
      if (message.type !== NLMSG.ERROR || position < 0 || position >= requests.length) return false
      results[position] = errorOf(message, `request ${requests[position]?.type}`)
      missing--
      return missing === 0
    })
    return results
  }

  /**
   * All objects of a kind: sends a dump request and gives what `decode` made of each message (undefined is
   * left out). A dump that the kernel marks as inconsistent (NLM_F_DUMP_INTR) is repeated from the start.
   * The message's bytes are valid only during the call of `decode`.
   */
  dump<T>(request: DumpRequest, decode: (message: Message) => T | undefined): T[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const results = this.#memories ? this.#dumpAgain(request, decode) : this.#dumpOnce(request, decode)
      if (results) return results
    }
    throw new NetlinkError('interrupted', `dump ${request.type}: changed while it was read, ${DUMP_ATTEMPTS} times`)
  }

  #dumpOnce<T>(request: DumpRequest, decode: (message: Message) => T | undefined): T[] | undefined {
    const sequence = ++this.#sequence
    this.#sendWritten((writer) => writeDump(writer, request, sequence))
    const parts = receiveParts((buffer) => {
      return readPart({ bytes: buffer, length: this.receiveInto(buffer), sequence }, request, decode)
    })
    return isConsistent(parts) ? parts.flatMap(({ items }) => items) : undefined
  }

  #dumpAgain<T>(request: DumpRequest, decode: (message: Message) => T | undefined): T[] | undefined {
    const sequence = this.#dumpSequence || this.#renewDumpSequence()
    const memory = this.#sendWritten((writer) => {
      writeDump(writer, request, sequence)
      return this.#memoryOf(writer.view(), decode)
    })
    try {
      let position = 0
      const parts = receiveParts((buffer) => {
        const length = this.receiveInto(buffer)
        settleAll(buffer, length, request)
        return (
          memory.partAt(position++, buffer, length) ?? {
            ...readPart({ bytes: buffer, length, sequence }, request, decode),
            bytes: Buffer.from(buffer.subarray(0, length)),
          }
        )
      })
      return isConsistent(parts) ? memory.keep(parts) : undefined
    } catch (error) {
      // what is left of the answer must not be taken for the beginning of the next
      this.#renewDumpSequence()
      throw error
    }
  }
  #renewDumpSequence(): number {
    if (this.#memories) this.#memories = []
    this.#dumpSequence = ++this.#sequence
    return this.#dumpSequence
  }

  #memoryOf<T>(request: Uint8Array, decode: (message: Message) => T | undefined): DumpMemory<T> {
    let memory = this.#memories?.find((one) => one.isOf(request, decode))
    if (!memory) {
      memory = new DumpMemory(request, decode)
      this.#memories?.push(memory)
    }
    return memory as DumpMemory<T>
  }

  /** Sequence number of the first request; the others follow it. */
  #send(requests: readonly Request[]): number {
    const first = this.#sequence + 1
    this.#sequence += requests.length
    this.#sendWritten((writer) => {
      requests.forEach(({ type, flags = 0, fill }, position) => {
        writeMessage(writer, type, NLM_F.REQUEST | NLM_F.ACK | flags, { sequence: first + position, fill })
      })
    })
    return first
  }

  /** Gives what `write` gave. */
  #sendWritten<T>(write: (writer: Writer) => T): T {
    const writer = spareWriters.pop() ?? new Writer()
    try {
      const result = write(writer.reset())
      this.sendRaw(writer.view())
      return result
    } finally {
      spareWriters.push(writer)
    }
  }

  /** Sends a datagram that is already encoded. */
  sendRaw(datagram: Uint8Array): void {
    libc.checked('send', libc.send(this.fd, datagram))
  }

  /** Feeds each received message to `take` until it returns true. */
  #receive(take: (message: Message) => boolean): void {
    withBuffer((buffer) => {
      while (!takeAll(buffer, this.receiveInto(buffer), take)) {}
    })
  }

  /**
   * Waits for one datagram and gives its length in bytes.
   * Throws `timeout`, `overrun` (notifications were lost), or `truncated` when `buffer` is too small.
   */
  receiveInto(buffer: Uint8Array, flags = 0): number {
    for (;;) {
      const length = libc.recv(this.fd, buffer, flags | libc.MSG.TRUNC)
      if (length > buffer.length) {
        throw new NetlinkError('truncated', `receive: datagram of ${length} bytes, buffer has ${buffer.length}`)
      }
      if (length >= 0) return length
      const errno = libc.errno()
      if (errno !== libc.ERRNO.EINTR) throw receiveError(errno)
    }
  }

  /** Idempotent. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    libc.close(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function withBuffer<T>(action: (buffer: Uint8Array) => T): T {
  const buffer = spareBuffers.pop() ?? new Uint8Array(RECEIVE_BYTES)
  try {
    return action(buffer)
  } finally {
    spareBuffers.push(buffer)
  }
}

function writeDump(writer: Writer, { type, flags = 0, fill }: Request, sequence: number): void {
  writeMessage(writer, type, NLM_F.REQUEST | NLM_F.DUMP | flags, { sequence, fill })
}

/**
 * The parts of a dump's answer, to the last. All are read even when one is not understood: what stays would answer the
 * next request.
 */
function receiveParts<Part extends DumpPart<unknown>>(next: (buffer: Uint8Array) => Part): Part[] {
  return withBuffer((buffer) => {
    const parts: Part[] = []
    for (;;) {
      const part = next(buffer)
      parts.push(part)
      if (part.last) return parts
    }
  })
}

/** False when the table changed meanwhile. Throws what went wrong in a part. */
function isConsistent(parts: readonly DumpPart<unknown>[]): boolean {
  if (parts.some(({ interrupted }) => interrupted)) return false
  const failed = parts.find(({ failure }) => failure)
  if (failed) throw failed.failure
  return true
}

interface Received {
  readonly bytes: Uint8Array
  readonly length: number
  /** Other messages answer somebody else. */
  readonly sequence: number
}

function readPart<T>(
  { bytes, length, sequence }: Received,
  { type }: Request,
  decode: (message: Message) => T | undefined,
): DumpPart<T> {
  const items: T[] = []
  let interrupted = false
  let failure: unknown
  const last = takeAll(bytes, length, (message) => {
    if (message.sequence !== sequence) return false
    if (message.flags & NLM_F.DUMP_INTR) interrupted = true
    if (message.type === NLMSG.DONE || message.type === NLMSG.ERROR) {
      failure ??= errorOf(message, `dump ${type}`)
      return true
    }
    failure ??= attempt(() => {
      const item = decode(message)
      if (item !== undefined) items.push(item)
    })
    return false
  })
  return { items, last, interrupted, failure }
}

/** Stops where a length does not fit: who decodes it tells. */
function settleAll(bytes: Uint8Array, length: number, { settle }: DumpRequest): void {
  if (!settle) return
  for (let at = 0; at + NLMSG_HDRLEN <= length; ) {
    const end = at + u32(bytes, at)
    if (end < at + NLMSG_HDRLEN || end > length) return
    if (u16(bytes, at + 4) > NLMSG.OVERRUN) attempt(() => settle(bytes, at + NLMSG_HDRLEN, end))
    at = (end + 3) & ~3
  }
}

function takeAll(buffer: Uint8Array, length: number, take: (message: Message) => boolean): boolean {
  for (let at = 0; at < length; ) {
    const message = messageAt(buffer, at, length)
    if (take(message)) return true
    at += (message.end - at + 3) & ~3
  }
  return false
}

function attempt(action: () => void): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}

function receiveError(errno: number): NetlinkError {
  if (errno === libc.ERRNO.EAGAIN) return new NetlinkError('timeout', 'receive: no answer in time', { errno })
  if (errno === libc.ERRNO.ENOBUFS) return new NetlinkError('overrun', 'receive: notifications were lost', { errno })
  return new NetlinkError('system', `receive: ${errnoText(errno)}`, { errno })
}

function openSocket(protocol: number): number {
  const fd = libc.socket(libc.AF.NETLINK, libc.SOCK.RAW | libc.SOCK.CLOEXEC, protocol)
  if (fd >= 0) return fd
  const errno = libc.errno()
  throw new NetlinkError(
    errno === 93 ? 'unsupported' : 'system',
    `open netlink socket, protocol ${protocol}: ${errnoText(errno)}`,
    {
      errno,
    },
  )
}

const optionValue = new Uint32Array(1)
const optionBytes = new Uint8Array(optionValue.buffer)

function setNetlinkOption(fd: number, option: number, value: number): number {
  optionValue[0] = value
  return libc.setsockopt(fd, libc.SOL.NETLINK, option, optionBytes)
}

function setReceiveBuffer(fd: number, size: number): void {
  const value = new Writer().u32(size).finish()
  if (libc.setsockopt(fd, libc.SOL.SOCKET, libc.SO.RCVBUFFORCE, value) === 0) return
  libc.checked('set receive buffer', libc.setsockopt(fd, libc.SOL.SOCKET, libc.SO.RCVBUF, value))
}

/** Port id (nl_pid) that the kernel gave the socket. */
export function portIdOf(socket: NetlinkSocket): number {
  const address = new Uint8Array(12)
  const length = new Uint8Array(Uint32Array.of(address.length).buffer)
  libc.checked('read port id', libc.getsockname(socket.fd, address, length))
  return u32(address, 4)
}
