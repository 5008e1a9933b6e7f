import type { Check } from '../checks/file/check.ts'
import type { Row } from '../checks/file/judge.ts'
import type { ProbeResourceName } from '../checks/file/resources.ts'
import { TsnetError } from '../errors.ts'
import { askDns, type DnsType } from '../measure/ask-dns.ts'
import { fetchHttp } from '../measure/fetch-http.ts'
import { pathMtu } from '../measure/path-mtu.ts'
import { ping } from '../measure/ping.ts'
import { reachTcp } from '../measure/reach-tcp.ts'
import { reachUdp } from '../measure/reach-udp.ts'
import { resolveName } from '../measure/resolve-name.ts'
import type { LivePlace } from './places.ts'
import { failedRow, type ProbeOptions } from './probe-row.ts'
import { runCommand } from './run-command.ts'

type Probe = (place: LivePlace, target: Check['target'], options: ProbeOptions) => Promise<Row>

/** The first address of a host; a row when it has none. */
async function addressOf({ session, resolver }: LivePlace, host: string, options: ProbeOptions): Promise<string | Row> {
  const resolved = await resolveName(session, host, { ...options, resolver })
  return resolved.ok ? (resolved.addresses[0] ?? host) : failedRow(resolved)
}

interface EndTarget {
  readonly host: string
  readonly port: number
  readonly send?: string
}

const tcp: Probe = async (place, target, options) => {
  const { host, port } = target as unknown as EndTarget
  const address = await addressOf(place, host, options)
  if (typeof address !== 'string') return address
  const reached = await reachTcp(place.session, { address, port }, options)
  return reached.ok ? { result: 'open', ms: reached.connectMs, address } : { ...failedRow(reached), address }
}

const udp: Probe = async (place, target, options) => {
  const { host, port, send } = target as unknown as EndTarget
  const address = await addressOf(place, host, options)
  if (typeof address !== 'string') return address
  const payload = send === undefined ? {} : { payload: Buffer.from(send) }
  const reached = await reachUdp(place.session, { address, port }, { ...options, ...payload })
  if (!reached.ok) return { ...failedRow(reached), address }
  return { result: 'reply', ms: reached.replyMs, address, reply: Buffer.from(reached.reply).toString('utf8') }
}

/** The first frame to a neighbour may be lost while it is looked for. */
const PING_INTERVAL_MS = 300

const icmp: Probe = async (place, target, options) => {
  const address = await addressOf(place, String(target['host']), options)
  if (typeof address !== 'string') return address
  const { timeoutMs } = options
  const answered = new AbortController()
  const signal = AbortSignal.any([options.signal, answered.signal])
  const count = Math.max(1, Math.floor(timeoutMs / PING_INTERVAL_MS))
  const last = Math.max(1, timeoutMs - (count - 1) * PING_INTERVAL_MS)
  // one reply is enough
  const onReply = (): void => answered.abort()
  const measured = await ping(place.session, address, {
    count,
    intervalMs: PING_INTERVAL_MS,
    timeoutMs: last,
    signal,
    onReply,
  })
  return measured.ok ? { result: 'reply', ms: measured.rttMs.min, address } : { ...failedRow(measured), address }
}

const mtu: Probe = async (place, target, options) => {
  const address = await addressOf(place, String(target['host']), options)
  if (typeof address !== 'string') return address
  const found = await pathMtu(place.session, address, { signal: options.signal, timeoutMs: options.timeoutMs / 4 })
  if (!found.ok) return { ...failedRow(found), address }
  return { result: 'found', mtu: found.mtu, blackHole: found.isBlackHole, ms: found.rttMs, address }
}

const dns: Probe = async ({ session, resolver }, target, options) => {
  const { name, type } = target as { readonly name: string; readonly type: DnsType }
  const server = (target['server'] as string | undefined) ?? resolver.servers[0]
  if (server === undefined) return { result: 'timeout', detail: 'it has no name server' }
  const answered = await askDns(session, { ...options, name, type, server })
  if (!answered.ok) return { ...failedRow(answered), server }
  const answers = answered.records.filter((record) => record.type === type).map(({ text }) => text)
  const { code, timeMs: ms } = answered
  return { result: answers.length > 0 ? 'found' : unanswered(code), code, answers, server, ms }
}

function unanswered(code: string): string {
  return code === 'NXDOMAIN' ? 'nxdomain' : 'unknown'
}

interface HttpTarget {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly insecure?: boolean
}

const KEEP_BYTES = 1024 * 1024

const http: Probe = async ({ session, resolver }, target, options) => {
  const { url, insecure = false, ...request } = target as unknown as HttpTarget
  const fetched = await fetchHttp(session, url, { ...options, ...request, resolver, keepBytes: KEEP_BYTES })
  if (!fetched.ok) return failedRow(fetched)
  const { status, headers, body, tls, address, timings } = fetched
  const common = { ms: timings.totalMs, address, certificateDays: tls?.expiresInDays }
  if (tls !== undefined && !tls.isTrusted && !insecure) {
    return { result: 'error', detail: `its certificate is not trusted: ${tls.distrust ?? 'no reason'}`, ...common }
  }
  return {
    result: 'answered',
    status,
    headers: Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    body: Buffer.from(body).toString('utf8'),
    ...common,
  }
}

const command: Probe = async ({ session }, target, options) => {
  const { run, input } = target as { readonly run: readonly string[]; readonly input?: string }
  return runCommand(session.fd, run, { ...options, ...(input === undefined ? {} : { input }) })
}

const PROBES: Readonly<Record<Exclude<ProbeResourceName, 'path' | 'trace' | 'iperf'>, Probe>> = {
  tcp,
  udp,
  ping: icmp,
  dns,
  http,
  mtu,
  command,
}

/** Tries what a check is about. @throws TsnetError `privilege`, `unsupported` when it cannot be tried */
export function probe(place: LivePlace, { resource, target }: Check, options: ProbeOptions): Promise<Row> {
  const tried = PROBES[resource as keyof typeof PROBES]
  if (tried === undefined) throw new TsnetError('unsupported', `${resource}: cannot be tried`)
  return tried(place, target, options)
}
