import { readFileSync } from 'node:fs'
import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { parseDestination } from '../flow/names.ts'
import { DNS_TYPES, type DnsType } from '../measure/ask-dns.ts'
import { dnsChain } from '../measure/dns-chain.ts'
import { fetchHttp, parseUrl } from '../measure/fetch-http.ts'
import { readResolver } from '../measure/resolve-name.ts'
import { dnsLines } from '../report/measure/dns.ts'
import { httpLines } from '../report/measure/http.ts'
import { INTERRUPTED_STATUS, interruptible, measuredWorld, openSpace, readDecimal } from './measure.ts'
import { readNumber } from './option-values.ts'
import { statusOf } from './ping.ts'

const HTTP_TIMEOUT_S = 10
const DNS_TIMEOUT_S = 2
const EXPIRY_DAYS = 14

/** `http FROM URL`: 0 below status 400 with a certificate to be trusted, 3 when it expires soon, 1 otherwise. */
export async function http(context: Context): Promise<number> {
  const { positionals, options, output } = context
  const [from = '', url = ''] = positionals
  parseUrl(url)
  const timeoutS = readDecimal(options, 'timeout', { min: 0.01, max: 3600 }) ?? HTTP_TIMEOUT_S
  const expiryDays = readNumber(options, 'expiry-days', { min: 0, max: 10_000 }) ?? EXPIRY_DAYS
  const { space, namespace } = openSpace(await measuredWorld(context), from)
  try {
    const through = throughOf(options)
    const result = await interruptible((signal) =>
      fetchHttp(namespace, url, {
        timeoutMs: 1000 * timeoutS,
        resolver: namespace.resolver(),
        ...(through ? { through } : {}),
        keepBytes: 0,
        signal,
      }),
    )
    if (options.has('json')) output.json(result)
    else {
      output.note(`${space.name} → ${url}`)
      output.write(`${httpLines(result).join('\n')}\n`)
    }
    if (!result.ok) return statusOf(result.reason)
    const isRefused = result.status >= 400 || (result.tls?.isTrusted === false && !options.has('insecure'))
    if (isRefused) return 1
    return (result.tls?.expiresInDays ?? expiryDays) < expiryDays ? 3 : 0
  } finally {
    namespace.close()
  }
}

/** `--through ADDRESS[:PORT]`. @throws TsnetError `usage` */
export function throughOf(
  options: Context['options'],
): { readonly address: string; readonly port?: number } | undefined {
  const text = options.text('through')
  if (text === undefined) return undefined
  const { host, port } = parseDestination(text)
  return { address: host, ...(port === undefined ? {} : { port }) }
}

/** `dns FROM NAME`: 0 when a server has a record of it, or the hosts file an address. */
export async function dns(context: Context): Promise<number> {
  const { positionals, options, output } = context
  const [from = '', name = ''] = positionals
  const timeoutS = readDecimal(options, 'timeout', { min: 0.01, max: 60 }) ?? DNS_TIMEOUT_S
  const types = typesOf(options)
  const { space, namespace } = openSpace(await measuredWorld(context, ['links', 'addrs', 'firewall', 'sockets']), from)
  try {
    const resolver = namespace.resolver()
    const result = await interruptible((signal) =>
      dnsChain(namespace, {
        name,
        types,
        resolver,
        resolvConf: textOf(resolver.path),
        hostServers: readResolver({ names: [], pids: [1] }).servers,
        namespace: space.namespace,
        timeoutMs: 1000 * timeoutS,
        signal,
      }).then((chain) => ({ chain, isInterrupted: signal.aborted })),
    )
    if (options.has('json')) output.json(result.chain)
    else {
      output.note(`${space.name} asks for ${name}`)
      output.write(`${dnsLines(result.chain).join('\n')}\n`)
    }
    if (result.isInterrupted) return INTERRUPTED_STATUS
    const { hosts, servers } = result.chain
    const isFound = servers.some(({ answers }) =>
      answers.some((each) => each.result.ok && each.result.records.length > 0),
    )
    return hosts.length > 0 || isFound ? 0 : 1
  } finally {
    namespace.close()
  }
}

function typesOf(options: Context['options']): readonly DnsType[] {
  const words = options.list('type').flatMap((text) => text.toUpperCase().split(','))
  if (words.length === 0) return ['A', 'AAAA']
  return words.map((word) => {
    const type = DNS_TYPES.find((each) => each === word)
    if (type !== undefined) return type
    throw new TsnetError('usage', `--type ${word}: no such type`, { hint: `Types: ${DNS_TYPES.join(' ')}` })
  })
}

const MAX_BYTES = 64 * 1024

function textOf(path: string | undefined): string {
  try {
    return path === undefined ? '' : readFileSync(path, 'utf8').slice(0, MAX_BYTES)
  } catch {
    return ''
  }
}
