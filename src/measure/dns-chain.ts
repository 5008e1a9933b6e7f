import type { NamespaceEntry } from '../kernel/namespace-sockets.ts'
import type { DnsChain, DnsServerAnswers, EmbeddedDns } from '../model/measurement.ts'
import type { Namespace } from '../model/snapshot.ts'
import { askDns, type DnsType } from './ask-dns.ts'
import { addressesIn, candidates, ndotsOf, type Resolver } from './resolve-name.ts'

export interface DnsChainAsked {
  readonly name: string
  readonly types: readonly DnsType[]
  readonly resolver: Resolver
  /** Text of its resolv.conf, in whose comments an engine says whom it asks. */
  readonly resolvConf: string
  /** Servers of the host, which an engine asks where it says nothing else. */
  readonly hostServers: readonly string[]
  /** With its firewall and sockets. */
  readonly namespace: Pick<Namespace, 'firewall' | 'sockets'>
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Where engines put their server (RFC 1122 3.2.1.3: a loopback address), in every container. */
const EMBEDDED = '127.0.0.11'

/** Asks each server of a namespace each name that its search list makes, and finds out what is behind 127.0.0.11. */
export async function dnsChain(entry: NamespaceEntry, asked: DnsChainAsked): Promise<DnsChain> {
  const { name, resolver } = asked
  const tried = candidates(name, resolver)
  const { path, servers, search, hosts } = resolver
  return {
    ...(path === undefined ? {} : { path }),
    search,
    ndots: ndotsOf(resolver),
    tried,
    hosts: addressesIn(hosts, name),
    servers: await Promise.all(servers.map((server) => answersOf(entry, { server, tried, asked }))),
  }
}

async function answersOf(
  entry: NamespaceEntry,
  {
    server,
    tried,
    asked,
  }: { readonly server: string; readonly tried: readonly string[]; readonly asked: DnsChainAsked },
): Promise<DnsServerAnswers> {
  const { types, timeoutMs, signal } = asked
  const questions = tried.flatMap((name) => types.map((type) => ({ name, type })))
  const answers = await Promise.all(
    questions.map(async ({ name, type }) => ({
      name,
      type,
      result: await askDns(entry, { name, type, server, timeoutMs, ...(signal ? { signal } : {}) }),
    })),
  )
  return { server, answers, ...(server === EMBEDDED ? { embedded: embeddedDns(asked) } : {}) }
}

/** Its rules lead port 53 to a socket that only it knows. */
function embeddedDns({ namespace, resolvConf, hostServers }: DnsChainAsked): EmbeddedDns {
  const rules = namespace.firewall.filter(({ text }) => text.includes(EMBEDDED) && /dnat/i.test(text))
  const sockets = namespace.sockets.filter(
    ({ local, state }) => local === EMBEDDED && (state === 'LISTEN' || state === 'UNCONN'),
  )
  const named = /^# ExtServers: \[(.*)\]$/m.exec(resolvConf)?.[1]?.split(/\s+/).filter(Boolean)
  return {
    rules: rules.map(({ chain, text }) => `${chain}: ${text}`),
    sockets: sockets.map(({ protocol, local, localPort, processes = [] }) =>
      [`${protocol} ${local}:${localPort}`, ...processes.map(({ pid, command }) => `${command} (${pid})`)].join(' '),
    ),
    forwarders: named ?? hostServers,
    by: named ? 'its resolv.conf says so' : 'servers of the host, as an engine does unless told otherwise',
  }
}
