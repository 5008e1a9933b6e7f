import type { DnsChain, DnsServerAnswers } from '../../model/measurement.ts'
import { sanitise } from '../sanitise.ts'
import { formatMs } from './rate.ts'

/**
 * ```
 * resolv.conf /run/…/resolv.conf   search demo.local   ndots 0   tried: db, db.demo.local
 * 127.0.0.11   embedded: DNAT udp → 127.0.0.11:41023, socket of dockerd (812), forwards to 192.0.2.53
 *   db            A 172.19.0.2 (ttl 600)   0.4 ms
 * ```
 */
export function dnsLines(chain: DnsChain): string[] {
  const { path, search, ndots, tried, hosts, servers } = chain
  const head = [
    `resolv.conf ${path ?? 'there is none'}`,
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    `ndots ${ndots}`,
    `tried: ${tried.join(', ')}`,
  ]
  return [
    head.join('   '),
    ...(hosts.length > 0 ? [`hosts file: ${hosts.join(', ')} (no server is asked)`] : []),
    ...(servers.length === 0 ? ['✖ no name server is configured'] : servers.flatMap(serverLines)),
  ].map((line) => sanitise(line))
}

function serverLines({ server, embedded, answers }: DnsServerAnswers): string[] {
  const chain =
    embedded === undefined
      ? []
      : [
          ...(embedded.rules.length === 0 ? ['  ▲ no DNAT rule leads to its socket'] : []),
          ...embedded.rules.map((rule) => `  rule    ${rule}`),
          ...(embedded.sockets.length === 0 ? ['  ▲ no socket listens for it here'] : []),
          ...embedded.sockets.map((socket) => `  socket  ${socket}`),
          ...(embedded.forwarders.length === 0 ? [] : [`  asks    ${embedded.forwarders.join(', ')} (${embedded.by})`]),
        ]
  const lines = answers.map(({ name, type, result }) => {
    if (!result.ok) return `  ✖ ${name} ${type}: ${result.detail}`
    const records = result.records.map((record) => `${record.type} ${record.text} (ttl ${record.ttlS})`)
    const found = records.length > 0 ? records.join(', ') : 'no record'
    return `  ${name} ${type}  ${result.code}  ${found}  ${formatMs(result.timeMs)}`
  })
  return [server, ...chain, ...lines]
}
