import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { basename, dirname, join } from 'node:path'
import packet from 'dns-packet'
import type { NetworkHost } from '../../driver/network-host.ts'
import { TsnetError } from '../../errors.ts'
import { exchange } from '../../kernel/dns/dns-exchange.ts'
import { decodeQuery } from '../../kernel/dns/dns-message.ts'
import { readResolvConf } from '../../kernel/resolv-conf.ts'

const SERVER_TIMEOUT_MS = 2000
const DNS_PORT = 53
const DEFAULT_NDOTS = 1

/**
 * Addresses of a name as a program in the sandbox finds them: its hosts file, then the servers of its resolv.conf with
 * its search list, asked from within the sandbox. IPv4 first.
 *
 * @throws TsnetError `failed` that says who was asked and what came
 */
export async function resolveName(sandbox: NetworkHost, name: string): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name]
  const configuration = readResolvConf([basename(sandbox.path)], [])
  const own = configuration && inHosts(join(dirname(configuration.path), 'hosts'), name)
  if (own && own.length > 0) return own
  const { servers = [], search = [], options = [] } = configuration ?? {}
  if (servers.length === 0) throw new TsnetError('failed', `resolve ${name}: no name server is configured`)
  const ndots = Number(options.find((option) => option.startsWith('ndots:'))?.slice('ndots:'.length) ?? DEFAULT_NDOTS)
  let outcome = 'not found'
  for (const candidate of candidates(name, search, ndots)) {
    const found = await ask(sandbox, servers, candidate)
    if (typeof found !== 'string') return found
    outcome = found
  }
  throw new TsnetError('failed', `resolve ${name}: ${outcome} (${servers.join(', ')})`)
}

function inHosts(path: string, name: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  return lines.flatMap(([address, ...names]) => (address && names.includes(name) ? [address] : []))
}

/** resolv.conf(5): with `ndots` dots a name is tried as it is first, else last. */
function candidates(name: string, search: readonly string[], ndots: number): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const searched = search.map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...searched] : [...searched, name]
}

/** The addresses, or in a word what came instead. */
async function ask(
  sandbox: NetworkHost,
  servers: readonly string[],
  name: string,
): Promise<readonly string[] | string> {
  let outcome = 'no name server answers'
  for (const server of servers) {
    const answers = await Promise.all((['A', 'AAAA'] as const).map((type) => askOne(sandbox, server, { name, type })))
    const addresses = answers.flatMap((answer) => answer?.addresses ?? [])
    if (addresses.length > 0) return addresses
    const answer = answers.find((each) => each !== undefined)
    if (answer) outcome = answer.code === 'NOERROR' ? 'it has no address' : answer.code
    if (answer?.code === 'NOERROR' || answer?.code === 'NXDOMAIN') break
  }
  return outcome
}

interface Answered {
  readonly addresses: readonly string[]
  /** NOERROR, NXDOMAIN… */
  readonly code: string
}

async function askOne(
  entry: NetworkHost,
  address: string,
  question: { readonly name: string; readonly type: 'A' | 'AAAA' },
): Promise<Answered | undefined> {
  const message = packet.encode({ type: 'query', flags: packet.RECURSION_DESIRED, questions: [question] })
  const decoded = decodeQuery(message)
  if (decoded.kind !== 'query') return undefined
  const options = { entry, address, port: DNS_PORT, timeoutMs: SERVER_TIMEOUT_MS, outstanding: new Set<() => void>() }
  for (const transport of ['udp', 'tcp'] as const) {
    const reply = await exchange(decoded.query, message, { ...options, transport })
    if (!reply) return undefined
    const { answers = [], flag_tc: isCut } = packet.decode(reply.bytes)
    if (isCut && transport === 'udp') continue
    const addresses = answers.flatMap((answer) => (answer.type === question.type ? [answer.data] : []))
    return { addresses, code: CODES[reply.rcode] ?? `rcode ${reply.rcode}` }
  }
  return undefined
}

const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const
