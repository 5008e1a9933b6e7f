import { type Cidr, isInside } from '../../driver/ipam/cidr.ts'
import type { Complaints } from '../../model/file/problem.ts'
import type { EndpointSpec, LabTopology, NetworkSpec, PoolSpec } from '../topology/topology.ts'
import { capacityOf, readIp, readSubnet } from './ip.ts'

/** net/bridge/br_private.h: BR_MAX_PORTS is 1024, and port 0 is none. */
export const MOST_BRIDGE_PORTS = 1023

/** More on a bridge than it has ports, more in a subnet than it has addresses. */
export function checkCapacity(topology: LabTopology, complaints: Complaints): void {
  for (const segment of topology.segments) {
    const attached = topology.nodes.flatMap(({ attachments }) =>
      attachments.filter((each) => each.segment === segment.name),
    )
    if (attached.length > MOST_BRIDGE_PORTS) complaints.errorAtKey(segment.at, tooMany(attached.length))
  }
  for (const network of topology.networks) {
    // an overlay is one network on all its hosts
    const groups = network.driver === 'overlay' ? [network.hosts] : network.hosts.map((host) => [host])
    for (const hosts of groups) checkNetwork(topology, network, { hosts, complaints })
  }
}

function tooMany(count: number): string {
  return `${count} ports on one bridge: the kernel stops at ${MOST_BRIDGE_PORTS}`
}

interface Checking {
  readonly hosts: readonly string[]
  readonly complaints: Complaints
}

function checkNetwork({ containers }: LabTopology, network: NetworkSpec, { hosts, complaints }: Checking): void {
  const endpoints = containers
    .filter((container) => hosts.includes(container.host))
    .flatMap((container) => container.endpoints.filter((endpoint) => endpoint.network === network.name))
  const at = network.at
  if (network.driver === 'bridge' && endpoints.length > MOST_BRIDGE_PORTS) {
    complaints.errorAtKey(at, tooMany(endpoints.length))
  }
  for (const pool of network.pools) {
    const problem = poolProblem(network, pool, endpoints)
    if (problem !== undefined) complaints.error([...pool.at, 'subnet'], problem)
  }
}

function poolProblem(network: NetworkSpec, pool: PoolSpec, endpoints: readonly EndpointSpec[]): string | undefined {
  const subnet = pool.subnet === undefined ? undefined : readSubnet(pool.subnet)
  if (subnet === undefined || network.pools.some((other) => isOtherOfFamily(other.subnet, pool.subnet, subnet))) {
    return undefined
  }
  const range = (pool.ipRange === undefined ? undefined : readSubnet(pool.ipRange)) ?? subnet
  const fixed = endpoints.map((endpoint) => (subnet.family === 4 ? endpoint.ipv4 : endpoint.ipv6))
  const dynamic = fixed.filter((text) => text === undefined).length
  const named = [...fixed, ...Object.values(pool.auxAddresses), pool.gateway]
  const taken = named.filter((text) => text !== undefined && isTextInside(range, text)).length
  const gateway = pool.gateway === undefined && range === subnet ? 1 : 0
  const left = capacityOf(range) - BigInt(taken + gateway)
  if (BigInt(dynamic) <= left) return undefined
  return `${dynamic} containers need an address, ${left < 0n ? 0n : left} are left`
}

/** Where a network has several subnets of a family, the next one is taken when one is full. */
function isOtherOfFamily(other: string | undefined, own: string | undefined, { family }: Cidr): boolean {
  return other !== own && other !== undefined && readSubnet(other)?.family === family
}

function isTextInside(range: Cidr, text: string): boolean {
  const address = readIp(text)
  return address !== undefined && isInside(range, address)
}
