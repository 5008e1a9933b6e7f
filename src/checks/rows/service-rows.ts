import type { ConntrackEntry, IpvsService, Namespace, Socket } from '../../model/snapshot.ts'
import type { Check } from '../file/check.ts'
import type { Row } from '../file/judge.ts'
import type { Place } from './link-rows.ts'

/** TCP that listens, and UDP that is bound to nobody in particular. */
function isListening({ protocol, state, remotePort }: Socket): boolean {
  if (protocol === 'tcp') return state === 'LISTEN'
  return (protocol === 'udp' || protocol === 'sctp') && (remotePort ?? 0) === 0
}

export function portRows({ namespace }: Place): readonly Row[] {
  return namespace.sockets.filter(isListening).map((socket): Row => {
    return {
      port: socket.localPort,
      protocol: socket.protocol,
      address: socket.local === '*' ? '::' : socket.local,
      processes: [...new Set((socket.processes ?? []).map(({ command }) => command))],
      backlog: socket.sendQueue,
      waiting: socket.receiveQueue,
    }
  })
}

export function ipvsRows({ namespace }: Place): readonly Row[] {
  return namespace.ipvs.map((service): Row => {
    const { destinations } = service
    const ends = destinations.map(({ address, port }) => endText(address, port))
    return {
      service: serviceText(service),
      scheduler: service.scheduler,
      destinations: ends,
      alive: ends.filter((_, position) => (destinations[position]?.weight ?? 0) > 0),
      forward: destinations[0]?.forward,
      connections: service.connections,
    }
  })
}

function serviceText({ protocol, address, port, fwmark }: IpvsService): string {
  return fwmark === undefined ? `${endText(address ?? '', port ?? 0)}/${protocol}` : `fwmark ${fwmark}`
}

function endText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

export function conntrackRows(
  { conntrack }: Namespace,
  connections: readonly ConntrackEntry[] | undefined,
  { where }: Pick<Check, 'where'>,
): readonly Row[] {
  if (!where.some(({ property }) => property === 'table')) return (connections ?? []).map(connectionRow)
  const { count, max, dropped, insertFailed } = conntrack
  return [{ table: true, count, max, usage: max === 0 ? 0 : (100 * count) / max, dropped, insertFailed }]
}

function connectionRow({ protocol, original, reply, state, status, mark }: ConntrackEntry): Row {
  return {
    protocol,
    source: original.source,
    destination: original.destination,
    sourcePort: original.sourcePort,
    port: original.destinationPort,
    replySource: reply.source,
    replyDestination: reply.destination,
    state,
    status,
    mark,
  }
}

export function sysctlRows({ namespace }: Place): readonly Row[] {
  return Object.entries(namespace.sysctls).map(([name, value]): Row => ({ name, value }))
}

export function resolverRows({ namespace }: Place): readonly Row[] {
  const { dns } = namespace
  if (dns === undefined) return []
  return [{ servers: dns.servers, search: dns.search, options: dns.options, path: dns.path }]
}
