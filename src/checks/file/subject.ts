import { parseIp } from '../../model/ip-bytes.ts'
import type { ResourceName } from './resources.ts'

/** What a short form stands for, key by key; a text says why it stands for nothing. */
export type SubjectReading = Readonly<Record<string, unknown>> | string

/** `web:80`, `10.0.0.2:80`, `[fd00::2]:80`; undefined = none of them. */
export function parseEnd(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || !isPort(port)) return undefined
  return { host: match[1] ?? match[2] ?? '', port }
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535
}

type Parse = (text: string, written: unknown) => SubjectReading

/** Those whose short form is more than a name. */
const PARSERS: Partial<Readonly<Record<ResourceName, Parse>>> = {
  address: (text) => {
    const [plain = '', length] = text.split('/')
    if (parseIp(plain) === undefined) return `not an address: ${text}`
    return length === undefined ? { ip: text } : { address: text }
  },
  neighbour: (text) => (parseIp(text) === undefined ? `not an address: ${text}` : { address: text }),
  fdb: (text) => {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return `not a MAC address: ${text}`
    return { mac: text.toLowerCase() }
  },
  rule: (text, written) => (typeof written === 'number' ? { priority: written } : { text }),
  port: parsePort,
  firewall: (text) => {
    const [table, chain, ...rest] = text.split('/')
    if (rest.length > 0 || table === '' || chain === '') return `neither CHAIN nor TABLE/CHAIN: ${text}`
    return chain === undefined ? { chain: table } : { table, chain }
  },
  nat: (text) => {
    if (/^(DNAT|SNAT|MASQUERADE|REDIRECT)$/.test(text)) return { kind: text }
    const [, port = '', protocol = 'tcp'] = /^([0-9]{1,5})(?:\/([a-z]+))?$/.exec(text) ?? []
    return isPort(Number(port)) ? { port: Number(port), protocol } : `neither a port nor DNAT, SNAT…: ${text}`
  },
  ipvs: (text) => {
    if (/^fwmark [0-9]+$/.test(text)) return { service: text }
    const [end = '', protocol = 'tcp', ...rest] = text.split('/')
    if (parseEnd(end) === undefined || rest.length > 0) return `neither ADDRESS:PORT nor fwmark NUMBER: ${text}`
    return { service: `${end}/${protocol}` }
  },
  conntrack: (text) => {
    if (text === 'table') return { table: true }
    const end = parseEnd(text)
    if (end !== undefined) return { destination: end.host, port: end.port }
    return parseIp(text) === undefined ? `neither table nor an address: ${text}` : { destination: text }
  },
  resolver: () => ({}),
  doctor: (text) => {
    if (text === 'all') return {}
    if (text === 'errors') return { severity: 'error' }
    return text === 'warnings' ? { severity: { in: ['error', 'warning'] } } : { id: text }
  },
  mtu: (text) => (text === '' ? 'no host' : { host: text }),
  tcp: parseTarget,
  udp: parseTarget,
  path: parseFlow,
  trace: parseFlow,
  ping: (text) => (text === '' ? 'no host' : { host: text }),
  http: (text) => {
    const isGood = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    return isGood ? { url: text } : `not a URL: ${JSON.stringify(text)}`
  },
}

function parseFlow(text: string): SubjectReading {
  const [, end = '', protocol] = /^(.*?)(?:\/(tcp|udp|sctp))?$/.exec(text) ?? []
  const target = parseEnd(end)
  if (target !== undefined) return { ...target, protocol: protocol ?? 'tcp' }
  if (protocol !== undefined || end === '' || /[\s/[\]]/.test(end))
    return `not HOST, HOST:PORT or HOST:PORT/udp: ${text}`
  return { host: end, protocol: 'icmp' }
}

function parsePort(text: string): SubjectReading {
  const [, address, port = '', protocol] = /^(?:(.*):)?([0-9]{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text) ?? []
  if (!isPort(Number(port))) return `not a port like 80, 53/udp or 127.0.0.1:80: ${text}`
  const bound = address?.replace(/^\[(.*)\]$/, '$1')
  if (bound !== undefined && parseIp(bound) === undefined) return `not an address: ${bound}`
  return { port: Number(port), protocol: protocol ?? 'tcp', ...(bound === undefined ? {} : { address: bound }) }
}

function parseTarget(text: string): SubjectReading {
  return parseEnd(text) ?? `not HOST:PORT: ${JSON.stringify(text)}`
}

/** What the word behind the name of a resource stands for. */
export function parseSubject(resource: ResourceName, key: string, written: unknown): SubjectReading {
  const parse = PARSERS[resource]
  if (parse === undefined || typeof written === 'object') return { [key]: written }
  return parse(String(written), written)
}
