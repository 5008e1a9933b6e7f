import { TsnetError } from '../errors.ts'
import { World } from '../flow/world.ts'
import { Inspector } from '../inspect/inspector.ts'
import type { NamespaceSession } from '../inspect/session.ts'
import type { Flow } from '../model/journey.ts'
import { VXLAN_PORTS } from '../model/packets/decode-packet.ts'
import { type ConntrackEntry, type HostSnapshot, KINDS, type Kind, type Namespace } from '../model/snapshot.ts'
import type { MovedCounter } from '../model/trace.ts'
import { nameOf } from '../model/wiring.ts'
import type { OwnerOptions } from '../owners/identify.ts'
import { type Counters, movedCounters, movedRows, readCounters } from './counters.ts'

/** Neither predictions nor traces look at it. */
const UNUSED: ReadonlySet<Kind> = new Set(['dns'])

/** This host before the packet was sent, its namespaces held open, and what of it has moved since. */
export class TracedHost {
  readonly #inspector: Inspector
  readonly #before = new Map<number, Counters>()
  readonly snapshot: HostSnapshot
  readonly world: World
  readonly namespaces: ReadonlyMap<number, Namespace>

  private constructor(inspector: Inspector) {
    this.#inspector = inspector
    this.snapshot = inspector.snapshot()
    const connections = new Map(inspector.inodes.map((inode) => [inode, inspector.readConnections(inode)]))
    this.world = new World({ snapshots: [this.snapshot], connections: [connections] })
    this.namespaces = new Map(this.snapshot.namespaces.map((namespace) => [namespace.inode, namespace]))
  }

  static async read(engines: OwnerOptions): Promise<TracedHost> {
    const inspector = new Inspector({ engines })
    try {
      inspector.discover()
      const identified = inspector.identify()
      await inspector.read(KINDS.filter((kind) => !UNUSED.has(kind)))
      await identified
      return new TracedHost(inspector)
    } catch (error) {
      inspector.close()
      throw error
    }
  }

  get sessions(): readonly NamespaceSession[] {
    return this.#inspector.inodes.flatMap((inode) => this.#inspector.sessionOf(inode) ?? [])
  }

  get filterOptions(): { readonly vxlanPorts: readonly number[]; readonly esp: boolean } {
    const { namespaces } = this.snapshot
    const ports = namespaces.flatMap(({ links }) => links.flatMap(({ vxlan }) => vxlan?.port ?? []))
    return {
      vxlanPorts: [...new Set([...ports, ...VXLAN_PORTS])],
      esp: namespaces.some(({ xfrm }) => xfrm.states.length > 0),
    }
  }

  /** @throws TsnetError `privilege`, or `vanished` */
  sessionOf({ namespace, name }: Flow['source']): NamespaceSession {
    const session = this.#inspector.sessionOf(namespace)
    if (session !== undefined) return session
    const isKnown = this.namespaces.has(namespace)
    throw new TsnetError(isKnown ? 'privilege' : 'vanished', `trace: ${name} cannot be entered`, {
      hint: isKnown ? 'needs CAP_SYS_ADMIN and CAP_SYS_PTRACE: run as root' : 'it is not there any more',
    })
  }

  nameOf(inode: number): string {
    const namespace = this.namespaces.get(inode)
    return namespace === undefined ? `inode:${inode}` : nameOf(namespace)
  }

  /** What is counted before the packet is sent. */
  readCounters(): void {
    for (const session of this.sessions) ignoreVanished(() => this.#before.set(session.inode, readCounters(session)))
  }

  /** What these namespaces have counted since. Tables are read again for it. */
  async moved(inodes: readonly number[]): Promise<MovedCounter[]> {
    const alive = inodes.filter((inode) => this.#inspector.sessionOf(inode) !== undefined)
    const counted = alive.flatMap((inode) => this.#movedCounters(inode))
    const legacy = alive.filter((inode) =>
      this.namespaces.get(inode)?.firewall.some(({ backend }) => backend === 'legacy'),
    )
    await this.#inspector.read(['links', 'qdisc'], alive)
    if (legacy.length > 0) await this.#inspector.read(['firewall'], legacy)
    const after = new Map(this.#inspector.snapshot().namespaces.map((namespace) => [namespace.inode, namespace]))
    const rows = alive.flatMap((inode) => {
      const [old, fresh] = [this.namespaces.get(inode), after.get(inode)]
      return old === undefined || fresh === undefined ? [] : movedRows(old, fresh)
    })
    return [...counted, ...rows]
  }

  #movedCounters(inode: number): MovedCounter[] {
    const [session, namespace, before] = [
      this.#inspector.sessionOf(inode),
      this.namespaces.get(inode),
      this.#before.get(inode),
    ]
    if (session === undefined || namespace === undefined || before === undefined) return []
    return ignoreVanished(() => movedCounters(namespace, before, readCounters(session))) ?? []
  }

  /** Which of these are gone, but for us who hold them open; nothing can be read of them afterwards. */
  gone(inodes: ReadonlySet<number>): number[] {
    return this.#inspector.discover().removed.filter((inode) => inodes.has(inode))
  }

  connectionsOf(inode: number): readonly ConntrackEntry[] {
    return this.#inspector.readConnections(inode)
  }

  close(): void {
    this.#inspector.close()
  }
}

function ignoreVanished<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof TsnetError && error.code === 'privilege') throw error
    return undefined
  }
}
