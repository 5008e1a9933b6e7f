import { type NodeInterfaces, nodeInterfaces } from '../topology/node-interfaces.ts'
import type { LabTopology, NetworkSpec, NodeSpec, SegmentSpec } from '../topology/topology.ts'

/** What a name in a lab file can mean. */
export interface WrittenNames {
  readonly segments: ReadonlyMap<string, SegmentSpec>
  readonly nodes: ReadonlyMap<string, NodeSpec>
  /** By the name of the host or router. */
  readonly interfaces: ReadonlyMap<string, NodeInterfaces>
  readonly networks: ReadonlyMap<string, NetworkSpec>
  readonly containers: ReadonlySet<string>
}

export function writtenNames(topology: LabTopology): WrittenNames {
  const { segments, nodes, networks, containers } = topology
  return {
    segments: byName(segments),
    nodes: byName(nodes),
    interfaces: new Map(nodes.map((node) => [node.name, nodeInterfaces(topology, node)])),
    networks: byName(networks),
    containers: new Set(containers.map(({ name }) => name)),
  }
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [entry.name, entry]))
}

/** linux/if.h: IFNAMSIZ counts the final zero. */
export const LONGEST_INTERFACE = 15

/** Why a link cannot be called so; undefined = it can. */
export function interfaceProblem(name: string): string | undefined {
  const bytes = Buffer.byteLength(name)
  if (bytes > LONGEST_INTERFACE) {
    return `the interface name ${name} has ${bytes} characters, the kernel takes ${LONGEST_INTERFACE}`
  }
  const allowed = /^[^\s/:]+$/.test(name) && name !== '.' && name !== '..'
  return allowed ? undefined : `${JSON.stringify(name)} is no interface name`
}
