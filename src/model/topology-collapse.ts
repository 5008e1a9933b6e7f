import { inodeOf, type Topology, type TopologyEdge, type TopologyLink, type TopologyNode } from './topology.ts'
import { groupBy } from './wiring.ts'

/** More boxes than this are no drawing that anybody reads. */
const MOST_BOXES = 60

/** Far from the numbers of namespaces that are not visible, which count down from -1. */
const FIRST_GROUP = -1_000_000

/**
 * A drawing of a large host: all namespaces of one kind of owner become one box (the host stays itself), and what
 * ran from each of them to a bridge becomes one line. A small host is left as it is.
 */
export function collapseTopology(topology: Topology, most = MOST_BOXES): Topology {
  if (topology.nodes.length <= most) return topology
  const kept = topology.nodes.filter(({ owner }) => owner === 'host')
  const groups = groupsOf(topology.nodes.filter(({ owner }) => owner !== 'host'))
  const groupOf = new Map([...groups.values()].flatMap(({ members, link }) => members.map((inode) => [inode, link.id])))
  const masters = new Map(topology.edges.filter(({ kind }) => kind === 'port').map(({ from, to }) => [from, to]))
  const cables = topology.edges.filter(({ kind }) => kind === 'veth')
  const absorbed = new Set(cables.flatMap((edge) => portsToGroups(edge, groupOf, masters)))
  const place = (id: string): string => groupOf.get(inodeOf(id)) ?? (absorbed.has(id) ? (masters.get(id) ?? id) : id)
  const edges = topology.edges.map((edge) => ({
    ...edge,
    from: place(edge.from),
    to: edge.kind === 'tunnel' ? edge.to : place(edge.to),
  }))
  const nodes = kept.map((node) => ({ ...node, links: node.links.filter(({ id }) => !absorbed.has(id)) }))
  return { ...topology, nodes: [...nodes, ...[...groups.values()].map(boxOf)], edges: distinct(edges) }
}

interface Group {
  readonly owner: string
  readonly inode: number
  readonly link: TopologyLink
  readonly members: readonly number[]
}

function groupsOf(nodes: readonly TopologyNode[]): ReadonlyMap<string, Group> {
  const groups = [...groupBy(nodes, ({ owner }) => owner)].map(([owner, members], position): [string, Group] => {
    const inode = FIRST_GROUP - position
    const name = `${members.length} namespaces`
    const link = { id: `${inode}:0`, index: 0, name, kind: 'collapsed', up: true, addresses: [] }
    return [owner, { owner, inode, link, members: members.map((member) => member.inode) }]
  })
  return new Map(groups)
}

function boxOf({ owner, inode, link }: Group): TopologyNode {
  return { inode, name: owner, owner, links: [link] }
}

/** The end of a cable that is a port of a bridge here, when the other end is in a group. */
function portsToGroups(
  { from, to }: TopologyEdge,
  groupOf: ReadonlyMap<number, string>,
  masters: ReadonlyMap<string, string>,
): readonly string[] {
  const isPort = (id: string, other: string): boolean =>
    !groupOf.has(inodeOf(id)) && groupOf.has(inodeOf(other)) && masters.has(id)
  return [isPort(from, to) ? from : '', isPort(to, from) ? to : ''].filter((id) => id !== '')
}

function distinct(edges: readonly TopologyEdge[]): readonly TopologyEdge[] {
  const between = edges.filter(({ from, to }) => from !== to)
  return [...new Map(between.map((edge) => [`${edge.kind} ${edge.from} ${edge.to}`, edge])).values()]
}
