import type { NetlinkError } from '../error.ts'
import { encodeMessage, errorOf, messages, NLM_F, NLMSG } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import { Writer } from '../writer.ts'
import { writeNetfilterHeader } from './nfnetlink.ts'

/** linux/netfilter/nfnetlink.h */
const NFNL_MSG_BATCH = { BEGIN: 0x10, END: 0x11 } as const
const NFNL_BATCH_GENID = 1

/** Far from the numbers that NetlinkSocket counts up from 1, so that a late answer is never taken for another's. */
let nextSequence = 0x8000_0000

export interface BatchOptions {
  /** NFNL_SUBSYS_* of every request. */
  readonly subsystem: number
  /** Refused with ERESTART when the rules have changed since this generation (nf_tables). */
  readonly generation?: number
}

/**
 * Carries out `requests` as one nfnetlink transaction: all of them or none.
 * Throws the kernel's first error; its `offset` counts from the start of the request that was refused.
 */
export function nfnetlinkBatch(socket: NetlinkSocket, requests: readonly Request[], options: BatchOptions): void {
  const begin = nextSequence
  nextSequence = begin + requests.length + 2 > 0xffff_fff0 ? 0x8000_0000 : begin + requests.length + 2
  socket.sendRaw(encodeBatch(requests, begin, options))
  readAnswers(socket, requests, begin)
}

function encodeBatch(requests: readonly Request[], begin: number, options: BatchOptions): Uint8Array {
  const writer = new Writer()
  // Kernels before 6.10 do not acknowledge begin and end, so nobody asks them to.
  const edge = (type: number, sequence: number, fill: (writer: Writer) => void) =>
    writer.raw(encodeMessage(type, NLM_F.REQUEST, { sequence, fill }))
  edge(NFNL_MSG_BATCH.BEGIN, begin, (w) => {
    writeNetfilterHeader(w, 0, options.subsystem)
    if (options.generation !== undefined) w.u32beAttribute(NFNL_BATCH_GENID, options.generation)
  })
  requests.forEach((request, position) => {
    const flags = NLM_F.REQUEST | NLM_F.ACK | (request.flags ?? 0)
    const fill = request.fill ? { fill: request.fill } : {}
    writer.raw(encodeMessage(request.type, flags, { sequence: begin + 1 + position, ...fill })).pad()
  })
  edge(NFNL_MSG_BATCH.END, begin + 1 + requests.length, (w) => writeNetfilterHeader(w, 0, options.subsystem))
  return writer.finish()
}

function readAnswers(socket: NetlinkSocket, requests: readonly Request[], begin: number): void {
  const buffer = new Uint8Array(64 * 1024)
  let missing = requests.length
  let failure: NetlinkError | undefined
  while (missing > 0) {
    for (const message of messages(buffer, socket.receiveInto(buffer))) {
      const position = message.sequence - begin - 1
      if (message.type !== NLMSG.ERROR || position < -1 || position >= requests.length) continue
      failure ??= errorOf(message, position === -1 ? 'commit batch' : `request ${requests[position]?.type}`)
      // The whole batch was refused: the requests may never be answered.
      if (position === -1 && failure) throw failure
      missing--
    }
  }
  if (failure) throw failure
}
