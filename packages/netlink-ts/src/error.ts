/**
 * What went wrong:
 * - `malformed`: the bytes are not what the protocol says (bad length, missing field, truncated)
 * - `kernel`: the kernel answered with an errno
 * - `system`: a system call failed before the kernel's netlink code saw the request
 * - `truncated`: a datagram was larger than the receive buffer
 * - `timeout`: no answer in time
 * - `interrupted`: a dump was inconsistent (NLM_F_DUMP_INTR) as often as we were ready to repeat it
 * - `overrun`: the socket's receive queue overflowed (ENOBUFS); notifications were lost
 * - `unsupported`: this kernel lacks the family or protocol
 * - `usage`: the library was called with something that cannot be sent
 */
export type NetlinkErrorCode =
  | 'malformed'
  | 'kernel'
  | 'system'
  | 'truncated'
  | 'timeout'
  | 'interrupted'
  | 'overrun'
  | 'unsupported'
  | 'usage'

export interface NetlinkErrorDetail {
  /** Positive errno, e.g. 2 for ENOENT. */
  readonly errno?: number
  /** Kernel's extended-ack text (NLMSGERR_ATTR_MSG). */
  readonly extAck?: string
  /** Offset in bytes into the request of the attribute that the kernel refused (NLMSGERR_ATTR_OFFS). */
  readonly offset?: number
  readonly cause?: unknown
}

/** The only error this library throws. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError'
  readonly code: NetlinkErrorCode
  readonly errno: number | undefined
  readonly extAck: string | undefined
  readonly offset: number | undefined

  constructor(code: NetlinkErrorCode, message: string, detail: NetlinkErrorDetail = {}) {
    super(message, detail.cause === undefined ? {} : { cause: detail.cause })
    this.code = code
    this.errno = detail.errno
    this.extAck = detail.extAck
    this.offset = detail.offset
  }
}

export function malformed(what: string): NetlinkError {
  return new NetlinkError('malformed', what)
}
