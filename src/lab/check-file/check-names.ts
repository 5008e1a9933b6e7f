import type { Complaints, Path } from '../../model/file/problem.ts'
import { nodeInterfaces } from '../topology/node-interfaces.ts'
import type { LabTopology, LinkEndSpec, NodeSpec } from '../topology/topology.ts'
import { interfaceProblem } from './written-names.ts'

/** Names that are there twice, or that the kernel would not take. */
export function checkNames(topology: LabTopology, complaints: Complaints): void {
  checkUnique(topology, complaints)
  for (const node of topology.nodes) checkInterfaces(topology, node, complaints)
  for (const { at, options } of topology.networks) {
    for (const [key, suffix] of INTERFACE_OPTIONS) {
      const name = options[key]
      checkInterface(name === undefined ? undefined : name + suffix, [...at, 'options', key], complaints)
    }
  }
  for (const { endpoints } of topology.containers) {
    for (const { at, interface: name } of endpoints) checkInterface(name, [...at, 'interface'], complaints)
  }
}

/** Of a prefix, the shortest name that it leads to. */
const INTERFACE_OPTIONS = [
  ['com.docker.network.bridge.name', ''],
  ['com.docker.network.container_iface_prefix', '0'],
] as const

function checkInterface(name: string | undefined, at: Path, complaints: Complaints): void {
  const problem = name === undefined ? undefined : interfaceProblem(name)
  if (problem !== undefined) complaints.error(at, problem)
}

/** All of them become namespaces side by side. */
function checkUnique({ segments, nodes, containers }: LabTopology, complaints: Complaints): void {
  const seen = new Map<string, string>()
  const kinds = [
    ...segments.map(({ name, at }) => ({ what: 'segment', name, at })),
    ...nodes.map(({ kind, name, at }) => ({ what: kind, name, at })),
    ...containers.map(({ name, at }) => ({ what: 'container', name, at })),
  ]
  for (const { what, name, at } of kinds) {
    const other = seen.get(name)
    if (other !== undefined) complaints.errorAtKey(at, `the name ${name} belongs to a ${other} already`)
    else seen.set(name, what)
  }
}

function endsOf({ links }: LabTopology, { name }: NodeSpec): readonly LinkEndSpec[] {
  return links.flatMap(({ ends }) => ends.filter(({ node }) => node === name))
}

function checkInterfaces(topology: LabTopology, node: NodeSpec, complaints: Complaints): void {
  const seen = new Set<string>()
  for (const { at, interface: name } of [...node.attachments, ...endsOf(topology, node)]) {
    if (name === undefined) continue
    checkInterface(name, [...at, 'interface'], complaints)
    if (seen.has(name)) complaints.error([...at, 'interface'], `${node.name} has two interfaces ${name}`)
    seen.add(name)
  }
  for (const { vlans, interface: name } of nodeInterfaces(topology, node).attachments) {
    for (const { at, id } of vlans) {
      const problem = id < 1 || id > 4094 ? `a VLAN id is from 1 to 4094, not ${id}` : interfaceProblem(`${name}.${id}`)
      if (problem !== undefined) complaints.errorAtKey(at, problem)
    }
  }
}
