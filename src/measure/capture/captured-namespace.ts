import { dumpLinks, type Link as KernelLink, NETLINK } from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { NamespaceSession } from '../../inspect/session.ts'
import { type DiscoveredNamespace, discoverNamespaces } from '../../kernel/namespaces.ts'
import type { BpfProgram } from '../../kernel/packets/bpf.ts'
import { PacketRing } from '../../kernel/packets/packet-ring.ts'
import { compileFilter, DLT } from '../../kernel/packets/pcap-filter.ts'
import { leadsTo } from '../measured-namespace.ts'

export interface CaptureTarget {
  readonly inode: number
  /** As people call it. */
  readonly name: string
}

export interface RingOptions {
  /** Names of interfaces, `*` stands for anything; none = all, those to come included. */
  readonly interfaces: readonly string[]
  /** pcap-filter(7) */
  readonly filter?: string
  readonly snaplen?: number
  /** Of each ring. */
  readonly bytes: number
}

/** linux/if_arp.h */
const ARPHRD = { ETHER: 1, LOOPBACK: 772 } as const

export function isEthernet(hardware: number): boolean {
  return hardware === ARPHRD.ETHER || hardware === ARPHRD.LOOPBACK
}

/** A ring, and what it is bound to. */
export interface OpenRing {
  readonly ring: PacketRing
  /** ifindex, or 0 for every interface. */
  readonly link: number
  packets: number
  drops: number
}

/** A namespace that packets are captured in: a ring for all of its interfaces, or one for each that was asked for. */
export class CapturedNamespace {
  readonly target: CaptureTarget
  readonly rings: readonly OpenRing[]
  readonly #session: NamespaceSession
  readonly #paths: readonly string[]
  #links: ReadonlyMap<number, KernelLink>

  private constructor(found: DiscoveredNamespace, target: CaptureTarget, options: RingOptions) {
    this.target = target
    this.#paths = found.paths
    this.#session = NamespaceSession.open(found.inode, found.paths, found.isOwn)
    const rings: OpenRing[] = []
    try {
      this.#links = this.#readLinks()
      for (const link of this.#plan(options)) rings.push(this.#open(link, options))
      this.rings = rings
    } catch (error) {
      for (const { ring } of rings) void ring.close()
      this.#session.close()
      throw error
    }
  }

  /**
   * @param found every namespace, by inode
   * @throws TsnetError `privilege`, `vanished`, `failed`
   */
  static open(
    found: ReadonlyMap<number, DiscoveredNamespace>,
    target: CaptureTarget,
    options: RingOptions,
  ): CapturedNamespace {
    const namespace = found.get(target.inode)
    if (namespace === undefined) throw new TsnetError('vanished', `namespace ${target.name}: it went away`)
    return new CapturedNamespace(namespace, target, options)
  }

  #readLinks(): ReadonlyMap<number, KernelLink> {
    return new Map(dumpLinks(this.#session.socket(NETLINK.ROUTE)).map((link) => [link.index, link]))
  }

  /** A filter counts bytes from what a frame begins with: interfaces that differ in it need rings of their own. */
  #plan({ interfaces, filter }: RingOptions): readonly number[] {
    const links = [...this.#links.values()]
    if (interfaces.length > 0) {
      const patterns = interfaces.map(patternOf)
      return links.filter(({ name }) => patterns.some((pattern) => pattern.test(name))).map(({ index }) => index)
    }
    const isMixed = filter !== undefined && links.some(({ type }) => !isEthernet(type))
    return isMixed ? links.map(({ index }) => index) : [0]
  }

  #open(link: number, { filter, snaplen, bytes }: RingOptions): OpenRing {
    const type = this.#links.get(link)?.type ?? ARPHRD.ETHER
    const program = filter === undefined ? undefined : compiled(filter, type)
    const ring = PacketRing.open(this.#session, {
      link,
      bytes,
      ...(program === undefined ? {} : { filter: program }),
      ...(snaplen === undefined ? {} : { snaplen }),
    })
    return { ring, link, packets: 0, drops: 0 }
  }

  /** Interfaces that are captured and can have traffic. */
  get links(): readonly KernelLink[] {
    const all = [...this.#links.values()]
    return all.filter(
      ({ index, flagNames }) => flagNames.includes('UP') && this.rings.some(({ link }) => link === 0 || link === index),
    )
  }

  /** Of an interface that came later too; undefined when it is gone already. */
  linkOf(index: number): KernelLink | undefined {
    if (!this.#links.has(index)) this.#links = new Map([...this.#links, ...this.#readLinks()])
    return this.#links.get(index)
  }

  /** What is gone since the last time: the whole, or some interfaces of it. */
  review(): 'gone' | readonly KernelLink[] {
    if (!this.#isOwned()) return 'gone'
    const links = this.#readLinks()
    const gone = [...this.#links.values()].filter(({ index }) => !links.has(index))
    this.#links = links
    return gone
  }

  /** Our own descriptor keeps it alive, so the question is whether it is anybody else's. */
  #isOwned(): boolean {
    if (this.#paths.some((path) => leadsTo(path, this.target.inode))) return true
    const own = `/proc/${process.pid}/`
    const found = discoverNamespaces().namespaces.find(({ inode }) => inode === this.target.inode)
    return found?.paths.some((path) => !path.startsWith(own)) ?? false
  }

  /** Takes over what the kernel has counted since. */
  count(): void {
    for (const open of this.rings) {
      const { packets, drops } = open.ring.statistics()
      open.packets += packets
      open.drops += drops
    }
  }

  async close(): Promise<void> {
    this.#session.close()
    await Promise.all(this.rings.map(({ ring }) => ring.close()))
  }
}

function compiled(filter: string, type: number): BpfProgram {
  return compileFilter(filter, isEthernet(type) ? DLT.EN10MB : DLT.RAW)
}

function patternOf(text: string): RegExp {
  const escaped = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`)
}
