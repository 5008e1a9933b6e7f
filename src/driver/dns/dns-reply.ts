import packet, { type Answer } from 'dns-packet'
import {
  type DnsQuery,
  encodeHeader,
  FLAG,
  HEADER_BYTES,
  MAX_LABEL_BYTES,
  MAX_NAME_BYTES,
  QUESTION_AT,
} from '../../kernel/dns/dns-message.ts'
import type { DnsAnswer, DnsBehaviour } from './resolve.ts'

const MAX_MESSAGE_BYTES = 65_535
/** Seconds: as Docker's DNS. */
const ANSWER_TTL = 600
/** Answers are encoded with the root as their name, and their own is put in its place. */
const ROOT_BYTES = 1

export interface ReplyRecords {
  readonly answers: readonly DnsAnswer[]
  readonly additionals: readonly DnsAnswer[]
}

export interface ReplyOptions {
  readonly transport: 'udp' | 'tcp'
  readonly behaviour: DnsBehaviour
}

/**
 * NOERROR with records, cut to what the client takes. What is cut off is flagged (TC), except by 20.10 over TCP.
 * @throws RangeError for a name in a record that DNS cannot carry
 */
export function encodeReply(query: DnsQuery, records: ReplyRecords, { transport, behaviour }: ReplyOptions): Buffer {
  const limit = transport === 'udp' ? query.udpBytes : MAX_MESSAGE_BYTES
  const whole = encodeRecords(query, records, { compress: false })
  const message = assemble(query, whole)
  if (message.length <= limit) return message
  const room = limit - HEADER_BYTES - query.questionBytes.length
  // 28 begins to compress when it does not fit otherwise, 20.10 never does
  const fitting =
    behaviour === '28' ? cut(encodeRecords(query, records, { compress: true }), room) : cutInPairs(whole, room)
  const isCut =
    fitting.answers.length < records.answers.length || fitting.additionals.length < records.additionals.length
  return assemble(query, fitting, isCut && (behaviour === '28' || transport === 'udp') ? FLAG.TC : 0)
}

interface EncodedRecords {
  readonly answers: readonly Buffer[]
  readonly additionals: readonly Buffer[]
}

function assemble(query: DnsQuery, { answers, additionals }: EncodedRecords, extraFlags = 0): Buffer {
  const flags = FLAG.QR | FLAG.RA | (query.flags & (FLAG.RD | FLAG.CD)) | extraFlags
  const counts = [1, answers.length, additionals.length] as const
  return Buffer.concat([encodeHeader({ id: query.id, flags, counts }), query.questionBytes, ...answers, ...additionals])
}

function encodeRecords(
  query: DnsQuery,
  { answers, additionals }: ReplyRecords,
  { compress }: { readonly compress: boolean },
): EncodedRecords {
  const owner = compress ? Buffer.from([0xc0, QUESTION_AT]) : query.questionBytes.subarray(0, -4)
  return {
    answers: answers.map((record) => Buffer.concat([owner, encodeBody(record)])),
    additionals: additionals.map((record) => encodeRecord(record)),
  }
}

/** All answers that there is room for, then additionals. */
function cut({ answers, additionals }: EncodedRecords, room: number): EncodedRecords {
  const kept = asManyAsFit(answers, room)
  return { answers: kept, additionals: asManyAsFit(additionals, room - lengthOf(kept)) }
}

/** As 20.10: an answer goes together with its additional. */
function cutInPairs({ answers, additionals }: EncodedRecords, room: number): EncodedRecords {
  const pairs = answers.map((answer, position) => Buffer.concat([answer, additionals[position] ?? Buffer.alloc(0)]))
  const { length } = asManyAsFit(pairs, room)
  return { answers: answers.slice(0, length), additionals: additionals.slice(0, length) }
}

function asManyAsFit(records: readonly Buffer[], room: number): readonly Buffer[] {
  let used = 0
  const end = records.findIndex((record) => {
    used += record.length
    return used > room
  })
  return end === -1 ? records : records.slice(0, end)
}

function lengthOf(records: readonly Buffer[]): number {
  return records.reduce((sum, { length }) => sum + length, 0)
}

function encodeRecord(record: DnsAnswer): Buffer {
  requireName(record.name)
  return packet.encode({ answers: [toPacket(record, record.name)] }).subarray(HEADER_BYTES)
}

/** All but its name: type, class, time to live, data. */
function encodeBody(record: DnsAnswer): Buffer {
  if (record.type === 'PTR') requireName(record.data)
  if (record.type === 'SRV') requireName(record.data.target)
  return packet.encode({ answers: [toPacket(record, '.')] }).subarray(HEADER_BYTES + ROOT_BYTES)
}

function toPacket(record: DnsAnswer, name: string): Answer {
  return { ...record, name, class: 'IN', ttl: ANSWER_TTL } as Answer
}

/** dns-packet would write a length byte that means something else. */
function requireName(name: string): void {
  const labels = name.replace(/\.$/, '').split('.')
  const fits = labels.every((label) => label !== '' && Buffer.byteLength(label) <= MAX_LABEL_BYTES)
  if (!fits || Buffer.byteLength(name) + 2 > MAX_NAME_BYTES) throw new RangeError(`${name}: no name for DNS`)
}
