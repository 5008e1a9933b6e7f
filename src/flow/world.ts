import type { ConntrackEntry, EndpointReference, HostSnapshot, Link, Namespace, Neighbour } from '../model/snapshot.ts'
import { linksOf, nameOf } from '../model/wiring.ts'
import type { Place, PlaceKind } from './journey.ts'

/** What a prediction is made from. */
export interface Facts {
  /** One a host; a path may cross from one to the other. */
  readonly snapshots: readonly HostSnapshot[]
  /** Tracked connections, by inode, one map a snapshot; a saved snapshot has none. */
  readonly connections?: readonly ReadonlyMap<number, readonly ConntrackEntry[]>[]
}

/** A namespace of one host, with everything that the packet's way through it is asked. */
export interface Space {
  readonly world: World
  /** Position of its snapshot. */
  readonly host: number
  readonly snapshot: HostSnapshot
  readonly namespace: Namespace
  readonly name: string
}

/** A link and the namespace it is in. */
export interface SpaceLink {
  readonly space: Space
  readonly link: Link
}

/** All namespaces of all hosts in the facts. */
export class World {
  readonly facts: Facts
  readonly spaces: readonly Space[]
  readonly #byInode: readonly ReadonlyMap<number, Space>[]
  #children: ReadonlyMap<Link, readonly SpaceLink[]> | undefined
  #outer: readonly SpaceLink[] | undefined

  constructor(facts: Facts) {
    this.facts = facts
    this.spaces = facts.snapshots.flatMap((snapshot, host) =>
      snapshot.namespaces.map((namespace) => ({ world: this, host, snapshot, namespace, name: nameOf(namespace) })),
    )
    this.#byInode = facts.snapshots.map(
      (_, host) =>
        new Map(this.spaces.filter((each) => each.host === host).map((space) => [space.namespace.inode, space])),
    )
  }

  space(host: number, inode: number): Space | undefined {
    return this.#byInode[host]?.get(inode)
  }

  /** The link that another one refers to; undefined when it is not visible in the facts. */
  other({ host }: Space, reference: EndpointReference | undefined): SpaceLink | undefined {
    if (reference?.namespace === undefined) return undefined
    const space = this.space(host, reference.namespace)
    const link = space && linksOf(space.namespace).get(reference.index)
    return space === undefined || link === undefined ? undefined : { space, link }
  }

  /** Links that have this one below them: vlan, macvlan, ipvlan. */
  childrenOf({ link }: SpaceLink): readonly SpaceLink[] {
    this.#children ??= this.#indexChildren()
    return this.#children.get(link) ?? NO_LINKS
  }

  #indexChildren(): ReadonlyMap<Link, readonly SpaceLink[]> {
    const children = new Map<Link, SpaceLink[]>()
    for (const child of this.#links()) {
      // what a VXLAN device is bound to does not hand it frames
      const parent = child.link.kind === 'vxlan' ? undefined : this.other(child.space, child.link.parent)
      if (parent === undefined) continue
      const list = children.get(parent.link)
      if (list === undefined) children.set(parent.link, [child])
      else list.push(child)
    }
    return children
  }

  /** Links whose other side is in no snapshot: hardware, and cables to namespaces that nobody could see. */
  get outerLinks(): readonly SpaceLink[] {
    this.#outer ??= this.#links().filter((each) => isOuter(each))
    return this.#outer
  }

  connectionsOf({ host, namespace }: Space): readonly ConntrackEntry[] {
    return this.facts.connections?.[host]?.get(namespace.inode) ?? []
  }

  #links(): SpaceLink[] {
    return this.spaces.flatMap((space) => space.namespace.links.map((link) => ({ space, link })))
  }
}

const NO_LINKS: readonly SpaceLink[] = []

const INNER_KINDS: ReadonlySet<string> = new Set(['loopback', 'bridge', 'vxlan', 'dummy', 'ifb', 'bond', 'vrf'])

function isOuter({ space, link }: SpaceLink): boolean {
  if (INNER_KINDS.has(link.kind)) return false
  if (link.parent !== undefined || link.kind === 'vlan') return space.world.other(space, link.parent) === undefined
  const peer = space.world.other(space, link.peer)
  return peer === undefined || peer.space.namespace.owner.kind === 'peer'
}

export function linkOf({ namespace }: Space, index: number | undefined): Link | undefined {
  return index === undefined ? undefined : linksOf(namespace).get(index)
}

const linksByName = new WeakMap<readonly Link[], ReadonlyMap<string, Link>>()

export function linkNamed({ namespace: { links } }: Space, name: string): Link | undefined {
  let byName = linksByName.get(links)
  if (byName === undefined) {
    byName = new Map(links.flatMap((link) => [link.name, ...(link.altnames ?? [])].map((each) => [each, link])))
    linksByName.set(links, byName)
  }
  return byName.get(name)
}

/** A number of sysctl; undefined when it was not read or this kernel lacks it. */
export function sysctlOf({ namespace }: Space, name: string): number | undefined {
  const value = namespace.sysctls[name]
  return value === undefined || value === '' ? undefined : Number(value)
}

const sysctlNames = new Map<string, Map<string, string>>()
/** Of links; a matrix over a large host asks for the same ones millions of times. */
const MOST_NAMES = 4096

/** One interface's sysctl, e.g. `net.ipv4.conf.eth0.rp_filter`; a dot in its name is a slash there. */
export function linkSysctlName(family: 4 | 6, link: string, key: string): string {
  const start = family === 4 ? key : `6 ${key}`
  let names = sysctlNames.get(link)
  if (names === undefined) {
    if (sysctlNames.size >= MOST_NAMES) sysctlNames.clear()
    names = new Map()
    sysctlNames.set(link, names)
  }
  let name = names.get(start)
  if (name === undefined) {
    name = `net.ipv${family}.conf.${link.includes('.') ? link.replaceAll('.', '/') : link}.${key}`
    names.set(start, name)
  }
  return name
}

export function linkSysctl(space: Space, link: Link, key: string, family: 4 | 6 = 4): number | undefined {
  return sysctlOf(space, linkSysctlName(family, link.name, key))
}

/** IN_DEV_MAXCONF: the greater of the interface's value and that of `all`. */
export function greatestSysctl(space: Space, link: Link, key: string): number {
  return Math.max(linkSysctl(space, link, key) ?? 0, sysctlOf(space, linkSysctlName(4, 'all', key)) ?? 0)
}

/** IN_DEV_ORCONF: set for the interface or for `all`. */
export function eitherSysctl(space: Space, link: Link, key: string): boolean {
  return greatestSysctl(space, link, key) !== 0
}

export function isUp({ flags }: Link): boolean {
  return flags.includes('UP')
}

/** Whether the kernel would send on it: up, and its other side as well. */
export function hasCarrier({ flags }: Link): boolean {
  return flags.includes('UP') && (flags.includes('LOWER_UP') || !flags.includes('NO-CARRIER'))
}

export function isLoopbackLink({ kind, flags }: Link): boolean {
  return kind === 'loopback' || flags.includes('LOOPBACK')
}

/** Links that have no MAC addresses, and so no neighbours to ask for. */
export function hasNoNeighbours({ flags, kind }: Link): boolean {
  return flags.includes('NOARP') || flags.includes('POINTOPOINT') || kind === 'loopback'
}

/** Whether a kind was read at all: an empty table may be one that nobody looked at. */
export function wasRead({ snapshot, namespace }: Space, kind: HostSnapshot['kinds'][number]): boolean {
  if (!snapshot.kinds.includes(kind)) return false
  return !snapshot.hidden.some(
    ({ namespace: inode, subject }) =>
      inode === namespace.inode && (subject.startsWith(kind) || subject.startsWith('tables')),
  )
}

/** Names the object, its namespace and its host. */
export function placeIn(space: Space, kind: PlaceKind, text: string, more: Partial<Place> = {}): Place {
  const host = space.world.facts.snapshots.length > 1 ? { host: space.host } : {}
  return { kind, namespace: space.namespace.inode, ...host, name: space.name, text, ...more }
}

/** linux/neighbour.h, NUD_VALID: states in which a packet is sent to the known MAC at once. */
const VALID: ReadonlySet<string> = new Set(['PERMANENT', 'NOARP', 'REACHABLE', 'PROBE', 'STALE', 'DELAY'])

export function isValid({ states, proxy }: Neighbour): boolean {
  return proxy !== true && states.some((state) => VALID.has(state))
}
