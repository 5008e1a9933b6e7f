import { isIP } from 'node:net'
import { performance } from 'node:perf_hooks'
import packet from 'dns-packet'
import { type ExchangeOptions, exchange, type OutsideReply } from '../kernel/dns/dns-exchange.ts'
import { decodeQuery } from '../kernel/dns/dns-message.ts'
import { reverseName } from '../kernel/dns/reverse-name.ts'
import type { NamespaceEntry } from '../kernel/namespace-sockets.ts'
import type { DnsAnswered, DnsRecord, Failed } from '../model/measurement.ts'
import { failureOf, since } from './attempt.ts'

export const DNS_TYPES = ['A', 'AAAA', 'PTR', 'SRV', 'MX', 'TXT', 'CNAME', 'NS', 'SOA'] as const
export type DnsType = (typeof DNS_TYPES)[number]

export interface DnsAsked {
  /** As it is: no search list. An address when `type` is PTR. */
  readonly name: string
  readonly type: DnsType
  /** Its address. */
  readonly server: string
  /** Default 53. */
  readonly port?: number
  /** Of each try: by UDP, then by TCP when the answer was cut. */
  readonly timeoutMs: number
  /** Default udp, and tcp when the answer does not fit. */
  readonly transport?: 'tcp'
  readonly signal?: AbortSignal
}

/** RFC 1035 4.1.1. */
const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const

/**
 * Asks one server one question from within a namespace. NXDOMAIN and the like are answers; `timeout` is a server that
 * says nothing, or that cannot be reached.
 */
export async function askDns(entry: NamespaceEntry, asked: DnsAsked): Promise<DnsAnswered | Failed> {
  const startMs = performance.now()
  const what = `dns ${asked.server}: ${asked.name} ${asked.type}`
  const failed = (reason: Failed['reason'], why: string): Failed => ({
    ok: false,
    reason,
    detail: `${what}: ${why}`,
    timeMs: since(startMs),
  })
  const question = questionOf(asked)
  if (question === undefined) return failed('failed', 'that is no name')
  const transports = asked.transport === 'tcp' ? (['tcp'] as const) : (['udp', 'tcp'] as const)
  for (const transport of transports) {
    const { reply, refusal } = await once(entry, question, { ...asked, transport })
    if (asked.signal?.aborted) return failed('interrupted', 'interrupted')
    if (reply === undefined) {
      if (refusal !== undefined) return failureOf(refusal, what, startMs)
      return failed('timeout', `no answer within ${asked.timeoutMs} ms`)
    }
    const answer = decode(reply)
    if (answer === undefined) return failed('protocol', 'its answer is malformed')
    const { isCut, ...facts } = answer
    if (!isCut || transport === 'tcp') {
      return { ok: true, server: asked.server, ...facts, transport, timeMs: since(startMs) }
    }
  }
  return failed('protocol', 'its answer is cut')
}

type Decoded = Pick<DnsAnswered, 'code' | 'records' | 'isAuthoritative'> & { readonly isCut: boolean }

/** Undefined for what is no DNS message. */
function decode({ bytes, rcode, isAuthoritative }: OutsideReply): Decoded | undefined {
  try {
    const { answers = [], flag_tc: isCut } = packet.decode(bytes)
    return { code: CODES[rcode] ?? `RCODE${rcode}`, records: answers.map(recordOf), isAuthoritative, isCut }
  } catch {
    return undefined
  }
}

function questionOf({ name, type }: DnsAsked): Buffer | undefined {
  const asked = type === 'PTR' && isIP(name) !== 0 ? reverseName(name) : name.replace(/\.$/, '')
  try {
    const message = packet.encode({
      type: 'query',
      flags: packet.RECURSION_DESIRED,
      questions: [{ name: asked, type }],
    })
    return decodeQuery(message).kind === 'query' ? message : undefined
  } catch {
    return undefined // a label of more than 63 bytes
  }
}

interface Reply {
  readonly reply?: OutsideReply
  /** Why there is none, when somebody says so. */
  readonly refusal?: unknown
}

async function once(
  entry: NamespaceEntry,
  message: Buffer,
  asked: Omit<DnsAsked, 'transport'> & Pick<ExchangeOptions, 'transport'>,
): Promise<Reply> {
  const { server, port = 53, timeoutMs, transport, signal } = asked
  const decoded = decodeQuery(message)
  if (decoded.kind !== 'query') return {}
  const outstanding = new Set<() => void>()
  const giveUp = (): void => {
    for (const each of outstanding) each()
  }
  let refusal: unknown
  const onError = (error: unknown): void => {
    refusal = error
  }
  signal?.addEventListener('abort', giveUp)
  try {
    const options = { entry, address: server, port, timeoutMs, outstanding, transport, onError }
    const reply = await exchange(decoded.query, message, options)
    return reply ? { reply } : { refusal }
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

function recordOf(answer: packet.Answer): DnsRecord {
  const ttlS = 'ttl' in answer && typeof answer.ttl === 'number' ? answer.ttl : 0
  return { name: answer.name, type: answer.type, ttlS, text: textOf(answer) }
}

function textOf(answer: packet.Answer): string {
  switch (answer.type) {
    case 'A':
    case 'AAAA':
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return answer.data
    case 'SRV':
      return `${answer.data.priority ?? 0} ${answer.data.weight ?? 0} ${answer.data.port} ${answer.data.target}`
    case 'MX':
      return `${answer.data.preference ?? 0} ${answer.data.exchange}`
    case 'TXT':
      return [answer.data].flat().map(String).join('')
    case 'SOA':
      return `${answer.data.mname} ${answer.data.rname} ${answer.data.serial ?? 0}`
    default:
      return ''
  }
}
