import { isIP } from 'node:net'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { NamespaceEntry } from '../kernel/namespace-sockets.ts'
import { readFileBelow, readResolvConf } from '../kernel/resolv-conf.ts'
import type { DnsAnswered, Failed } from '../model/measurement.ts'
import { askDns } from './ask-dns.ts'
import { since } from './attempt.ts'

/** What a program in a namespace goes by to find addresses (resolv.conf(5), hosts(5)). */
export interface Resolver {
  /** Of the resolv.conf; absent when there is none. */
  readonly path?: string
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
  /** Text of the hosts file. */
  readonly hosts: string
}

/**
 * Reads it as a program in the namespace would.
 * @param namespace its names and processes, as in a snapshot; the first process's files count
 */
export function readResolver({
  names,
  pids,
}: {
  readonly names: readonly string[]
  readonly pids: readonly number[]
}): Resolver {
  const found = readResolvConf(names, pids)
  if (found === undefined) return { servers: [], search: [], options: [], hosts: readFileBelow('', '/etc/hosts') ?? '' }
  return { ...found, hosts: readFileBelow('', `${dirname(found.path)}/hosts`) ?? '' }
}

export interface Resolved {
  readonly ok: true
  /** IPv4 first; at least one. */
  readonly addresses: readonly string[]
  /** `hosts`, the server that knew it, or `address` when it is one. */
  readonly by: string
  /** The name under which it was found. */
  readonly name: string
  readonly timeMs: number
}

export interface ResolveOptions {
  /** Of each server. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

const DEFAULT_NDOTS = 1

/** Addresses of a name as a program in the namespace finds them: hosts file, then its servers with its search list. */
export async function resolveName(
  entry: NamespaceEntry,
  name: string,
  options: ResolveOptions & { readonly resolver: Resolver },
): Promise<Resolved | Failed> {
  const startMs = performance.now()
  const { resolver } = options
  const done = (addresses: readonly string[], by: string, found: string): Resolved => ({
    ok: true,
    addresses,
    by,
    name: found,
    timeMs: since(startMs),
  })
  if (isIP(name) !== 0) return done([name], 'address', name)
  const own = addressesIn(resolver.hosts, name)
  if (own.length > 0) return done(own, 'hosts', name)
  let outcome = resolver.servers.length === 0 ? 'no name server is configured' : 'not found'
  for (const candidate of candidates(name, resolver)) {
    const found = await askAll(entry, candidate, options)
    if (typeof found !== 'string') return done(found.addresses, found.server, candidate)
    outcome = found
  }
  const asked = resolver.servers.length === 0 ? '' : ` (${resolver.servers.join(', ')})`
  return { ok: false, reason: 'unresolved', detail: `resolve ${name}: ${outcome}${asked}`, timeMs: since(startMs) }
}

/** Of a name, in the text of a hosts file. */
export function addressesIn(hosts: string, name: string): string[] {
  const lines = hosts.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  return lines.flatMap(([address, ...names]) => (address && names.includes(name) ? [address] : []))
}

/** resolv.conf(5): with `ndots` dots a name is tried as it is first, else last. */
export function candidates(name: string, resolver: Pick<Resolver, 'search' | 'options'>): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const searched = resolver.search.map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndotsOf(resolver) ? [name, ...searched] : [...searched, name]
}

/** How many dots make a name be tried as it is first. */
export function ndotsOf({ options }: Pick<Resolver, 'options'>): number {
  const found = options.findLast((option) => option.startsWith('ndots:'))
  const value = Number(found?.slice('ndots:'.length))
  return Number.isInteger(value) ? value : DEFAULT_NDOTS
}

interface Found {
  readonly addresses: readonly string[]
  readonly server: string
}

/** The addresses, or in a word what came instead. */
async function askAll(
  entry: NamespaceEntry,
  name: string,
  { resolver, ...options }: ResolveOptions & { readonly resolver: Resolver },
): Promise<Found | string> {
  let outcome = 'no name server answers'
  for (const server of resolver.servers) {
    const asked = (['A', 'AAAA'] as const).map((type) => askDns(entry, { ...options, name, type, server }))
    const answers = (await Promise.all(asked)).filter((answer): answer is DnsAnswered => answer.ok)
    const addresses = answers.flatMap(({ records }) =>
      records.flatMap(({ type, text }) => (type === 'A' || type === 'AAAA' ? [text] : [])),
    )
    if (addresses.length > 0) return { addresses, server }
    const [answer] = answers
    if (answer) outcome = answer.code === 'NOERROR' ? 'it has no address' : answer.code
    if (answer?.code === 'NOERROR' || answer?.code === 'NXDOMAIN') break
  }
  return outcome
}
