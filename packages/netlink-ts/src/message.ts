import { AttributeCursor, Attributes } from './attribute.ts'
import { malformed, NetlinkError } from './error.ts'
import { s32, u16, u32 } from './reader.ts'
import { Writer } from './writer.ts'

/** linux/netlink.h */
export const NLMSG_HDRLEN = 16
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const
export const NLM_F = {
  REQUEST: 0x01,
  MULTI: 0x02,
  ACK: 0x04,
  ECHO: 0x08,
  DUMP_INTR: 0x10,
  DUMP_FILTERED: 0x20,
  ROOT: 0x100,
  MATCH: 0x200,
  ATOMIC: 0x400,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** On NLMSG_ERROR: the request is not echoed, on NLMSG_ERROR/DONE: extended-ack attributes follow. */
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const
const NLMSGERR_ATTR = { MSG: 1, OFFS: 2 } as const

/**
 * One message inside a datagram. `bytes` is the whole datagram (not a copy); the payload goes from
 * `start` to `end`.
 */
export interface Message {
  readonly type: number
  /** NLM_F_* */
  readonly flags: number
  readonly sequence: number
  readonly portId: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** Each message of a datagram of `length` bytes. Throws `malformed` on any length that does not fit. */
export function* messages(bytes: Uint8Array, length = bytes.length): Generator<Message> {
  for (let at = 0; at < length; ) {
    const message = messageAt(bytes, at, length)
    yield message
    at += (message.end - at + 3) & ~3
  }
}

/** The message whose header is at `at`. */
export function messageAt(bytes: Uint8Array, at: number, length = bytes.length): Message {
  if (at + NLMSG_HDRLEN > length) throw malformed(`message header: ${length - at} bytes left, needs ${NLMSG_HDRLEN}`)
  const size = u32(bytes, at)
  if (size < NLMSG_HDRLEN || at + size > length) {
    throw malformed(`message at offset ${at}: length ${size}, ${length - at} bytes left`)
  }
  return {
    type: u16(bytes, at + 4),
    flags: u16(bytes, at + 6),
    sequence: u32(bytes, at + 8),
    portId: u32(bytes, at + 12),
    bytes,
    start: at + NLMSG_HDRLEN,
    end: at + size,
  }
}

/** The attributes behind a fixed header of `headerLength` bytes. */
export function attributesOf(message: Message, headerLength: number): Attributes {
  if (message.end - message.start < headerLength) {
    throw malformed(`message type ${message.type}: ${message.end - message.start} bytes, needs ${headerLength}`)
  }
  return new Attributes(message.bytes, message.start + ((headerLength + 3) & ~3), message.end)
}

/** The same, to be walked once. */
export function cursorOf(message: Message, headerLength: number): AttributeCursor {
  if (message.end - message.start < headerLength) {
    throw malformed(`message type ${message.type}: ${message.end - message.start} bytes, needs ${headerLength}`)
  }
  return new AttributeCursor(message.bytes, message.start + ((headerLength + 3) & ~3), message.end)
}

export interface MessageOptions {
  readonly sequence?: number
  readonly portId?: number
  /** Writes the family's fixed header and the attributes. */
  readonly fill?: ((writer: Writer) => void) | undefined
}

/** A whole message: header, then what `fill` writes. */
export function encodeMessage(type: number, flags: number, options: MessageOptions = {}): Uint8Array {
  return writeMessage(new Writer(), type, flags, options).finish()
}

/** Adds a whole message, padded to the next one. Its length does not count the padding. */
export function writeMessage(writer: Writer, type: number, flags: number, options: MessageOptions = {}): Writer {
  const start = writer.length
  writer
    .u32(0)
    .u16(type)
    .u16(flags)
    .u32(options.sequence ?? 0)
    .u32(options.portId ?? 0)
  options.fill?.(writer)
  return writer.patchU32(start, writer.length - start).pad()
}

/**
 * What NLMSG_ERROR (or the end of a dump, NLMSG_DONE) says: undefined for success, else the kernel's error
 * with errno, extended-ack text and offset. `operation` begins its message.
 */
export function errorOf(message: Message, operation: string): NetlinkError | undefined {
  if (message.end - message.start < 4)
    return message.type === NLMSG.DONE ? undefined : malformed('error message: no errno')
  const errno = -s32(message.bytes, message.start)
  if (errno <= 0) return undefined
  const { text, offset } = extendedAck(message)
  return new NetlinkError(
    'kernel',
    `${operation}: ${text ?? errnoText(errno)}${text ? ` (${errnoText(errno)})` : ''}`,
    {
      errno,
      ...(text === undefined ? {} : { extAck: text }),
      ...(offset === undefined ? {} : { offset }),
    },
  )
}

/** Warning or error text and refused offset of NLMSG_ERROR / NLMSG_DONE with NLM_F_ACK_TLVS. */
export function extendedAck(message: Message): { text?: string; offset?: number } {
  if (!(message.flags & NLM_F.ACK_TLVS)) return {}
  const echoed = message.type === NLMSG.DONE ? 0 : echoedLength(message)
  const attributes = new Attributes(message.bytes, Math.min(message.start + 4 + echoed, message.end), message.end)
  const text = attributes.string(NLMSGERR_ATTR.MSG)
  const offset = attributes.u32(NLMSGERR_ATTR.OFFS)
  return { ...(text === undefined ? {} : { text }), ...(offset === undefined ? {} : { offset }) }
}

/** Bytes of the request that NLMSG_ERROR repeats: its header, and all of it unless NLM_F_CAPPED. */
function echoedLength(message: Message): number {
  if (message.flags & NLM_F.CAPPED) return NLMSG_HDRLEN
  if (message.end - message.start < 4 + NLMSG_HDRLEN) throw malformed('error message: the request is not repeated')
  return (u32(message.bytes, message.start + 4) + 3) & ~3
}

/** errno.h, the ones that netlink families answer with. */
const ERRNO: Record<number, string> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  19: 'ENODEV',
  22: 'EINVAL',
  24: 'EMFILE',
  23: 'ENFILE',
  28: 'ENOSPC',
  34: 'ERANGE',
  61: 'ENODATA',
  62: 'ETIME',
  71: 'EPROTO',
  75: 'EOVERFLOW',
  90: 'EMSGSIZE',
  93: 'EPROTONOSUPPORT',
  94: 'ESOCKTNOSUPPORT',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  105: 'ENOBUFS',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  113: 'EHOSTUNREACH',
}

/** `ENOENT`, or `errno 4711`. */
export function errnoText(errno: number): string {
  return ERRNO[errno] ?? `errno ${errno}`
}
