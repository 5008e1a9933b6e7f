import { isIP } from 'node:net'
import packet from 'dns-packet'
import type { NetworkHost } from '../../driver/network-host.ts'
import { exchange } from '../../kernel/dns/dns-exchange.ts'
import { decodeQuery } from '../../kernel/dns/dns-message.ts'
import { reverseName } from '../../kernel/dns/reverse-name.ts'
import type { DnsExpectation, DnsType } from '../topology/topology.ts'

const DNS_PORT = 53

export interface DnsTry {
  readonly name: string
  readonly type: DnsType
  readonly server: string
  readonly timeoutMs: number
}

/** Why the answer is not the expected one; undefined = it is. */
export async function dnsProblem(
  from: NetworkHost,
  asked: DnsTry,
  expect: DnsExpectation,
): Promise<string | undefined> {
  const answer = await ask(from, asked)
  const found = answer === undefined ? `${asked.server} does not answer` : foundText(answer)
  if (typeof expect === 'string') return wordsOf(answer).includes(expect) ? undefined : `${expect} expected: ${found}`
  const same = answer?.values.toSorted().join(' ') === expect.values.toSorted().join(' ')
  return same ? undefined : `${expect.values.join(' ') || 'no record'} expected: ${found}`
}

function foundText({ code, values }: Answer): string {
  return code === 'NOERROR' ? values.join(' ') || 'no record' : code
}

/** All that an answer can be called. */
function wordsOf(answer: Answer | undefined): readonly string[] {
  if (answer === undefined) return ['timeout', 'unknown']
  if (answer.values.length > 0) return ['found']
  return answer.code === 'NXDOMAIN' ? ['nxdomain', 'unknown'] : ['unknown']
}

interface Answer {
  /** NOERROR, NXDOMAIN… */
  readonly code: string
  readonly values: readonly string[]
}

async function ask(entry: NetworkHost, { name, type, server, timeoutMs }: DnsTry): Promise<Answer | undefined> {
  const question = { name: type === 'PTR' && isIP(name) !== 0 ? reverseName(name) : name, type }
  const message = packet.encode({ type: 'query', flags: packet.RECURSION_DESIRED, questions: [question] })
  const decoded = decodeQuery(message)
  if (decoded.kind !== 'query') return undefined
  const options = { entry, address: server, port: DNS_PORT, timeoutMs, outstanding: new Set<() => void>() }
  const reply = await exchange(decoded.query, message, { ...options, transport: 'udp' })
  if (reply === undefined) return undefined
  const { answers = [] } = packet.decode(reply.bytes)
  return { code: CODES[reply.rcode] ?? `rcode ${reply.rcode}`, values: answers.flatMap((each) => textsOf(each, type)) }
}

function textsOf(answer: packet.Answer, type: DnsType): readonly string[] {
  if (answer.type !== type) return []
  switch (answer.type) {
    case 'A':
    case 'AAAA':
    case 'PTR':
      return [answer.data]
    case 'SRV':
      return [`${answer.data.target}:${answer.data.port}`]
    case 'MX':
      return [answer.data.exchange]
    case 'TXT':
      return [[answer.data].flat().map(String).join('')]
    default:
      return []
  }
}

const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const
