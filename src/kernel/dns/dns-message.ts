import packet from 'dns-packet'

/** RFC 1035 4.1.1: response codes. */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const

/** RFC 1035 4.1.1: bits of the second word of the header. */
export const FLAG = { QR: 0x8000, OPCODE: 0x7800, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, CD: 0x0010 } as const
const RCODE_MASK = 0x000f
export const HEADER_BYTES = 12
export const QUESTION_AT = HEADER_BYTES
/** RFC 1035 4.2.1; also what a smaller size in EDNS means (RFC 6891 6.2.3). */
const LEAST_UDP_BYTES = 512
export const MAX_LABEL_BYTES = 63
export const MAX_NAME_BYTES = 255

export interface DnsQuestion {
  /** As it was asked, without the final dot. */
  readonly name: string
  /** Number of its type. */
  readonly type: number
}

/** A query of one question. */
export interface DnsQuery {
  readonly id: number
  /** Second word of its header. */
  readonly flags: number
  readonly question: DnsQuestion
  /** Name, type and class as they came. */
  readonly questionBytes: Buffer
  /** What the client takes by UDP. */
  readonly udpBytes: number
}

export type DecodedQuery =
  | { readonly kind: 'query'; readonly query: DnsQuery }
  /** Not to be understood: this is the answer. */
  | { readonly kind: 'refused'; readonly reply: Buffer }
  /** Garbage, or a response: an answer would only serve somebody who forged the sender. */
  | { readonly kind: 'ignored' }

const IGNORED: DecodedQuery = { kind: 'ignored' }

/** Any bytes give one of the three; nothing is thrown. */
export function decodeQuery(bytes: Buffer): DecodedQuery {
  if (bytes.length < HEADER_BYTES) return IGNORED
  const [id, flags, questions] = [bytes.readUInt16BE(0), bytes.readUInt16BE(2), bytes.readUInt16BE(4)]
  if (flags & FLAG.QR) return IGNORED
  if (flags & FLAG.OPCODE) return refused(id, flags, RCODE.NOTIMP)
  const end = questions === 1 ? questionEnd(bytes) : undefined
  if (end === undefined || !hasFewRecords(bytes)) return refused(id, flags, RCODE.FORMERR)
  try {
    const { additionals = [] } = packet.decode(bytes)
    const name = labelsOf(bytes).join('.')
    const options = additionals.find((record) => record.type === 'OPT')
    const udpBytes = Math.max(options?.udpPayloadSize ?? 0, LEAST_UDP_BYTES)
    const question = { name, type: bytes.readUInt16BE(end - 4) }
    const questionBytes = bytes.subarray(QUESTION_AT, end)
    return { kind: 'query', query: { id, flags, question, questionBytes, udpBytes } }
  } catch {
    return refused(id, flags, RCODE.FORMERR)
  }
}

/** A query brings at most a record or two besides (OPT, TSIG); thousands would only cost time. */
function hasFewRecords(bytes: Buffer): boolean {
  return bytes.readUInt16BE(6) <= 1 && bytes.readUInt16BE(8) <= 1 && bytes.readUInt16BE(10) <= 2
}

function refused(id: number, flags: number, rcode: number): DecodedQuery {
  const kept = flags & (FLAG.OPCODE | FLAG.RD | FLAG.CD)
  return { kind: 'refused', reply: encodeHeader({ id, flags: FLAG.QR | kept | rcode, counts: [0, 0, 0] }) }
}

/** Behind name, type and class of the first question; undefined when they do not fit or the name points elsewhere. */
function questionEnd(bytes: Buffer): number | undefined {
  let at = QUESTION_AT
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > MAX_LABEL_BYTES || at - QUESTION_AT > MAX_NAME_BYTES) return undefined
    at += 1 + length
    if (length === 0) return at + 4 <= bytes.length ? at + 4 : undefined
  }
}

function labelsOf(bytes: Buffer): string[] {
  const labels: string[] = []
  for (let at = QUESTION_AT, length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    labels.push(bytes.toString('utf8', at + 1, at + 1 + length))
    at += 1 + length
  }
  return labels
}

export interface Header {
  readonly id: number
  readonly flags: number
  /** Questions, answers, additionals. */
  readonly counts: readonly [number, number, number]
}

export function encodeHeader({ id, flags, counts: [questions, answers, additionals] }: Header): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  ;[id, flags, questions, answers, 0, additionals].forEach((word, position) => {
    bytes.writeUInt16BE(word, 2 * position)
  })
  return bytes
}

/** An answer without records: SERVFAIL, REFUSED. */
export function encodeFailure({ id, flags, questionBytes }: DnsQuery, rcode: number): Buffer {
  const kept = flags & (FLAG.RD | FLAG.CD)
  return Buffer.concat([encodeHeader({ id, flags: FLAG.QR | kept | rcode, counts: [1, 0, 0] }), questionBytes])
}

/** What decides about an answer from outside. */
export interface ReplyStatus {
  readonly rcode: number
  readonly isAuthoritative: boolean
}

/** Undefined when `reply` is no answer to that question with that id. */
export function replyStatus(
  reply: Buffer,
  { id, questionBytes }: Pick<DnsQuery, 'id' | 'questionBytes'>,
): ReplyStatus | undefined {
  if (reply.length < HEADER_BYTES || reply.readUInt16BE(0) !== id) return undefined
  const flags = reply.readUInt16BE(2)
  if (!(flags & FLAG.QR) || !repeats(reply, questionBytes)) return undefined
  return { rcode: flags & RCODE_MASK, isAuthoritative: (flags & FLAG.AA) !== 0 }
}

/** Servers may leave the question out of an error, and write its name in other case. */
function repeats(reply: Buffer, questionBytes: Buffer): boolean {
  if (reply.readUInt16BE(4) === 0) return (reply.readUInt16BE(2) & RCODE_MASK) !== 0
  const repeated = reply.subarray(QUESTION_AT, QUESTION_AT + questionBytes.length)
  return repeated.toString('latin1').toLowerCase() === questionBytes.toString('latin1').toLowerCase()
}

/** The same message under another id. */
export function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(id, 0)
  return copy
}
