import { hostname, release } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { dumpLinks, getNsid, type Link as KernelLink, NETLINK, NetlinkError } from 'netlink-ts'
import { messageOf, TsnetError } from '../errors.ts'
import { type DiscoveredNamespace, discoverNamespaces } from '../kernel/namespaces.ts'
import { isOwnNamespace } from '../kernel/own-namespace.ts'
import { readSocketProcesses } from '../kernel/socket-processes.ts'
import { labelNamespace, recogniseNetwork } from '../model/drivers.ts'
import {
  type ConntrackEntry,
  type Hidden,
  type HostSnapshot,
  type Kind,
  type Namespace,
  type NamespaceIdentity,
  type Owner,
  SNAPSHOT_FORMAT,
} from '../model/snapshot.ts'
import { identifyOwners, type OwnerOptions, type Owners } from '../owners/identify.ts'
import { type PortVlans, readPortVlans, withPortVlans } from './bridge-vlans.ts'
import { readConntrack } from './conntrack.ts'
import { readFeatures } from './features.ts'
import { readFirewallOf } from './firewall.ts'
import { kindOf, toLink } from './links.ts'
import { NamespaceNumbers, type WiredLink, type WiredNamespace } from './peers.ts'
import { NamespaceSession } from './session.ts'
import { NO_TABLES, READERS, type Shared, type Tables } from './tables.ts'

export interface InspectorOptions {
  /** How container engines are found and how long they may take. */
  readonly engines?: OwnerOptions
  /** It will be read again and again: what has not changed is not made again. Default false. */
  readonly remember?: boolean
}

/** One namespace we know of. */
interface Known {
  discovered: DiscoveredNamespace
  /** Absent when we may not enter it. */
  readonly session?: NamespaceSession
  links: readonly KernelLink[]
  vlans: PortVlans
  /** What the rows of its links were made of. */
  madeOf?: { readonly links: readonly KernelLink[]; readonly vlans: PortVlans; readonly numbers: NamespaceNumbers }
  tables: Tables
  /** Subject → why it could not be read, the last time. */
  readonly hidden: Map<string, Hidden>
  /** Inode → the number this namespace has for it; numbers last as long as both live. */
  readonly nsids: Map<number, number>
  /** Its row of the snapshot; absent after a change. */
  row?: Namespace
}

const NO_OWNERS: Owners = { owners: new Map(), containers: [], networks: [], hidden: [] }

/**
 * Reads this host: finds the namespaces, holds each open once, and reads tables on request.
 *
 * Use: {@link discover}, {@link identify}, then {@link read} as often as wished, {@link snapshot}, {@link close}.
 */
export class Inspector {
  readonly #known = new Map<number, Known>()
  readonly #options: InspectorOptions
  readonly #kinds = new Set<Kind>()
  #features: Readonly<Record<string, true | string>> | undefined
  #discoveryHidden: readonly Hidden[] = []
  #owners: Owners = NO_OWNERS
  /** Of the links as they were read last; absent when namespaces came or went, or a link is wired otherwise. */
  #numbers: NamespaceNumbers | undefined

  constructor(options: InspectorOptions = {}) {
    this.#options = options
  }

  /** Inodes of the namespaces known, the host's first. */
  get inodes(): readonly number[] {
    return [...this.#known.keys()]
  }

  /** Undefined for a namespace that is unknown or may not be entered. */
  sessionOf(inode: number): NamespaceSession | undefined {
    return this.#known.get(inode)?.session
  }

  /** Looks for namespaces that came and went. No namespace is entered. */
  discover(): { readonly added: readonly number[]; readonly removed: readonly number[] } {
    const { namespaces, hidden } = discoverNamespaces()
    const alive = namespaces.map(withoutOurselves).filter(({ paths }) => paths.length > 0)
    if (hidden.length !== this.#discoveryHidden.length) this.#numbers = undefined
    this.#discoveryHidden = hidden
    const found = new Set(alive.map(({ inode }) => inode))
    const removed = this.inodes.filter((inode) => !found.has(inode))
    for (const inode of removed) this.#forget(inode)
    return { added: alive.filter((discovered) => this.#meet(discovered)).map(({ inode }) => inode), removed }
  }

  /** True when it is new. */
  #meet(discovered: DiscoveredNamespace): boolean {
    const known = this.#known.get(discovered.inode)
    if (!known) return this.#open(discovered)
    if (!isSame(known.discovered, discovered)) delete known.row
    known.discovered = discovered
    return false
  }

  /** False when it went away before it could be opened. */
  #open(discovered: DiscoveredNamespace): boolean {
    this.#numbers = undefined
    const known: Known = {
      discovered,
      links: [],
      vlans: new Map(),
      tables: NO_TABLES,
      hidden: new Map(),
      nsids: new Map(),
    }
    try {
      const { inode, paths } = discovered
      const session = NamespaceSession.open(inode, paths, isOwnNamespace(inode), this.#options)
      this.#known.set(discovered.inode, { ...known, session })
    } catch (error) {
      if (error instanceof TsnetError && error.code === 'vanished') return false
      this.#known.set(discovered.inode, known)
      this.#hide(known, 'tables', error)
    }
    return true
  }

  #forget(inode: number): void {
    this.#numbers = undefined
    this.#known.get(inode)?.session?.close()
    this.#known.delete(inode)
  }

  /** Asks the container engines and the kernel's marks who owns what. Bounded by a deadline of its own. */
  async identify(): Promise<void> {
    const before = this.#owners
    const owners = await identifyOwners(
      [...this.#known.values()].map(({ discovered }) => discovered),
      this.#options.engines,
    )
    this.#owners = { ...owners, networks: owners.networks.map(labelled) }
    for (const [inode, known] of this.#known) {
      if (JSON.stringify(before.owners.get(inode)) !== JSON.stringify(owners.owners.get(inode))) delete known.row
    }
  }

  /**
   * Reads the given kinds of the given namespaces (default: all). Other ends of links are sought among all
   * namespaces whose links were ever read.
   *
   * @returns what tells, when it is asked, whether anything, be it a counter, is not as it was
   */
  async read(kinds: readonly Kind[], inodes: readonly number[] = this.inodes): Promise<() => boolean> {
    for (const kind of kinds) this.#kinds.add(kind)
    const chosen = inodes.map((inode) => this.#known.get(inode)).filter((known) => known !== undefined)
    const before = chosen.map(({ tables }) => tables)
    const shared = { socketProcesses: once(readSocketProcesses) }
    const withLinks = kinds.includes('links')
    for (const known of chosen) {
      if (withLinks) this.#readLinks(known)
      this.#readTables(known, kinds, shared)
    }
    if (withLinks) {
      this.#numbers ??= this.#resolveNumbers()
      for (const known of chosen) this.#makeLinkRows(known, this.#numbers)
    }
    if (kinds.includes('firewall')) await Promise.all(chosen.map((known) => this.#readFirewall(known)))
    const after = chosen.map(({ tables }) => tables)
    return () => after.some((tables, position) => !isDeepStrictEqual(tables, before[position]))
  }

  #readLinks(known: Known): void {
    const before = known.links
    this.#attempt(known, 'links', (session) => {
      known.links = dumpLinks(session.socket(NETLINK.ROUTE))
      known.vlans = readPortVlans(session, known.links)
      return {}
    })
    if (!isWiredAs(before, known.links)) this.#numbers = undefined
  }

  #resolveNumbers(): NamespaceNumbers {
    const all = [...this.#known.values()]
    return new NamespaceNumbers(
      all.map((known) => this.#wired(known)),
      { complete: this.#discoveryHidden.length === 0 && all.every(({ session }) => session) },
    )
  }

  #makeLinkRows(known: Known, numbers: NamespaceNumbers): void {
    const { links, vlans, madeOf, discovered } = known
    if (madeOf?.links === links && madeOf.vlans === vlans && madeOf.numbers === numbers) return
    known.madeOf = { links, vlans, numbers }
    set(known, { links: links.map((link) => withPortVlans(toLink(link, discovered.inode, numbers), vlans)) })
  }

  #wired(known: Known): WiredNamespace {
    return {
      inode: known.discovered.inode,
      links: known.links.map(
        (link): WiredLink => ({ index: link.index, kind: kindOf(link), linkIndex: link.link, netnsid: link.netnsid }),
      ),
      nsidOf: (other) => this.#nsidOf(known, other.inode),
    }
  }

  #nsidOf(known: Known, other: number): number | undefined {
    const cached = known.nsids.get(other)
    if (cached !== undefined) return cached
    const otherSession = this.sessionOf(other)
    if (!known.session || !otherSession) return undefined
    const nsid = getNsid(known.session.socket(NETLINK.ROUTE), { fd: otherSession.fd })
    if (nsid < 0) return undefined
    known.nsids.set(other, nsid)
    return nsid
  }

  #readTables(known: Known, kinds: readonly Kind[], shared: Shared): void {
    for (const kind of kinds) {
      if (kind === 'links' || kind === 'firewall') continue
      this.#attempt(known, kind, (session) => READERS[kind](session, known.discovered, shared))
    }
  }

  /** Its tracked connections; none when they may not be read, which is then told in `hidden`. */
  readConnections(inode: number): readonly ConntrackEntry[] {
    const known = this.#known.get(inode)
    let entries: readonly ConntrackEntry[] = []
    if (known) {
      this.#attempt(known, 'connections', (session) => {
        entries = readConntrack(session)
        return {}
      })
    }
    return entries
  }

  async #readFirewall(known: Known): Promise<void> {
    if (!known.session) return
    try {
      const { rules, chains, nftSets, hidden } = await readFirewallOf(known.session, this.#nameOf(known))
      set(known, { firewall: rules, chains, ...(nftSets.length === 0 ? {} : { nftSets }) })
      this.#replaceHidden(known, 'firewall', hidden)
    } catch (error) {
      this.#hide(known, 'firewall', error)
    }
  }

  /** What fails is told in `hidden`; the rest goes on. */
  #attempt(known: Known, subject: string, action: (session: NamespaceSession) => Partial<Tables>): void {
    if (!known.session) return
    try {
      set(known, action(known.session))
      known.hidden.delete(subject)
    } catch (error) {
      this.#hide(known, subject, error)
    }
  }

  #hide(known: Known, subject: string, error: unknown): void {
    known.hidden.set(subject, {
      subject: `${subject} of ${this.#nameOf(known)}`,
      namespace: known.discovered.inode,
      ...reasonOf(error),
    })
  }

  /** The kernel is read while the engines are still asked for names. */
  #named(hidden: Hidden, { discovered }: Known): Hidden {
    const nameless = ` of ${namelessOwner(discovered).name}`
    if (!hidden.subject.endsWith(nameless)) return hidden
    return { ...hidden, subject: `${hidden.subject.slice(0, -nameless.length)} of ${this.#ownerOf(discovered).name}` }
  }

  #replaceHidden(known: Known, subject: string, hidden: readonly Hidden[]): void {
    for (const key of known.hidden.keys()) if (key.startsWith(subject)) known.hidden.delete(key)
    for (const [position, one] of hidden.entries()) known.hidden.set(`${subject} ${position}`, one)
  }

  #ownerOf(discovered: DiscoveredNamespace): Owner {
    return this.#owners.owners.get(discovered.inode) ?? namelessOwner(discovered)
  }

  #nameOf({ discovered }: Known): string {
    return this.#ownerOf(discovered).name
  }

  #rowOf(known: Known, remoteDrivers: readonly string[]): Namespace {
    known.row ??= labelNamespace({ ...this.#identityOf(known.discovered), ...known.tables }, remoteDrivers)
    return known.row
  }

  #identityOf(discovered: DiscoveredNamespace): NamespaceIdentity {
    const { inode, names, pids } = discovered
    const containers = this.#owners.containers.filter(({ namespace }) => namespace === inode).map(({ name }) => name)
    return { inode, names: [...containers, ...names], owner: this.#ownerOf(discovered), pids }
  }

  /** What is known now. A namespace of which nothing was read again keeps its object. */
  snapshot(): HostSnapshot {
    const known = [...this.#known.values()]
    const remoteDrivers = this.#owners.networks.flatMap(({ madeBy }) => madeBy ?? [])
    this.#features ??= readFeatures()
    return {
      format: SNAPSHOT_FORMAT,
      takenAt: new Date().toISOString(),
      hostname: hostname(),
      kernel: release(),
      kinds: [...this.#kinds],
      features: this.#features,
      namespaces: known.map((one) => this.#rowOf(one, remoteDrivers)),
      containers: this.#owners.containers,
      networks: this.#owners.networks,
      hidden: [
        ...this.#discoveryHidden,
        ...this.#owners.hidden,
        ...known.flatMap((one) => [...one.hidden.values()].map((hidden) => this.#named(hidden, one))),
      ],
    }
  }

  close(): void {
    for (const inode of this.inodes) this.#forget(inode)
  }
}

function namelessOwner({ inode, names }: DiscoveredNamespace): Owner {
  return { kind: 'netns', name: names[0] ?? `net:[${inode}]` }
}

/** asm-generic/errno-base.h */
const EPERM = 1

/** Why something could not be read, and what would show it. */
function reasonOf(error: unknown): Pick<Hidden, 'reason' | 'hint'> {
  if (error instanceof NetlinkError && error.errno === EPERM) {
    return { reason: 'not permitted', hint: 'needs CAP_NET_ADMIN: run as root, or with --cap-add NET_ADMIN' }
  }
  const hint = error instanceof TsnetError ? error.hint : undefined
  return { reason: messageOf(error), ...(hint === undefined ? {} : { hint }) }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function set(known: Known, tables: Partial<Tables>): void {
  if (Object.entries(tables).every(([name, table]) => known.tables[name as keyof Tables] === table)) return
  known.tables = { ...known.tables, ...tables }
  delete known.row
}

function isWiredAs(before: readonly KernelLink[], links: readonly KernelLink[]): boolean {
  if (before === links) return true
  return before.length === links.length && links.every((link, position) => isOneWiring(link, before[position]))
}

function isOneWiring(a: KernelLink, b: KernelLink | undefined): boolean {
  return a.index === b?.index && a.kind === b.kind && a.link === b.link && a.netnsid === b.netnsid
}

function labelled(network: Owners['networks'][number]): Owners['networks'][number] {
  const madeBy = recogniseNetwork(network)
  return madeBy === undefined ? network : { ...network, madeBy }
}

/** Our own descriptors keep a namespace alive, but are no reason to show it. */
function withoutOurselves(discovered: DiscoveredNamespace): DiscoveredNamespace {
  if (!discovered.heldBy.some(({ pid }) => pid === process.pid)) return discovered
  const own = `/proc/${process.pid}/fd/`
  return {
    ...discovered,
    heldBy: discovered.heldBy.filter(({ pid }) => pid !== process.pid),
    paths: discovered.paths.filter((path) => !path.startsWith(own)),
  }
}

function isSame(a: DiscoveredNamespace, b: DiscoveredNamespace): boolean {
  return a.pids.join() === b.pids.join() && a.names.join('\n') === b.names.join('\n')
}
