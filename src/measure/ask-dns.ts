import { isIP } from 'node:net'
import { performance } from 'node:perf_hooks'
import packet from 'dns-packet'
import { messageOf } from '../errors.ts'
import { exchange } from '../kernel/dns/dns-exchange.ts'
import { decodeQuery } from '../kernel/dns/dns-message.ts'
import { reverseName } from '../kernel/dns/reverse-name.ts'
import type { NamespaceEntry } from '../kernel/namespace-sockets.ts'
import type { DnsAnswered, DnsRecord, Failed } from '../model/measurement.ts'
import { since } from './attempt.ts'

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
  for (const transport of asked.transport === 'tcp' ? (['tcp'] as const) : (['udp', 'tcp'] as const)) {
    const reply = await once(entry, question, { ...asked, transport })
    if (asked.signal?.aborted) return failed('interrupted', 'interrupted')
    if (reply === undefined) return failed('timeout', `no answer within ${asked.timeoutMs} ms`)
    try {
      const decoded = packet.decode(reply.bytes)
      if (decoded.flag_tc && transport === 'udp') continue
      const { rcode, isAuthoritative } = reply
      const code = CODES[rcode] ?? `RCODE${rcode}`
      const records = (decoded.answers ?? []).map(recordOf)
      return { ok: true, server: asked.server, code, records, isAuthoritative, transport, timeMs: since(startMs) }
    } catch (error) {
      return failed('protocol', `its answer is malformed: ${messageOf(error)}`)
    }
  }
  return failed('protocol', 'its answer is cut even by TCP')
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

async function once(
  entry: NamespaceEntry,
  message: Buffer,
  {
    server,
    port = 53,
    timeoutMs,
    transport,
    signal,
  }: Omit<DnsAsked, 'transport'> & { readonly transport: 'udp' | 'tcp' },
): ReturnType<typeof exchange> {
  const decoded = decodeQuery(message)
  if (decoded.kind !== 'query') return undefined
  const outstanding = new Set<() => void>()
  const giveUp = (): void => {
    for (const each of outstanding) each()
  }
  signal?.addEventListener('abort', giveUp)
  try {
    const options = { entry, address: server, port, timeoutMs, outstanding, transport }
    return await exchange(decoded.query, message, options)
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
