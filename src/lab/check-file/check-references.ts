import type { Complaints, Path } from '../../model/file/problem.ts'
import { didYouMean } from '../../model/nearest.ts'
import type { ContainerSpec, LabTopology, NetworkSpec } from '../topology/topology.ts'
import type { WrittenNames } from './written-names.ts'

/** Names that mean nothing, or nothing in their place. */
export function checkReferences(topology: LabTopology, names: WrittenNames, complaints: Complaints): void {
  for (const { what, name, at, known } of referencesIn(topology, names)) {
    if (!known.has(name)) complaints.error(at, `there is no ${what} ${name}${didYouMean(name, known.keys())}`)
  }
  for (const { at, ends } of topology.links) {
    if (ends[0].node === ends[1].node) complaints.error(at, `both ends are at ${ends[0].node}`)
  }
  for (const container of topology.containers) checkNetworks(container, names, complaints)
}

interface Reference {
  readonly what: string
  readonly name: string
  readonly at: Path
  readonly known: ReadonlyMap<string, unknown> | ReadonlySet<string>
}

function referencesIn({ nodes, links, networks, containers, checks }: LabTopology, names: WrittenNames): Reference[] {
  const hosts = new Set(nodes.filter(({ kind }) => kind === 'host').map(({ name }) => name))
  const everywhere = new Set([...names.containers, ...names.nodes.keys()])
  const segment = nodes.flatMap(({ attachments }) => attachments.map(({ at, segment: name }) => ({ name, at })))
  const end = links.flatMap(({ ends }) => ends.map(({ at, node: name }) => ({ name, at })))
  const host = [
    ...networks.flatMap(({ at, hosts: on, predefined }) =>
      on.map((name) => ({ name, at: predefined ? at : [...at, 'host'] })),
    ),
    // an empty name was complained about where the host is missing
    ...containers.flatMap(({ at, host: name }) => (name === '' ? [] : [{ name, at: [...at, 'host'] }])),
  ]
  const other = containers.flatMap(({ links: linked, dependsOn }) =>
    [...linked, ...dependsOn].map(({ at, container: name }) => ({ name, at })),
  )
  const from = checks.flatMap(({ at, from: name }) => (name === undefined ? [] : [{ name, at: [...at, 'from'] }]))
  return [
    ...segment.map((each) => ({ ...each, what: 'segment', known: names.segments })),
    ...end.map((each) => ({ ...each, what: 'host or router', known: names.nodes })),
    ...host.map((each) => ({ ...each, what: 'host', known: hosts })),
    ...other.map((each) => ({ ...each, what: 'container', known: names.containers })),
    ...from.map((each) => ({ ...each, what: 'container, host or router', known: everywhere })),
  ]
}

function checkNetworks(container: ContainerSpec, { networks }: WrittenNames, complaints: Complaints): void {
  const { endpoints, host } = container
  const seen = new Set<string>()
  for (const { at, network: name } of endpoints) {
    const network = networks.get(name)
    if (network === undefined) {
      const all = [...networks.keys(), 'bridge', 'host', 'none']
      complaints.error(at, `there is no network ${name}${didYouMean(name, all)}`)
    } else if (!network.hosts.includes(host) && network.hosts.length > 0 && host !== '') {
      complaints.error(at, `the network ${name} is on ${network.hosts.join(', ')}, the container on ${host}`)
    }
    if (seen.has(name)) complaints.error(at, `the network ${name} is named twice`)
    seen.add(name)
  }
  checkTogether(container, networks, complaints)
}

/** As Docker refuses it: a container in the networks host or none is in no other. */
function checkTogether(
  { endpoints, ports, at }: ContainerSpec,
  networks: ReadonlyMap<string, NetworkSpec>,
  complaints: Complaints,
): void {
  const alone = endpoints.find(({ network }) => ['host', 'none'].includes(networks.get(network)?.driver ?? ''))
  if (alone === undefined) return
  if (endpoints.length > 1) {
    complaints.error(alone.at, `a container in the network ${alone.network} cannot be in another one`)
  }
  if (ports.length > 0) {
    complaints.warning([...at, 'ports'], `published ports are discarded in the network ${alone.network}`)
  }
}
