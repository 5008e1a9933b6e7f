import type { Complaints } from '../../model/file/problem.ts'
import type { ContainerSpec, EndpointSpec, LabTopology } from '../topology/topology.ts'
import { given } from '../topology/written-settings.ts'
import { endpointId, FreeAddresses } from './free-addresses.ts'
import { labId } from './ids.ts'
import type { ContainerObject, EndpointObject, NetworkObject, ServiceObject, WorkloadObject } from './lab-object.ts'
import type { Previous } from './previous.ts'
import { networkId } from './resolve-networks.ts'
import { nodeId } from './resolve-nodes.ts'
import type { PublishedPorts } from './resolve-ports.ts'
import { resolveNames } from './resolve-services.ts'

export function containerId(name: string): string {
  return `container ${name}`
}

export interface EndpointResolution {
  readonly networks: readonly NetworkObject[]
  readonly previous: Previous
  readonly ports: PublishedPorts
  readonly complaints: Complaints
}

/** Containers after those that they depend on, then all their endpoints, which are made together, then workloads. */
export function resolveContainers(
  topology: LabTopology,
  resolution: EndpointResolution,
): readonly (ContainerObject | EndpointObject | WorkloadObject | ServiceObject)[] {
  const addresses = new FreeAddresses(topology, resolution)
  // a swarm gives a service its address before its tasks
  const services = resolveNames(topology, resolution, addresses)
  const containers = inOrder(topology.containers)
  const endpoints = containers.flatMap((container) =>
    container.endpoints.flatMap((endpoint) =>
      endpointObject(topology, container, { endpoint, addresses, ...resolution }),
    ),
  )
  return [
    ...containers.map((container) => containerObject(topology, container)),
    ...endpoints,
    ...services,
    ...containers.flatMap(workloadObjects),
  ]
}

function containerObject({ name: lab, networks }: LabTopology, container: ContainerSpec): ContainerObject {
  const { name, host, hostname, sysctls, dns, endpoints, balances } = container
  const hostNamespace = endpoints.some(
    ({ network }) => networks.find((each) => each.name === network)?.driver === 'host',
  )
  return {
    kind: 'container',
    id: containerId(name),
    needs: [nodeId(host)],
    name,
    host,
    containerId: labId(lab, 'container', name),
    hostname: hostname ?? name,
    sysctls,
    dns,
    hostNamespace,
    ...given({ balances }),
  }
}

function workloadObjects({ name, workload, environment }: ContainerSpec): readonly WorkloadObject[] {
  if (workload === undefined) return []
  const needs = [containerId(name)]
  return [{ kind: 'workload', id: `workload ${name}`, needs, container: name, workload, environment }]
}

interface ForEndpoint extends EndpointResolution {
  readonly endpoint: EndpointSpec
  readonly addresses: FreeAddresses
}

function endpointObject(
  { name: lab }: LabTopology,
  container: ContainerSpec,
  { endpoint, addresses, networks, ports }: ForEndpoint,
): readonly EndpointObject[] {
  const { name, host, links, exposed, mtu } = container
  const id = networkId(host, endpoint.network)
  const network = networks.find((each) => each.id === id)
  if (network === undefined) return []
  return [
    {
      kind: 'endpoint',
      id: endpointId(name, endpoint.network),
      needs: [containerId(name), id],
      container: name,
      host,
      network: endpoint.network,
      endpointId: labId(lab, 'endpoint', name, endpoint.network),
      aliases: endpoint.aliases,
      links: links.map(({ container: other, alias }) => ({ container: other, alias })),
      exposed,
      ports: ports.of(container),
      priority: endpoint.priority,
      options: endpoint.options,
      ...addresses.of(container, endpoint, network),
      ...given({ mac: endpoint.mac, interface: endpoint.interface, mtu }),
    },
  ]
}

/** Each after those that it depends on, else as in the file. There are no rings any more. */
function inOrder(containers: readonly ContainerSpec[]): readonly ContainerSpec[] {
  const byName = new Map(containers.map((container) => [container.name, container]))
  const ordered = new Set<ContainerSpec>()
  const place = (container: ContainerSpec): void => {
    if (ordered.has(container)) return
    for (const { container: name } of container.dependsOn) {
      const other = byName.get(name)
      if (other !== undefined) place(other)
    }
    ordered.add(container)
  }
  for (const container of containers) place(container)
  return [...ordered]
}
