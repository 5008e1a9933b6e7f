import { type Cidr, formatIpNumber, type IpNumber, isInside } from '../../driver/ipam/cidr.ts'
import type { Complaints, Path } from '../../model/file/problem.ts'
import { isReservedIn, readIp, readSubnet } from '../check-file/ip.ts'
import { segmentBelow } from '../topology/macvlan-parent.ts'
import { type NodeInterfaces, nodeInterfaces } from '../topology/node-interfaces.ts'
import { INGRESS } from '../topology/read-service.ts'
import type { ContainerSpec, EndpointSpec, LabTopology, ServiceSpec } from '../topology/topology.ts'
import { given } from '../topology/written-settings.ts'
import type { EndpointObject, NetworkObject, ResolvedPool } from './lab-object.ts'
import type { Previous } from './previous.ts'
import { networkId } from './resolve-networks.ts'

export function endpointId(container: string, network: string): string {
  return `endpoint ${container} in ${network}`
}

export interface AddressResolution {
  readonly networks: readonly NetworkObject[]
  readonly previous: Previous
  readonly complaints: Complaints
}

interface Chosen {
  readonly name: string
  readonly at: Path
  readonly network: NetworkObject
  readonly family: 4 | 6
}

/** Gives out addresses: those asked for, then those of the last time, then the lowest free ones. */
export class FreeAddresses {
  readonly #topology: LabTopology
  readonly #previous: Previous
  readonly #complaints: Complaints
  readonly #interfaces: ReadonlyMap<string, NodeInterfaces>
  /** By those who hear each other. */
  readonly #taken = new Map<string, Set<string>>()
  /** By endpoint and family, what it had before. */
  readonly #kept = new Map<string, string>()
  /** No address below is free: subnets have many. */
  readonly #searched = new Map<string, bigint>()

  constructor(topology: LabTopology, { networks, previous, complaints }: AddressResolution) {
    this.#topology = topology
    this.#previous = previous
    this.#complaints = complaints
    this.#interfaces = new Map(topology.nodes.map((node) => [node.name, nodeInterfaces(topology, node)]))
    for (const network of networks) this.#reserve(network)
    this.#takeAskedFor(networks)
    this.#takeKept(networks)
    this.#takeKeptOfServices(networks)
  }

  of(container: ContainerSpec, endpoint: EndpointSpec, network: NetworkObject): Pick<EndpointObject, 'ipv4' | 'ipv6'> {
    return given({
      ipv4: endpoint.ipv4 ?? this.#choose(container, endpoint, { network, family: 4 }),
      ipv6: endpoint.ipv6 ?? this.#choose(container, endpoint, { network, family: 6 }),
    })
  }

  /** The virtual address of a service. */
  ofService({ name, at }: ServiceSpec, id: string, network: NetworkObject): string | undefined {
    const kept = this.#kept.get(`${id} 4`)
    return kept ?? this.#chooseFree({ name, at, network, family: 4 })
  }

  #choose(
    { name }: ContainerSpec,
    { at }: EndpointSpec,
    { network, family }: { network: NetworkObject; family: 4 | 6 },
  ): string | undefined {
    const pools = network.pools.filter(({ subnet }) => subnet.includes(':') === (family === 6))
    if (pools.length === 0) return undefined
    const kept = this.#kept.get(`${endpointId(name, network.name)} ${family}`)
    if (kept !== undefined) return kept
    return this.#chooseFree({ name, at, network, family })
  }

  #chooseFree({ name, at, network, family }: Chosen): string | undefined {
    const pools = network.pools.filter(({ subnet }) => subnet.includes(':') === (family === 6))
    for (const pool of pools) {
      const free = this.#lowest(network, pool, this.#takenIn(network))
      if (free !== undefined) return free
    }
    this.#complaints.error(at, `no address is left in the network ${network.name} for ${name}`)
    return undefined
  }

  #lowest(network: NetworkObject, pool: ResolvedPool, taken: Set<string>): string | undefined {
    const subnet = readSubnet(pool.subnet)
    const range = readSubnet(pool.ipRange ?? pool.subnet)
    if (subnet === undefined || range === undefined) return undefined
    const key = `${this.#domain(network)} ${pool.subnet}`
    for (let value = this.#searched.get(key) ?? range.first; value <= range.last; value++) {
      const address: IpNumber = { family: range.family, value }
      const text = formatIpNumber(address)
      if (isReservedIn(subnet, address) || (subnet.family === 6 && value === subnet.first) || taken.has(text)) continue
      taken.add(text)
      this.#searched.set(key, value + 1n)
      return text
    }
    this.#searched.set(key, range.last + 1n)
    return undefined
  }

  #reserve(network: NetworkObject): void {
    const own = network.pools.flatMap(({ gateway, auxAddresses }) => [gateway, ...Object.values(auxAddresses)])
    const taken = this.#takenIn(network)
    for (const address of [...own, ...this.#machinesIn(this.#domain(network))]) taken.add(canonical(address))
  }

  /** macvlan containers are on the segment, among the machines that are attached to it. */
  #machinesIn(domain: string): readonly string[] {
    const attachments = this.#topology.nodes.flatMap((node) => node.attachments)
    return attachments
      .flatMap(({ segment, addresses, vlans }) => [
        { place: `segment ${segment}`, addresses },
        ...vlans.map((vlan) => ({ place: `segment ${segment}.${vlan.id}`, addresses: vlan.addresses })),
      ])
      .filter(({ place }) => place === domain)
      .flatMap(({ addresses }) => addresses.map((address) => address.split('/')[0] ?? ''))
  }

  /** What the file says comes before what was, and before what is free. */
  #takeAskedFor(networks: readonly NetworkObject[]): void {
    for (const { host, endpoints } of this.#topology.containers) {
      for (const { network: name, ipv4, ipv6 } of endpoints) {
        const network = networks.find(({ id }) => id === networkId(host, name))
        if (network === undefined) continue
        for (const address of [ipv4, ipv6]) if (address !== undefined) this.#takenIn(network).add(canonical(address))
      }
    }
  }

  /** Whoever comes new must not take what somebody had, who comes later in the file. */
  #takeKept(networks: readonly NetworkObject[]): void {
    for (const { name: container, host, endpoints } of this.#topology.containers) {
      for (const { network: name, ipv4, ipv6 } of endpoints) {
        const network = networks.find(({ id }) => id === networkId(host, name))
        const before = this.#previous.endpoint(endpointId(container, name))
        if (network === undefined || before?.host !== host) continue
        if (ipv4 === undefined) this.#keep(`${before.id} 4`, network, before.ipv4)
        if (ipv6 === undefined) this.#keep(`${before.id} 6`, network, before.ipv6)
      }
    }
  }

  #takeKeptOfServices(networks: readonly NetworkObject[]): void {
    for (const { name: service, networks: names } of this.#topology.services) {
      for (const name of [INGRESS, ...names]) {
        const id = `service ${service} in ${name}`
        const network = networks.find((each) => each.name === name)
        if (network !== undefined) this.#keep(`${id} 4`, network, this.#previous.service(id)?.vip)
      }
    }
  }

  #keep(key: string, network: NetworkObject, address: string | undefined): void {
    const taken = this.#takenIn(network)
    if (address === undefined || taken.has(address)) return
    if (!network.pools.some((pool) => isInRange(pool, address))) return
    taken.add(address)
    this.#kept.set(key, address)
  }

  #takenIn(network: NetworkObject): Set<string> {
    const domain = this.#domain(network)
    const taken = this.#taken.get(domain) ?? new Set()
    this.#taken.set(domain, taken)
    return taken
  }

  #domain({ id, name, host, driver, options }: NetworkObject): string {
    if (driver === 'overlay') return `overlay ${name}`
    const own = this.#interfaces.get(host)
    return (own && segmentBelow({ driver, options }, own)) ?? id
  }
}

function canonical(text: string): string {
  const address = readIp(text)
  return address === undefined ? text : formatIpNumber(address)
}

function isInRange({ subnet, ipRange }: ResolvedPool, text: string): boolean {
  const range: Cidr | undefined = readSubnet(ipRange ?? subnet)
  const address = readIp(text)
  return range !== undefined && address !== undefined && isInside(range, address)
}
