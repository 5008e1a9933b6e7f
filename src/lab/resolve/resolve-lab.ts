import type { Complaints } from '../../model/file/problem.ts'
import type { LabTopology } from '../topology/topology.ts'
import { given } from '../topology/written-settings.ts'
import type { LabObject, NetworkObject, ResolvedLab } from './lab-object.ts'
import { previousOf } from './previous.ts'
import { resolveContainers } from './resolve-endpoints.ts'
import { resolveNetworks } from './resolve-networks.ts'
import { resolveFirewalls, resolveRoutes, resolveWiring } from './resolve-nodes.ts'
import { resolvePeers } from './resolve-overlays.ts'
import { PublishedPorts } from './resolve-ports.ts'
import { resolveBalancing } from './resolve-services.ts'

export interface ResolveOptions {
  /** What is built of an earlier version of the file. */
  readonly previous?: ResolvedLab
  /** Told when nothing is left to choose from. */
  readonly complaints: Complaints
}

/** Chooses whatever a lab file leaves open. The same file gives the same lab. */
export function resolveLab(topology: LabTopology, { previous, complaints }: ResolveOptions): ResolvedLab {
  const known = previousOf(previous)
  const wiring = resolveWiring(topology)
  const routes = resolveRoutes(topology, wiring)
  const networks = resolveNetworks(topology, { wiring: [...wiring, ...routes], previous: known, complaints })
  const ports = new PublishedPorts(topology, previous, complaints)
  const containers = resolveContainers(topology, { networks, previous: known, ports, complaints })
  return {
    format: 1,
    name: topology.name,
    objects: [
      ...wiring,
      ...routes,
      ...networks,
      ...withPeers(topology, networks, containers),
      ...resolveFirewalls(topology),
    ],
    checks: topology.checks.map(({ check }) => check),
    ...given({ description: topology.description }),
  }
}

/** Peers follow the endpoints that they are told of, and come before the workloads that talk to them. */
function withPeers(
  topology: LabTopology,
  networks: readonly NetworkObject[],
  containers: ReturnType<typeof resolveContainers>,
): LabObject[] {
  const services = containers.filter((object) => object.kind === 'service')
  const endpoints = containers.filter((object) => object.kind === 'endpoint')
  return [
    ...containers.filter(({ kind }) => kind !== 'workload'),
    ...resolvePeers(networks, endpoints),
    ...resolveBalancing(topology, { services, networks, endpoints }),
    ...containers.filter(({ kind }) => kind === 'workload'),
  ]
}
