import type { HostSnapshot, Link, Namespace } from '../../model/snapshot.ts'
import { nameOf, wiringOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import { type Group, groupNamespaces } from '../groups.ts'
import type { Scope } from '../place.ts'

/** A namespace, or all namespaces of one owner where there are too many. */
export interface Box {
  readonly id: string
  /** Where enter on it goes. */
  readonly scope: Scope
  readonly title: string
  /** One line a link, ports set in below their bridge. */
  readonly lines: readonly string[]
  /** Of each line, the name of its link; of a box of several namespaces nothing. */
  readonly links: readonly string[]
  /** Inodes. */
  readonly namespaces: readonly number[]
}

/** A cable between two lines of two boxes. */
export interface Cable {
  readonly a: { readonly box: number; readonly line: number }
  readonly b: { readonly box: number; readonly line: number }
}

export interface Graph {
  readonly boxes: readonly Box[]
  readonly cables: readonly Cable[]
}

/** More boxes than this are drawn by owner: nobody reads such a drawing. */
export const MOST_BOXES = 40
/** More links of one namespace than this are counted. */
const MOST_LINES = 60
/** Characters of a name in a box. */
const LONGEST = 40

/** Boxes and cables of these namespaces and of those they are wired to. */
export function graphOf(snapshot: HostSnapshot, namespaces: readonly Namespace[]): Graph {
  const shown = withNeighbours(snapshot, namespaces)
  return shown.length > MOST_BOXES ? ownerGraph(snapshot, shown) : namespaceGraph(snapshot, shown)
}

function withNeighbours(snapshot: HostSnapshot, namespaces: readonly Namespace[]): readonly Namespace[] {
  const inodes = new Set(namespaces.map(({ inode }) => inode))
  for (const namespace of namespaces) {
    for (const { peer, parent } of namespace.links) {
      if (peer?.namespace !== undefined) inodes.add(peer.namespace)
      if (parent?.namespace !== undefined) inodes.add(parent.namespace)
    }
  }
  return snapshot.namespaces.filter(({ inode }) => inodes.has(inode))
}

function namespaceGraph(snapshot: HostSnapshot, namespaces: readonly Namespace[]): Graph {
  const wiring = wiringOf(snapshot)
  const ends = new Map<Link, { box: number; line: number }>()
  const boxes = namespaces.map((namespace, box) => {
    const links = orderedLinks(namespace).slice(0, MOST_LINES)
    for (const [line, { link }] of links.entries()) ends.set(link, { box, line })
    return {
      id: String(namespace.inode),
      scope: namespace.inode,
      title: sanitise(nameOf(namespace), { max: LONGEST }),
      lines: links.map(({ link, indent }) => indent + linkText(link, namespace)),
      links: links.map(({ link }) => link.name),
      namespaces: [namespace.inode],
    }
  })
  const cables: Cable[] = []
  for (const namespace of namespaces) {
    for (const link of namespace.links) {
      const a = ends.get(link)
      const other = wiring.peerOf(link) ?? wiring.parentOf(link)
      const b = other === undefined ? undefined : ends.get(other.link)
      // a veth is seen from both ends
      const isSecond = link.peer !== undefined && a !== undefined && b !== undefined && a.box > b.box
      if (a !== undefined && b !== undefined && a.box !== b.box && !isSecond) cables.push({ a, b })
    }
  }
  return { boxes, cables }
}

/** Bridges with their ports first, then the rest; loopback and unused default devices say nothing about wiring. */
function orderedLinks(namespace: Namespace): readonly { readonly link: Link; readonly indent: string }[] {
  const wired = namespace.links.filter((link) => isWiring(link, namespace))
  const masters = wired.filter(({ index }) => wired.some(({ master }) => master === index) || isBridge(wired, index))
  const inMaster = new Set(masters.map(({ index }) => index))
  return [
    ...masters.flatMap((master) => [
      { link: master, indent: '' },
      ...wired.filter(({ master: index }) => index === master.index).map((link) => ({ link, indent: '├ ' })),
    ]),
    ...wired
      .filter(({ index, master }) => !inMaster.has(index) && (master === undefined || !inMaster.has(master)))
      .map((link) => ({ link, indent: '' })),
  ]
}

function isBridge(links: readonly Link[], index: number): boolean {
  return links.some((link) => link.index === index && link.kind === 'bridge')
}

function isWiring(link: Link, { addresses }: Namespace): boolean {
  if (link.kind === 'loopback') return false
  return (
    link.flags.includes('UP') ||
    link.master !== undefined ||
    link.peer !== undefined ||
    addresses.some((each) => each.link === link.index)
  )
}

function linkText(link: Link, { addresses }: Namespace): string {
  const address = addresses.find((each) => each.link === link.index && each.scope !== 'link')?.address
  const detail = link.vxlan === undefined ? '' : ` vni ${link.vxlan.vni}`
  const state = link.flags.includes('UP') ? '' : ' down'
  return `${sanitise(link.name, { max: LONGEST })}${address === undefined ? '' : ` ${address}`}${detail}${state}`
}

/** One box an owner; parallel cables become one. */
function ownerGraph(snapshot: HostSnapshot, namespaces: readonly Namespace[]): Graph {
  const shown = new Set(namespaces.map(({ inode }) => inode))
  const groups = groupNamespaces(snapshot)
    .map((group) => ({ ...group, namespaces: group.namespaces.filter(({ inode }) => shown.has(inode)) }))
    .filter((group) => group.namespaces.length > 0)
  const boxOf = new Map(groups.flatMap((group, box) => group.namespaces.map(({ inode }) => [inode, box] as const)))
  const lines = groups.map((group) => [`${group.namespaces.length} namespaces`])
  const pairs = countCables(namespaces, boxOf)
  const cables = [...pairs].map(([pair, count]): Cable => {
    const [a = 0, b = 0] = pair.split(' ').map(Number)
    return {
      a: { box: a, line: pushLine(lines[a], `${count} to ${groups[b]?.title}`) },
      b: { box: b, line: pushLine(lines[b], `${count} to ${groups[a]?.title}`) },
    }
  })
  return { boxes: groups.map((group, box) => ownerBox(group, lines[box] ?? [])), cables }
}

function ownerBox(group: Group, lines: readonly string[]): Box {
  const [first] = group.namespaces
  const isHost = group.namespaces.length === 1 && first !== undefined
  return {
    id: group.id,
    scope: isHost ? first.inode : group.id,
    title: sanitise(group.title, { max: LONGEST }),
    lines: lines.map((text) => sanitise(text, { max: LONGEST })),
    links: [],
    namespaces: group.namespaces.map(({ inode }) => inode),
  }
}

function pushLine(lines: string[] = [], text: string): number {
  return lines.push(text) - 1
}

/** `A B` (box numbers, the smaller first) → how many cables run between the two. */
function countCables(
  namespaces: readonly Namespace[],
  boxOf: ReadonlyMap<number, number>,
): ReadonlyMap<string, number> {
  const pairs = new Map<string, number>()
  for (const { inode, links } of namespaces) {
    for (const link of links) {
      const pair = pairOf(boxOf.get(inode), link, boxOf)
      if (pair !== undefined) pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    }
  }
  return pairs
}

/** The boxes that a link connects; of the two ends of a veth only one counts. */
function pairOf(a: number | undefined, { peer, parent }: Link, boxOf: ReadonlyMap<number, number>): string | undefined {
  const other = peer?.namespace ?? parent?.namespace
  const b = other === undefined ? undefined : boxOf.get(other)
  if (a === undefined || b === undefined || a === b) return undefined
  if (peer !== undefined && a > b) return undefined
  return `${Math.min(a, b)} ${Math.max(a, b)}`
}
