import { type Cidr, isInside } from '../../driver/ipam/cidr.ts'
import { readIp, readSubnet, readSubnetAddress } from '../check-file/ip.ts'
import type { LabTopology, NetworkSpec, NodeSpec } from './topology.ts'

/** An address of a host where others of the lab can be. */
interface Foothold {
  /** `segment lan`, `segment lan.10`, `link 0`. */
  readonly place: string
  /** Plain. */
  readonly address: string
  readonly subnet: Cidr
}

/**
 * The address that each host of an overlay network is known to the others by, as `docker swarm join --advertise-addr`
 * names it: on the first segment or cable that all such hosts are on, else its first IPv4 address. Hosts without one
 * are left out.
 */
export function vtepsOf(topology: LabTopology): ReadonlyMap<string, string> {
  const names = new Set(topology.networks.filter(({ driver }) => driver === 'overlay').flatMap(({ hosts }) => hosts))
  const footholds = new Map(
    topology.nodes.filter(({ name }) => names.has(name)).map((node) => [node.name, footholdsOf(topology, node)]),
  )
  const [first = [], ...others] = footholds.values()
  const shared = first.find(({ place }) => others.every((own) => own.some((each) => each.place === place)))?.place
  return new Map(
    [...footholds].flatMap(([host, own]) => {
      const chosen = own.find(({ place }) => place === shared) ?? own[0]
      return chosen === undefined ? [] : [[host, chosen.address] as const]
    }),
  )
}

/** Why hosts of an overlay network could not send each other VXLAN, a sentence each. */
export function underlayProblems(topology: LabTopology, { name, hosts }: NetworkSpec): readonly string[] {
  if (hosts.length < 2) return []
  const vteps = vtepsOf(topology)
  const nodes = topology.nodes.filter((node) => hosts.includes(node.name))
  const homeless = nodes.filter((node) => !vteps.has(node.name))
  if (homeless.length > 0) {
    return homeless.map(
      (node) => `${node.name} has no IPv4 address on a segment or link: ${name} needs one to span hosts`,
    )
  }
  return nodes.flatMap((from) =>
    nodes.flatMap((to) => {
      const vtep = vteps.get(to.name) ?? ''
      if (from === to || reaches(topology, { from, to, vtep })) return []
      return [
        `${from.name} does not reach ${to.name} at ${vtep}: they share no segment or link, and it has no route there`,
      ]
    }),
  )
}

function reaches(
  topology: LabTopology,
  { from, to, vtep }: { readonly from: NodeSpec; readonly to: NodeSpec; readonly vtep: string },
): boolean {
  const address = readIp(vtep)
  if (address === undefined) return false
  const there = footholdsOf(topology, to).find((foothold) => foothold.address === vtep)
  const isNear = footholdsOf(topology, from).some(
    ({ place, subnet }) => place === there?.place && isInside(subnet, address),
  )
  if (isNear) return true
  return from.routes.some(({ to: destination, type }) => {
    if (type !== 'unicast') return false
    const subnet = readSubnet(destination === 'default' ? '0.0.0.0/0' : destination)
    return subnet !== undefined && isInside(subnet, address)
  })
}

function footholdsOf({ links }: LabTopology, node: NodeSpec): readonly Foothold[] {
  const places = [
    ...node.attachments.flatMap(({ segment, addresses, vlans }) => [
      { place: `segment ${segment}`, addresses },
      ...vlans.map((vlan) => ({ place: `segment ${segment}.${vlan.id}`, addresses: vlan.addresses })),
    ]),
    ...links.flatMap(({ ends }, position) =>
      ends.filter((end) => end.node === node.name).map(({ addresses }) => ({ place: `link ${position}`, addresses })),
    ),
  ]
  return places.flatMap(({ place, addresses }) =>
    addresses.flatMap((text) => {
      const read = readSubnetAddress(text)
      if (read === undefined || read.subnet.family !== 4) return []
      return [{ place, address: text.replace(/\/.*/, ''), subnet: read.subnet }]
    }),
  )
}
