import { addRoute, deleteRoute, getLink, type RouteSpec } from 'netlink-ts'
import { askAll, askKernel, isAbsent } from '../../driver/kernel-failure.ts'
import type { NetworkHost } from '../../driver/network-host.ts'
import { sysctlName } from '../../driver/sandbox/sandbox-sysctls.ts'
import type { FirewallObject, RouteObject, SysctlObject } from '../resolve/lab-object.ts'
import type { Machines } from './machines.ts'

export function readSysctl(machines: Machines, { node, name }: SysctlObject): string | undefined {
  return machines.get(node).readSysctl(pathOf(name))
}

export function writeSysctl(machines: Machines, { node, name }: SysctlObject, value: string): void {
  machines.get(node).writeSysctl(pathOf(name), value)
}

/** Below /proc/sys/net. */
function pathOf(name: string): string {
  return sysctlName(name).slice('net/'.length)
}

export function makeRoute(machines: Machines, route: RouteObject): void {
  const machine = machines.get(route.node)
  askAll(machine.route, route.id, [{ what: 'add it', request: addRoute(routeSpec(machine, route)) }])
}

/** No error when the kernel has taken it away already, with its interface. */
export function removeRoute(machines: Machines, route: RouteObject): void {
  try {
    const machine = machines.get(route.node)
    askKernel(route.id, () => machine.route.request(deleteRoute(routeSpec(machine, route))))
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

function routeSpec(machine: NetworkHost, { to, via, dev, metric, type }: RouteObject): RouteSpec {
  const family = `${to}${via ?? ''}`.includes(':') ? 6 : 4
  const index =
    dev === undefined ? undefined : askKernel(`link ${dev}`, () => getLink(machine.route, { name: dev })).index
  return { family, destination: to, gateway: via, index, metric, type, protocol: 'static' }
}

const TOOLS = { 4: 'iptables-restore', 6: 'ip6tables-restore' } as const

/** Rules of the machine's own, all or none. */
export async function makeFirewall(machines: Machines, { node, family, rules }: FirewallObject): Promise<void> {
  await restore(machines.get(node), family, byTable(rules))
}

/** Takes each line back, last first; a chain that somebody else uses by now stays. */
export async function removeFirewall(machines: Machines, { node, family, rules }: FirewallObject): Promise<void> {
  const inverted = rules.map(({ table, line }) => ({ table, line: inverseOf(line) })).toReversed()
  const machine = machines.get(node)
  try {
    await restore(machine, family, byTable(inverted))
  } catch {
    // one that is missing keeps all others from going, in one transaction
    for (const each of inverted) await restore(machine, family, byTable([each])).catch(() => undefined)
  }
}

type Lines = ReadonlyMap<string, readonly string[]>

function byTable(rules: FirewallObject['rules']): Lines {
  const tables = new Map<string, string[]>()
  for (const { table, line } of rules) tables.set(table, [...(tables.get(table) ?? []), line])
  return tables
}

async function restore(machine: NetworkHost, family: 4 | 6, tables: Lines): Promise<void> {
  const input = [...tables].map(([table, lines]) => `*${table}\n${lines.join('\n')}\nCOMMIT\n`).join('')
  await machine.run(TOOLS[family], ['--noflush', '--wait'], { input, package: 'iptables' })
}

/** The lines that a lab file may have, see `readFirewall`. */
export function inverseOf(line: string): string {
  if (line.startsWith('-P ')) return line.replace(/ (ACCEPT|DROP)$/, ' ACCEPT')
  if (line.startsWith('-N ')) return line.replace('-N', '-X')
  return line.replace(/^(-A|-I) (\S+)( [0-9]+)?(?= )/, '-D $2')
}
