import type { Row } from '../file/judge.ts'
import type { Place } from '../rows/link-rows.ts'
import { ipvsRows, portRows, resolverRows } from '../rows/service-rows.ts'
import type { InitLine } from './init-checks.ts'
import { inOrder, noOthers, pick } from './init-rows.ts'

/** net.ipv4.ip_local_port_range begins there: clients get those, and give them back. */
const FIRST_EPHEMERAL = 32_768

export function portLines(place: Place): readonly InitLine[] {
  const isLasting = ({ port, protocol }: Row): boolean => protocol === 'tcp' || Number(port) < FIRST_EPHEMERAL
  const listening = portRows(place).filter((row) => Number(row['port']) > 0 && isLasting(row))
  // one that several processes share is several sockets
  const distinct = new Map(listening.map((row) => [portText(row), row]))
  const rows = inOrder([...distinct.values()], ['protocol', 'port', 'address'])
  const tcp = listening.filter(({ protocol }) => protocol === 'tcp')
  const lines = rows.map((row): InitLine => ({ port: portText(row) }))
  return [...lines, noOthers('port', 'port', tcp, { protocol: 'tcp' })]
}

function portText({ address, port, protocol }: Row): string {
  const host = String(address)
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}/${String(protocol)}`
}

export function ipvsLines(place: Place): readonly InitLine[] {
  return inOrder(ipvsRows(place), ['service']).map((row): InitLine => {
    const service = String(row['service'])
    return { ipvs: { service }, expect: pick(row, ['scheduler', 'destinations', 'alive', 'forward'], 'given') }
  })
}

/** Those that decide whether packets pass. */
const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv6.conf.all.disable_ipv6',
  'net.ipv6.conf.all.forwarding',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
] as const

export function sysctlLines({ namespace }: Place): readonly InitLine[] {
  return SYSCTLS.flatMap((name): InitLine[] => {
    const value = namespace.sysctls[name]
    return value === undefined ? [] : [{ sysctl: name, expect: /^\d{1,9}$/.test(value) ? Number(value) : value }]
  })
}

export function resolverLines(place: Place): readonly InitLine[] {
  return resolverRows(place).map((row): InitLine => {
    return { resolver: 'configuration', expect: pick(row, ['servers', 'search'], 'given') }
  })
}
