import type { HostSnapshot, Link, Namespace } from './snapshot.ts'
import { addressesByLink, type LinkPlace, nameOf, type Wiring, wiringOf } from './wiring.ts'

/** A namespace as a box. */
export interface TopologyNode {
  readonly inode: number
  readonly name: string
  /** Kind of its owner. */
  readonly owner: string
  readonly links: readonly TopologyLink[]
}

export interface TopologyLink {
  /** Unique in the graph: `INODE:IFINDEX`. */
  readonly id: string
  readonly index: number
  readonly name: string
  readonly kind: string
  readonly up: boolean
  readonly addresses: readonly string[]
}

/**
 * A connection between two links: the two ends of a veth, a port and its bridge, a link and the one below it, or a
 * vxlan and a remote VTEP (then `to` is the VTEP's address).
 */
export interface TopologyEdge {
  readonly kind: 'veth' | 'port' | 'parent' | 'tunnel'
  readonly from: string
  readonly to: string
}

export interface Topology {
  readonly hostname: string
  readonly nodes: readonly TopologyNode[]
  readonly edges: readonly TopologyEdge[]
}

/** The wiring of a host, of all namespaces or of some (an edge to one left out is left out as well). */
export function buildTopology(
  snapshot: HostSnapshot,
  namespaces: readonly Namespace[] = snapshot.namespaces,
): Topology {
  const wiring = wiringOf(snapshot)
  const shown = new Set(namespaces.map(({ inode }) => inode))
  const edges = namespaces.flatMap((namespace) =>
    namespace.links.flatMap((link) => edgesOf(wiring, { namespace, link }, shown)),
  )
  const isShown = ({ kind, to }: TopologyEdge): boolean => kind === 'tunnel' || shown.has(inodeOf(to))
  return { hostname: snapshot.hostname, nodes: namespaces.map(nodeOf), edges: edges.filter(isShown) }
}

function nodeOf(namespace: Namespace): TopologyNode {
  const { inode, owner, links } = namespace
  const addresses = addressesByLink(namespace)
  return {
    inode,
    name: nameOf(namespace),
    owner: owner.kind,
    links: links.map((link) => ({
      id: idOf(inode, link),
      index: link.index,
      name: link.name,
      kind: link.kind,
      up: link.flags.includes('UP') && !link.flags.includes('NO-CARRIER'),
      addresses: (addresses.get(link.index) ?? []).map(({ address }) => address),
    })),
  }
}

function idOf(inode: number, { index }: Pick<Link, 'index'>): string {
  return `${inode}:${index}`
}

/** Inode of the namespace that a link's id is in. */
export function inodeOf(id: string): number {
  return Number(id.slice(0, id.indexOf(':')))
}

function edgesOf(wiring: Wiring, { namespace, link }: LinkPlace, shown: ReadonlySet<number>): TopologyEdge[] {
  const from = idOf(namespace.inode, link)
  const edges: TopologyEdge[] = []
  const add = (kind: TopologyEdge['kind'], place: LinkPlace | undefined): void => {
    if (place !== undefined) edges.push({ kind, from, to: idOf(place.namespace.inode, place.link) })
  }
  const peer = wiring.peerOf(link)
  // both ends name each other: the one that comes first draws the line
  if (peer !== undefined && (isBefore({ namespace, link }, peer) || !shown.has(peer.namespace.inode))) add('veth', peer)
  add('parent', wiring.parentOf(link))
  const master = wiring.link(namespace.inode, link.master)
  if (master !== undefined) add('port', { namespace, link: master })
  if (link.kind === 'vxlan') for (const to of vtepsOf(namespace, link)) edges.push({ kind: 'tunnel', from, to })
  return edges
}

function isBefore(a: LinkPlace, b: LinkPlace): boolean {
  if (a.namespace.inode !== b.namespace.inode) return a.namespace.inode < b.namespace.inode
  return a.link.index < b.link.index
}

function vtepsOf({ fdb }: Namespace, { index, vxlan }: Link): readonly string[] {
  const told = fdb.filter((entry) => entry.link === index).flatMap(({ destination }) => destination ?? [])
  return [...new Set([...(vxlan?.remote === undefined ? [] : [vxlan.remote]), ...told])].filter(isUnicast)
}

/** A flooding entry leads to nobody in particular. */
function isUnicast(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::'
}
