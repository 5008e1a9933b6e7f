import { NetlinkError } from '../../src/error.ts'
import { encodeMessage, messageAt, NLM_F, NLMSG } from '../../src/message.ts'
import { NETLINK, NetlinkSocket } from '../../src/socket.ts'

/** Answers a request, known by its sequence number, with datagrams. */
export type Script = (request: { readonly sequence: number; readonly type: number }) => readonly Uint8Array[]

/** A socket whose datagrams come from a script instead of the kernel. */
export class ScriptedSocket extends NetlinkSocket {
  readonly #script: Script
  readonly #pending: Uint8Array[] = []
  /** Datagrams sent. */
  sent = 0

  constructor(script: Script) {
    super(NETLINK.ROUTE)
    this.#script = script
  }

  override sendRaw(datagram: Uint8Array): void {
    this.sent++
    this.#pending.push(...this.#script(messageAt(datagram, 0)))
  }

  override receiveInto(buffer: Uint8Array): number {
    const datagram = this.#pending.shift()
    if (!datagram) throw new NetlinkError('timeout', 'receive: the script has no more')
    buffer.set(datagram)
    return datagram.length
  }
}

/** One object of a dump: a message of type 16 with a number in it. */
export function part(sequence: number, value: number, flags = 0): Uint8Array {
  return encodeMessage(16, NLM_F.MULTI | flags, { sequence, fill: (writer) => writer.u32(value) })
}

export function done(sequence: number, { errno = 0, flags = 0 } = {}): Uint8Array {
  return encodeMessage(NLMSG.DONE, NLM_F.MULTI | flags, { sequence, fill: (writer) => writer.s32(-errno) })
}

export function answer(sequence: number, errno = 0): Uint8Array {
  return encodeMessage(NLMSG.ERROR, NLM_F.CAPPED, { sequence, fill: (writer) => writer.s32(-errno).zeros(16) })
}

/** Several messages in one datagram. */
export function datagram(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((bytes) => [...bytes]))
}
