import type { Complaints, Path } from '../../model/file/problem.ts'
import { parseIp } from '../../model/ip-bytes.ts'
import type { CheckEntry, ExpectEntry } from '../file/lab-file.ts'
import { parseTimeUs } from './quantities.ts'
import type { CheckSpec, ContentExpectation, DnsExpectation, Probe, Unanswered } from './topology.ts'
import { given } from './written-settings.ts'

const DEFAULT_TIMEOUT_MS = 2000
const UNANSWERED: readonly [Unanswered, ...Unanswered[]] = ['refused', 'unreachable', 'timeout', 'closed']
const PROBES = ['http', 'tcp', 'udp', 'ping', 'dns', 'command'] as const
type ProbeKind = (typeof PROBES)[number]

/** Which words of `expect` are of any use to which kind. */
const EXPECTATIONS: Readonly<Record<ProbeKind, readonly (keyof ExpectEntry)[]>> = {
  http: ['status', 'contains', 'matches', 'rises'],
  command: ['status', 'contains', 'matches', 'rises'],
  dns: ['addresses', 'names'],
  tcp: [],
  udp: [],
  ping: [],
}

export function readCheck(entry: CheckEntry, at: Path, complaints: Complaints): readonly CheckSpec[] {
  const kinds = PROBES.filter((kind) => entry[kind] !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    complaints.error(at, `a check has one of ${PROBES.join(', ')}, this one has ${kinds.join(' and ') || 'none'}`)
    return []
  }
  const { expect } = entry
  for (const key of typeof expect === 'object' ? Object.keys(expect) : []) {
    if (!EXPECTATIONS[kind].includes(key as keyof ExpectEntry)) {
      complaints.errorAtKey([...at, 'expect', key], `${key} cannot be expected of ${kind}`)
    }
  }
  const reading: Reading = { entry, at, complaints }
  const probe = READERS[kind](reading)
  if (probe === undefined) return []
  const timeoutMs = entry.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseTimeUs(entry.timeout) / 1000
  return [{ at, name: entry.name, from: entry.from, timeoutMs, probe }]
}

interface Reading {
  readonly entry: CheckEntry
  readonly at: Path
  readonly complaints: Complaints
}

const READERS: Readonly<Record<ProbeKind, (reading: Reading) => Probe | undefined>> = {
  http: (reading) => {
    const url = reading.entry.http ?? ''
    if (!URL.canParse(url)) return wrong(reading, 'http', `not a URL: ${JSON.stringify(url)}`)
    return { kind: 'http', url, expect: contentExpectation(reading, 200) }
  },
  command: (reading) => ({
    kind: 'command',
    command: reading.entry.command ?? [],
    expect: contentExpectation(reading, 0),
  }),
  tcp: (reading) => {
    const target = hostAndPort(reading.entry.tcp ?? '')
    const expect = oneOfWords(reading, ['open', ...UNANSWERED])
    if (target === undefined) return wrong(reading, 'tcp', `not HOST:PORT: ${JSON.stringify(reading.entry.tcp)}`)
    return { kind: 'tcp', ...target, expect }
  },
  udp: (reading) => {
    const target = hostAndPort(reading.entry.udp ?? '')
    const expect = oneOfWords(reading, ['reply', ...UNANSWERED])
    if (target === undefined) return wrong(reading, 'udp', `not HOST:PORT: ${JSON.stringify(reading.entry.udp)}`)
    return { kind: 'udp', ...target, expect }
  },
  ping: (reading) => ({
    kind: 'ping',
    host: reading.entry.ping ?? '',
    expect: oneOfWords(reading, ['reply', 'unreachable', 'timeout', 'closed']),
  }),
  dns: (reading) => {
    const name = reading.entry.dns ?? ''
    const byDefault = parseIp(name) === undefined ? 'A' : 'PTR'
    return { kind: 'dns', name, type: reading.entry.type ?? byDefault, expect: dnsExpectation(reading) }
  },
}

function wrong({ at, complaints }: Reading, key: string, message: string): undefined {
  complaints.error([...at, key], message)
  return undefined
}

/** `web:80`, `10.0.0.2:80`, `[fd00::2]:80`. */
function hostAndPort(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) return undefined
  return { host: match[1] ?? match[2] ?? '', port }
}

/** The first of the words is meant when nothing is said. */
function oneOfWords<const T extends string>({ entry, at, complaints }: Reading, words: readonly [T, ...T[]]): T {
  const { expect } = entry
  if (typeof expect !== 'string') return words[0]
  const word = words.find((each) => each === expect)
  if (word === undefined) complaints.error([...at, 'expect'], `expected one of ${words.join(', ')}, found ${expect}`)
  return word ?? words[0]
}

function contentExpectation(reading: Reading, status: number): ContentExpectation {
  const { entry, at, complaints } = reading
  const { expect = {} } = entry
  if (typeof expect === 'string') return { status: oneOfWords(reading, UNANSWERED) }
  for (const key of ['matches', 'rises'] as const) {
    const pattern = expect[key]
    const problem = pattern === undefined ? undefined : patternProblem(pattern, key === 'rises')
    if (problem !== undefined) complaints.error([...at, 'expect', key], problem)
  }
  const { contains, matches, rises } = expect
  return { status: expect.status ?? status, ...given({ contains, matches, rises }) }
}

function patternProblem(pattern: string, wantsGroup: boolean): string | undefined {
  try {
    const groups = new RegExp(`${pattern}|`, 'u').exec('')?.length ?? 1
    return wantsGroup && groups !== 2 ? 'one group, in (…), must find the number' : undefined
  } catch {
    return `not a regular expression: ${JSON.stringify(pattern)}`
  }
}

function dnsExpectation(reading: Reading): DnsExpectation {
  const { expect } = reading.entry
  if (typeof expect !== 'object') return oneOfWords(reading, ['found', 'unknown', 'nxdomain', 'timeout'])
  return { values: [...(expect.addresses ?? []), ...(expect.names ?? [])] }
}
