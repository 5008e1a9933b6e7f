import type { Complaints, Path } from '../../model/file/problem.ts'
import type { ServiceEntry } from '../file/lab-file.ts'
import { type ContainerContext, readContainer } from './read-container.ts'
import { predefinedNetwork } from './read-network.ts'
import { readPort } from './read-port.ts'
import type { ContainerSpec, EndpointSpec, NetworkSpec, ServicePort, ServiceSpec } from './topology.ts'
import { given, readNamed, readOneOrMore } from './written-settings.ts'

/** By way of which published ports of services reach their tasks. */
export const INGRESS = 'ingress'
const INGRESS_SUBNET = '10.0.0.0/24'
/** A swarm's manager counts VXLAN ids from it. */
const INGRESS_VNI = '4096'
const VNI_OPTION = 'com.docker.network.driver.overlay.vxlanid_list'

/** A service and the containers that it consists of. */
export interface ReadService {
  readonly service: ServiceSpec
  readonly tasks: readonly ContainerSpec[]
}

/** `docker service create`: so many containers, called `web.1`, `web.2`…, one host after the other. */
export function readService(name: string, entry: ServiceEntry, at: Path, context: ContainerContext): ReadService {
  const { host, replicas = 1, endpoint_mode: mode = 'vip', ports, networks, ...rest } = entry
  const hosts = host === undefined ? context.hosts : readOneOrMore(host)
  const published = (ports ?? []).flatMap((port, position) =>
    port === undefined ? [] : readServicePort(port, [...at, 'ports', position], context.complaints),
  )
  const tasks = Array.from({ length: replicas }, (_, position) =>
    readContainer(
      `${name}.${position + 1}`,
      { ...rest, ...given({ networks }), host: hosts[position % hosts.length] ?? '' },
      at,
      context,
    ),
  )
  const names = readNamed(networks).map((each) => each.name)
  const service = { at, name, hosts, mode, networks: names, ports: published, tasks: tasks.map((task) => task.name) }
  return { service, tasks: published.length === 0 ? tasks : tasks.map((task) => withIngress(task, at)) }
}

/** Docker connects the ingress network first. */
function withIngress(task: ContainerSpec, at: Path): ContainerSpec {
  return { ...task, endpoints: [plainEndpoint(INGRESS, at), ...task.endpoints] }
}

function plainEndpoint(network: string, at: Path): EndpointSpec {
  return { at, network, aliases: [], priority: 0, options: {} }
}

type WrittenPort = NonNullable<ServiceEntry['ports']>[number]

function readServicePort(entry: WrittenPort, at: Path, complaints: Complaints): readonly ServicePort[] {
  return readPort(entry, at, complaints).flatMap(({ protocol, hostPort, hostPortEnd, hostAddress, containerPort }) => {
    if (hostAddress !== undefined) complaints.error(at, 'a service publishes on every address of every host')
    if (hostPort === 0 || hostPort !== hostPortEnd) complaints.error(at, 'a service names the port that it publishes')
    return [{ at, protocol, published: hostPort, target: containerPort }]
  })
}

export interface Balanced {
  readonly containers: readonly ContainerSpec[]
  readonly networks: readonly NetworkSpec[]
}

/** The load balancers of services: one for each host of a network with virtual addresses, and of ingress. */
export function withBalancers(services: readonly ServiceSpec[], { containers, networks }: Balanced): Balanced {
  const ingress = ingressNetwork(services, networks)
  const all = [...networks, ...ingress]
  const balanced = new Set(services.flatMap(({ mode, networks: names }) => (mode === 'vip' ? names : [])))
  const own = all.filter(({ name, driver }) => driver === 'overlay' && (balanced.has(name) || name === INGRESS))
  return { containers: [...containers, ...own.flatMap(balancersOf)], networks: all }
}

/** On every host with an overlay, whoever runs a task. */
function ingressNetwork(services: readonly ServiceSpec[], networks: readonly NetworkSpec[]): readonly NetworkSpec[] {
  const first = services.find(({ ports }) => ports.length > 0)
  if (first === undefined || networks.some(({ name }) => name === INGRESS)) return []
  const hosts = [...new Set(networks.filter(({ driver }) => driver === 'overlay').flatMap((network) => network.hosts))]
  return [
    {
      ...predefinedNetwork(INGRESS, hosts, first.at),
      driver: 'overlay',
      pools: [{ at: first.at, subnet: INGRESS_SUBNET, auxAddresses: {} }],
      options: { [VNI_OPTION]: INGRESS_VNI },
    },
  ]
}

/** Names of its namespace on a host: an engine calls it `lb_` and the first nine of the network's id, or `ingress_sbox`. */
export function balancerName(network: string, host: string): string {
  return network === INGRESS ? `ingress_sbox.${host}` : `lb_${network}.${host}`
}

function balancersOf({ name: network, hosts, at }: NetworkSpec): readonly ContainerSpec[] {
  return hosts.map((host) => ({
    at,
    name: balancerName(network, host),
    host,
    endpoints: [plainEndpoint(network, at)],
    ports: [],
    exposed: [],
    links: [],
    // what an engine's sandboxes have from their host: answers of tasks are for the one who asked
    sysctls: { 'net.ipv4.ip_forward': '1' },
    environment: {},
    dns: { servers: [], search: [], options: [] },
    dependsOn: [],
    balances: network,
  }))
}
