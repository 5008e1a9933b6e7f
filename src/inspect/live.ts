import { type FSWatcher, watch } from 'node:fs'
import { type Message, NETLINK, NetlinkSocket, type Notification, Subscription } from 'netlink-ts'
import type { HostEvent } from '../model/event.ts'
import type { ConntrackEntry, HostSnapshot, Kind } from '../model/snapshot.ts'
import { Inspector, type InspectorOptions } from './inspector.ts'
import type { LiveHost, Wanted } from './live-host.ts'
import {
  CONNTRACK_GROUPS,
  NETFILTER_GROUPS,
  ROUTE_GROUPS,
  readConntrackNotification,
  readNftNotification,
  readRouteNotification,
  type Told,
} from './notifications.ts'

export interface LiveOptions extends InspectorOptions {
  /** Events of every connection made and ended; off unless asked for, a busy host has thousands a second. */
  readonly conntrack?: boolean
}

/** What is read of every namespace, whatever is on screen. */
const ALWAYS: readonly Kind[] = ['links', 'addrs']
/** Kinds of which the kernel sends no notification, or of which counters are shown. */
const POLLED: ReadonlySet<Kind> = new Set([
  'links',
  'firewall',
  'ipset',
  'ipvs',
  'conntrack',
  'sockets',
  'xfrm',
  'qdisc',
  'sysctl',
  'dns',
  'fdb',
])
const CHANGE_INTERVAL_MS = 100
/** A host on which nothing moves is looked at less and less often. Notifications are heard at once all the same. */
const POLL_INTERVAL_MS = { shortest: 1_000, longest: 4_000 } as const
/** Then the engine is asked again: names change without a kernel event. */
const IDENTIFY_MS = 10_000
const MAX_EVENTS = 2000
/** Room for bursts while the reader is busy; the kernel takes only what is used. */
const RECEIVE_BYTES = 4 * 1024 * 1024
/** Where names of namespaces come and go. */
const NAME_FOLDERS = ['/run/netns', '/run/docker/netns']

interface Source {
  readonly inode: number
  readonly protocol: number
}

/** Opens this host and keeps it up to date until {@link LiveHost.close}. */
export async function openLiveHost(options: LiveOptions = {}): Promise<LiveHost> {
  const host = new KernelHost(options)
  await host.start()
  return host
}

class KernelHost implements LiveHost {
  readonly #inspector: Inspector
  readonly #options: LiveOptions
  readonly #subscription = new Subscription<Source>((notification) => this.#hear(notification))
  readonly #unsubscribe = new Map<number, (() => void)[]>()
  readonly #stale = new Map<number, Set<Kind>>()
  readonly #listeners = new Set<() => void>()
  readonly #eventListeners = new Set<(event: HostEvent) => void>()
  readonly #watchers: FSWatcher[] = []
  #wanted: Wanted = { kinds: [], namespaces: [] }
  #snapshot: HostSnapshot
  #events: HostEvent[] = []
  #status: 'live' | 'resyncing' = 'live'
  #refreshing: Promise<void> = Promise.resolve()
  #changeTimer: NodeJS.Timeout | undefined
  #rediscover = false
  /** Of the first discovery; undefined once their notifications are heard. */
  #unheard: readonly number[] | undefined
  #pollTimer: NodeJS.Timeout | undefined
  #pollIntervalMs: number = POLL_INTERVAL_MS.shortest
  #identifiedMs = performance.now()
  #closed = false

  constructor(options: LiveOptions) {
    this.#options = options
    this.#inspector = new Inspector({ ...options, remember: true })
    this.#snapshot = this.#inspector.snapshot()
  }

  get snapshot(): HostSnapshot {
    return this.#snapshot
  }

  get status(): 'live' | 'resyncing' {
    return this.#status
  }

  get events(): readonly HostEvent[] {
    return this.#events
  }

  /** Shows what the kernel alone says at once; names of containers follow when the engines answer. */
  async start(): Promise<void> {
    const { added } = this.#inspector.discover()
    await this.#inspector.read(ALWAYS)
    this.#publish()
    this.#unheard = added
    this.#pollSoon()
    for (const folder of NAME_FOLDERS) this.#watchFolder(folder)
  }

  /**
   * Once somebody wants to know, and after they showed what was read first: hundreds of sockets take a while. What
   * changed between that reading and the first notification is found by reading again.
   */
  #listenSoon(): void {
    const inodes = this.#unheard
    this.#unheard = undefined
    if (inodes !== undefined) setImmediate(() => this.#listen(inodes))
  }

  #listen(inodes: readonly number[]): void {
    if (this.#closed) return
    for (const inode of inodes) {
      this.#listenTo(inode)
      this.#mark(inode, ALWAYS)
    }
    void this.#inspector.identify().then(() => this.#publish())
  }

  want(wanted: Wanted): void {
    this.#wanted = wanted
    for (const inode of this.#wantedInodes()) this.#mark(inode, wanted.kinds)
  }

  async conntrack(inode: number): Promise<readonly ConntrackEntry[]> {
    return this.#inspector.readConnections(inode)
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#eventListeners.add(listener)
    this.#listenSoon()
    return () => this.#eventListeners.delete(listener)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    this.#listenSoon()
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#pollTimer)
    clearTimeout(this.#changeTimer)
    for (const watcher of this.#watchers) watcher.close()
    await this.#refreshing
    await this.#subscription.close()
    this.#inspector.close()
  }

  #pollSoon(): void {
    clearTimeout(this.#pollTimer)
    this.#pollTimer = setTimeout(() => this.#poll(), this.#pollIntervalMs)
  }

  #watchFolder(folder: string): void {
    try {
      this.#watchers.push(watch(folder, () => this.#discoverSoon()).on('error', () => {}))
    } catch {
      // it does not exist yet: the poll finds what appears in it
    }
  }

  #discoverSoon(): void {
    this.#rediscover = true
    this.#changeSoon()
  }

  /** Sockets that hear of every change in one namespace. A group that we may not join stays unheard. */
  #listenTo(inode: number): void {
    const session = this.#inspector.sessionOf(inode)
    if (!session) return
    const groups: [protocol: number, groups: readonly number[]][] = [
      [NETLINK.ROUTE, ROUTE_GROUPS],
      [NETLINK.NETFILTER, [...NETFILTER_GROUPS, ...(this.#options.conntrack ? CONNTRACK_GROUPS : [])]],
    ]
    const ends: (() => void)[] = []
    for (const [protocol, numbers] of groups) {
      try {
        const socket = session.inside(
          () => new NetlinkSocket(protocol, { groups: numbers, receiveBuffer: RECEIVE_BYTES }),
        )
        ends.push(this.#subscription.add(socket, { inode, protocol }))
      } catch {
        // the poll still sees what changes
      }
    }
    this.#unsubscribe.set(inode, ends)
  }

  #hear({ tag, message, overrun }: Notification<Source>): void {
    if (overrun) {
      this.#status = 'resyncing'
      this.#record(tag.inode, {
        kind: 'overrun',
        action: 'resync',
        text: 'notifications were lost: everything is read again',
      })
      this.#mark(tag.inode, [...ALWAYS, ...this.#wanted.kinds])
      return
    }
    const told = this.#tell(tag, message)
    if (!told) return
    this.#record(tag.inode, told)
    if (told.stale) this.#mark(tag.inode, [told.stale])
    // A link that appears, leaves or gets another peer often means a namespace that does.
    if (told.stale === 'links') this.#rediscover = true
  }

  #tell({ inode, protocol }: Source, message: Message): Told | undefined {
    try {
      if (protocol === NETLINK.ROUTE) return readRouteNotification(message, (index) => this.#linkName(inode, index))
      return readNftNotification(message) ?? (this.#options.conntrack ? readConntrackNotification(message) : undefined)
    } catch {
      return { kind: 'overrun', action: 'resync', text: 'a notification could not be read', stale: 'links' }
    }
  }

  #linkName(inode: number, index: number): string {
    const namespace = this.#snapshot.namespaces.find((one) => one.inode === inode)
    return namespace?.links.find((link) => link.index === index)?.name ?? `if${index}`
  }

  #record(inode: number, { kind, action, text, object }: Told): void {
    const name = this.#snapshot.namespaces.find((one) => one.inode === inode)?.owner.name ?? String(inode)
    const event: HostEvent = {
      at: new Date().toISOString(),
      namespace: { inode, name },
      kind,
      action,
      text,
      ...(object === undefined ? {} : { object }),
    }
    this.#events = [...this.#events.slice(1 - MAX_EVENTS), event]
    for (const listener of this.#eventListeners) listener(event)
  }

  /** Only what is always fresh or on screen is read again. */
  #mark(inode: number, kinds: readonly Kind[]): void {
    const isWanted = this.#isWanted(inode)
    const useful = kinds.filter((kind) => ALWAYS.includes(kind) || (isWanted && this.#wanted.kinds.includes(kind)))
    if (useful.length > 0) {
      const stale = this.#stale.get(inode) ?? new Set()
      for (const kind of useful) stale.add(kind)
      this.#stale.set(inode, stale)
    }
    this.#changeSoon()
  }

  #isWanted(inode: number): boolean {
    const { namespaces } = this.#wanted
    return namespaces === 'all' || namespaces.includes(inode)
  }

  #wantedInodes(): readonly number[] {
    return this.#inspector.inodes.filter((inode) => this.#isWanted(inode))
  }

  #changeSoon(): void {
    if (this.#closed) return
    this.#changeTimer ??= setTimeout(() => {
      this.#changeTimer = undefined
      this.#refreshing = this.#refreshing.then(() => this.#refresh())
    }, CHANGE_INTERVAL_MS)
  }

  #poll(): void {
    this.#rediscover = true
    const kinds = [...new Set<Kind>(['links', ...this.#wanted.kinds])].filter((kind) => POLLED.has(kind))
    for (const inode of this.#wantedInodes()) this.#mark(inode, kinds)
    this.#changeSoon()
    this.#pollSoon()
  }

  #adaptPolls(moved: boolean): void {
    const { shortest, longest } = POLL_INTERVAL_MS
    const before = this.#pollIntervalMs
    this.#pollIntervalMs = moved ? shortest : Math.min(longest, before * 2)
    if (this.#pollIntervalMs < before) this.#pollSoon()
  }

  async #refresh(): Promise<void> {
    if (this.#closed) return
    await this.#discover()
    const stale = [...this.#stale]
    this.#stale.clear()
    let moved = false
    for (const [inode, kinds] of stale) {
      const hasMoved = await this.#inspector.read([...kinds], [inode])
      moved ||= hasMoved()
    }
    this.#adaptPolls(moved)
    this.#status = 'live'
    if (!this.#closed) this.#publish()
  }

  async #discover(): Promise<void> {
    if (!this.#rediscover) return
    this.#rediscover = false
    const { added, removed } = this.#inspector.discover()
    for (const inode of removed) this.#forget(inode)
    for (const inode of added) {
      this.#listenTo(inode)
      this.#stale.set(inode, new Set([...ALWAYS, ...(this.#isWanted(inode) ? this.#wanted.kinds : [])]))
    }
    if (added.length > 0 || performance.now() - this.#identifiedMs >= IDENTIFY_MS) {
      this.#identifiedMs = performance.now()
      await this.#inspector.identify()
    }
    for (const inode of added) this.#record(inode, { kind: 'namespace', action: 'new', text: 'namespace appeared' })
  }

  #forget(inode: number): void {
    this.#record(inode, { kind: 'namespace', action: 'deleted', text: 'namespace went away' })
    for (const end of this.#unsubscribe.get(inode) ?? []) end()
    this.#unsubscribe.delete(inode)
    this.#stale.delete(inode)
  }

  #publish(): void {
    const next = this.#inspector.snapshot()
    if (next === this.#snapshot) return
    this.#snapshot = next
    for (const listener of this.#listeners) listener()
  }
}
