import { formatCidr } from '../../driver/ipam/cidr.ts'
import type { Complaints, Path } from '../../model/file/problem.ts'
import type { ContainerSpec, LabTopology, NodeSpec, RouteSpec } from '../topology/topology.ts'
import { hasHostBits, readIp, readSubnet } from './ip.ts'

/** Settings that are not of a network namespace, routes and environments that cannot be. */
export function checkSettings({ nodes, containers }: LabTopology, complaints: Complaints): void {
  for (const node of nodes) {
    checkSysctls(node, complaints)
    checkRoutes(node, complaints)
  }
  for (const container of containers) {
    checkSysctls(container, complaints)
    checkWorkload(container, complaints)
  }
}

/** The name becomes a path: nothing in it may lead elsewhere. */
const SYSCTL = /^net\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_/-]+)+$/

function checkSysctls(
  { at, sysctls }: { readonly at: Path; readonly sysctls: Readonly<Record<string, string>> },
  complaints: Complaints,
): void {
  for (const name of Object.keys(sysctls)) {
    if (!SYSCTL.test(name) || name.includes('//')) {
      complaints.errorAtKey([...at, 'sysctls', name], `${name} is no setting of a network namespace (net.…)`)
    }
  }
}

function checkRoutes({ routes }: NodeSpec, complaints: Complaints): void {
  for (const route of routes) {
    const problem = routeProblem(route)
    if (problem !== undefined) complaints.error(route.at, problem)
  }
}

function routeProblem({ to, via }: RouteSpec): string | undefined {
  const gateway = via === undefined ? undefined : readIp(via)
  if (via !== undefined && gateway === undefined) return `not an address: ${via}`
  if (to === 'default') return undefined
  const destination = readSubnet(to)
  if (destination === undefined) return `not a subnet: ${to}`
  if (hasHostBits(to)) return `${to} has host bits set: the subnet is ${formatCidr(destination)}`
  if (gateway === undefined || gateway.family === destination.family) return undefined
  return `${to} cannot be reached via ${via}: one is IPv4, the other IPv6`
}

function checkWorkload({ at, workload, environment, endpoints }: ContainerSpec, complaints: Complaints): void {
  if (workload?.kind === 'web' && !environment['DB']) {
    complaints.error(at, 'the workload web needs DB in its environment: the kv that it counts in, HOST[:PORT]')
  }
  for (const { at: place, aliases } of endpoints) {
    for (const [position, alias] of aliases.entries()) {
      if (/[^A-Za-z0-9_.-]/.test(alias)) complaints.error([...place, 'aliases', position], `no name: ${alias}`)
    }
  }
}
