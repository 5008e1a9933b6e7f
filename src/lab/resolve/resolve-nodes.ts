import { isInside } from '../../driver/ipam/cidr.ts'
import { readIp, readSubnetAddress } from '../check-file/ip.ts'
import { type NodeInterfaces, nodeInterfaces } from '../topology/node-interfaces.ts'
import type { LabTopology, NodeSpec, RouteSpec, SegmentSpec } from '../topology/topology.ts'
import { given } from '../topology/written-settings.ts'
import { labId, linkName } from './ids.ts'
import type {
  AttachmentObject,
  ExposeObject,
  FirewallObject,
  LabObject,
  LinkObject,
  NodeObject,
  RouteObject,
  SegmentObject,
  SysctlObject,
  VlanObject,
} from './lab-object.ts'

export function segmentId(name: string): string {
  return `segment ${name}`
}

export function nodeId(name: string): string {
  return `node ${name}`
}

export function interfaceId(node: string, name: string): string {
  return `interface ${node}:${name}`
}

/** Segments, machines, and the cables between them. */
export function resolveWiring(topology: LabTopology): readonly LabObject[] {
  const own = new Map(topology.nodes.map((node) => [node.name, nodeInterfaces(topology, node)]))
  const interfacesOf = (node: NodeSpec): NodeInterfaces => own.get(node.name) ?? { attachments: [], ends: [] }
  return [
    ...topology.segments.map(segmentObject),
    ...topology.nodes.map(nodeObject),
    ...topology.nodes.flatMap((node) => sysctlObjects(topology, node)),
    ...attachmentObjects(topology, interfacesOf),
    ...topology.nodes.flatMap((node) => vlanObjects(node, interfacesOf(node))),
    ...linkObjects(topology, interfacesOf),
    ...topology.nodes.flatMap((node) => exposeObjects(topology, node, interfacesOf(node))),
  ]
}

function segmentObject({ name, mtu }: SegmentSpec): SegmentObject {
  return { kind: 'segment', id: segmentId(name), needs: [], name, ...given({ mtu }) }
}

function nodeObject({ kind, name, docker }: NodeSpec): NodeObject {
  return { kind, id: nodeId(name), needs: [], name, docker }
}

/** A machine forwards when it is a router; a host does when its first network is made, as under Docker. */
function sysctlObjects(_topology: LabTopology, { name: node, kind, sysctls }: NodeSpec): readonly SysctlObject[] {
  const forwarding = { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' }
  const all = { ...(kind === 'router' ? forwarding : {}), ...sysctls }
  return Object.entries(all).map(([name, value]) => ({
    kind: 'sysctl',
    id: `sysctl ${node} ${name}`,
    needs: [nodeId(node)],
    node,
    name,
    value,
  }))
}

type InterfacesOf = (node: NodeSpec) => NodeInterfaces

/** Ports of a segment are called like the machine at the other end. */
function attachmentObjects({ nodes, segments }: LabTopology, interfacesOf: InterfacesOf): readonly AttachmentObject[] {
  const taken = new Map(segments.map(({ name }) => [name, new Set([SEGMENT_BRIDGE])]))
  return nodes.flatMap((node) =>
    interfacesOf(node).attachments.map(({ segment, interface: name, addresses, mac, mtu, shaping }) => {
      const ports = taken.get(segment) ?? new Set()
      const port = linkName(ports.has(node.name) ? `${node.name}:${name}` : node.name, ports)
      ports.add(port)
      return {
        kind: 'attachment' as const,
        id: interfaceId(node.name, name),
        needs: [segmentId(segment), nodeId(node.name)],
        segment,
        port,
        node: node.name,
        interface: name,
        addresses,
        shaping,
        ...given({ mac, mtu: mtu ?? segments.find((each) => each.name === segment)?.mtu }),
      }
    }),
  )
}

/** The bridge that a segment is. */
export const SEGMENT_BRIDGE = 'br0'

function vlanObjects({ name: node }: NodeSpec, { attachments }: NodeInterfaces): readonly VlanObject[] {
  return attachments.flatMap(({ interface: parent, vlans }) =>
    vlans.map(({ id: vlan, addresses }) => ({
      kind: 'vlan',
      id: interfaceId(node, `${parent}.${vlan}`),
      needs: [interfaceId(node, parent)],
      node,
      parent,
      vlan,
      interface: `${parent}.${vlan}`,
      addresses,
    })),
  )
}

function linkObjects({ nodes, links }: LabTopology, interfacesOf: InterfacesOf): readonly LinkObject[] {
  const ends = nodes.flatMap((node) => interfacesOf(node).ends)
  return links.flatMap((link) => {
    const [first, second] = link.ends.map(({ node }) =>
      ends.find((each) => each.link === link && each.end.node === node),
    )
    if (first === undefined || second === undefined) return []
    const [a, b] = [endOf(first.end), endOf(second.end)]
    return [
      {
        kind: 'link' as const,
        // one cable may end where another did before
        id: `link ${a.node}:${a.interface} ${b.node}:${b.interface}`,
        needs: [nodeId(a.node), nodeId(b.node)],
        ends: [a, b] as const,
        shaping: link.shaping,
        ...given({ mtu: link.mtu }),
      },
    ]
  })
}

function endOf({
  node,
  interface: name,
  addresses,
  mac,
}: NodeInterfaces['ends'][number]['end']): LinkObject['ends'][0] {
  return { node, interface: name, addresses, ...given({ mac }) }
}

function exposeObjects(
  { name: lab }: LabTopology,
  { name: node, expose }: NodeSpec,
  { expose: own }: NodeInterfaces,
): readonly ExposeObject[] {
  if (expose === undefined || own === undefined) return []
  return [
    {
      kind: 'expose',
      id: interfaceId(node, own),
      needs: [nodeId(node)],
      node,
      interface: own,
      addresses: expose.addresses,
      // the real machine has names of its own: nobody else makes one like this
      peerInterface: `tsx${labId(lab, node).slice(0, 10)}`,
      peers: expose.peers,
    },
  ]
}

/** Routes, once there are interfaces: also those to the gateways of the segments. */
export function resolveRoutes(topology: LabTopology, wiring: readonly LabObject[]): readonly RouteObject[] {
  return topology.nodes.flatMap((node) =>
    [...node.routes, ...gatewayRoutes(topology, node)].map(({ to, via, dev, metric, type }) => ({
      kind: 'route' as const,
      id: `route ${node.name} ${to}${to === 'default' && via !== undefined ? ` IPv${familyOf(via)}` : ''}${metric === undefined ? '' : ` metric ${metric}`}`,
      needs: [nodeId(node.name), ...waysTo(node, via, dev, wiring)],
      node: node.name,
      to,
      type,
      ...given({ via, dev, metric }),
    })),
  )
}

function gatewayRoutes({ segments }: LabTopology, { kind, attachments, routes }: NodeSpec): readonly RouteSpec[] {
  if (kind === 'router') return []
  const gateways = attachments.flatMap(({ at, segment, addresses }) =>
    (segments.find(({ name }) => name === segment)?.gateways ?? [])
      .filter((via) => addresses.some((address) => familyOf(address) === familyOf(via)))
      .map((via) => ({ at, to: 'default', via, type: 'unicast' as const })),
  )
  const hasDefault = (family: 4 | 6): boolean =>
    routes.some(({ to, via }) => to === 'default' && (via === undefined || familyOf(via) === family))
  return ([4, 6] as const).flatMap((family) => {
    const first = gateways.find(({ via }) => familyOf(via) === family)
    return first === undefined || hasDefault(family) ? [] : [first]
  })
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}

/** The kernel takes a route away with the interface that it leads through. */
function waysTo(
  { name: node }: NodeSpec,
  via: string | undefined,
  dev: string | undefined,
  wiring: readonly LabObject[],
): readonly string[] {
  const gateway = via === undefined ? undefined : readIp(via)
  const leads = (name: string, addresses: readonly string[]): boolean =>
    name === dev ||
    addresses.some((text) => {
      const subnet = readSubnetAddress(text)?.subnet
      return gateway !== undefined && subnet !== undefined && isInside(subnet, gateway)
    })
  return wiring.flatMap((object) => {
    if (object.kind === 'link') {
      return object.ends.some((end) => end.node === node && leads(end.interface, end.addresses)) ? [object.id] : []
    }
    if (object.kind !== 'attachment' && object.kind !== 'vlan' && object.kind !== 'expose') return []
    return object.node === node && leads(object.interface, object.addresses) ? [object.id] : []
  })
}

/** Rules of the machines themselves; they come after those of the networks, whose chains they may use. */
export function resolveFirewalls({ nodes }: LabTopology): readonly FirewallObject[] {
  return nodes.flatMap(({ name: node, firewall }) =>
    ([4, 6] as const).flatMap((family) => {
      const rules = firewall.filter((rule) => rule.family === family).map(({ table, line }) => ({ table, line }))
      if (rules.length === 0) return []
      return [{ kind: 'firewall', id: `firewall ${node} IPv${family}`, needs: [nodeId(node)], node, family, rules }]
    }),
  )
}
