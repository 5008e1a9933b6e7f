import { randomBytes } from 'node:crypto'
import { changeLink, createVethPair, deleteLink, type NetlinkError, type Request } from 'netlink-ts'
import { Gatherer } from '../../firewall/gatherer.ts'
import { askKernel, isAbsent, kernelFailure } from '../../kernel-failure.ts'
import type { NetworkHost } from '../../network-host.ts'
import { findLink } from './bridge-link.ts'

/** Two links that are one cable. */
export interface EndpointPair {
  /** On the bridge. */
  readonly outer: string
  /** For the sandbox. */
  readonly inner: string
  readonly bridge: string
  readonly mac: string
  readonly mtu: number | undefined
  readonly alias: string
  /** The bridge may send a frame back to where it came from. */
  readonly hairpin: boolean
  /** Where the inner end is made; absent = here. */
  readonly sandboxFd: number | undefined
}

/**
 * Makes and removes pairs of links, many in one request: to remove one link alone takes the kernel some 16 ms of grace
 * periods, which a whole group of them shares.
 */
export class EndpointLinks {
  readonly #host: NetworkHost
  readonly #making: Gatherer<EndpointPair>
  readonly #removing: Gatherer<OuterEnd>

  constructor(host: NetworkHost) {
    this.#host = host
    this.#making = new Gatherer(async (pairs) => this.#makeAll(pairs))
    this.#removing = new Gatherer(async (removals) => this.#removeAll(removals))
  }

  make(pair: EndpointPair): Promise<void> {
    return this.#making.add(pair)
  }

  /** No error when it is not there, or is somebody else's. */
  remove(outer: string, alias: string): Promise<void> {
    return this.#removing.add({ outer, alias })
  }

  /** Puts the outer ends back on a bridge that was made again; those that are gone are not missed here. */
  reattach(
    ends: readonly OuterEnd[],
    { bridge, hairpin }: { readonly bridge: string; readonly hairpin: boolean },
  ): void {
    const master = findLink(this.#host, bridge)?.index
    if (master === undefined) return
    for (const { outer, alias } of ends) {
      const link = findLink(this.#host, outer)
      if (link?.alias !== alias || link.master === master) continue
      this.#ask(`put link ${outer} on ${bridge}`, changeLink(link.index, { master, up: true }))
      if (hairpin) this.#ask(`hairpin of ${outer}`, changeLink(link.index, { slave: { kind: 'bridge', hairpin } }))
    }
  }

  #makeAll(pairs: readonly EndpointPair[]): unknown[] {
    const bridges = new Map<string, number | undefined>()
    for (const { bridge } of pairs) {
      if (!bridges.has(bridge)) bridges.set(bridge, findLink(this.#host, bridge)?.index)
    }
    const requests = pairs.map((pair) => pairRequests(pair, bridges.get(pair.bridge) ?? NO_LINK))
    const errors = this.#host.route.batch(requests.flat())
    let at = 0
    return pairs.map((pair, position) => {
      const count = requests[position]?.length ?? 0
      const ofPair = errors.slice(at, at + count)
      at += count
      return this.#failure(pair, ofPair)
    })
  }

  #failure(pair: EndpointPair, [creation, ...changes]: readonly (NetlinkError | undefined)[]): unknown {
    const error = creation ?? changes.find((change) => change !== undefined)
    if (error === undefined) return undefined
    if (creation === undefined) this.#host.route.batch([deleteLink({ name: pair.outer })])
    return kernelFailure(`make link ${pair.outer} on ${pair.bridge}`, error)
  }

  #removeAll(removals: readonly OuterEnd[]): unknown[] {
    const present = removals.flatMap(({ outer, alias }) => {
      const link = findLink(this.#host, outer)
      return link?.alias === alias ? [link.index] : []
    })
    const [first] = present
    if (first === undefined) return []
    if (present.length === 1) this.#ask(`delete link`, deleteLink({ index: first }))
    else this.#removeGroup(present)
    return []
  }

  #removeGroup(indexes: readonly number[]): void {
    const group = 2 ** 20 + (randomBytes(4).readUInt32BE() % 2 ** 30)
    const { route } = this.#host
    const errors = route.batch(indexes.map((index) => changeLink(index, { group })))
    const failure = errors.find((error) => error !== undefined && !isAbsent(error))
    if (failure) throw kernelFailure('mark links to delete', failure)
    this.#ask('delete links', deleteLink({ group }))
  }

  #ask(operation: string, request: Request): void {
    try {
      askKernel(operation, () => this.#host.route.request(request))
    } catch (error) {
      // they went with their sandbox meanwhile
      if (!isAbsent(error)) throw error
    }
  }
}

interface OuterEnd {
  readonly outer: string
  readonly alias: string
}

/** No link has it, so the kernel refuses (ENODEV). */
const NO_LINK = 0x7fff_ffff

function pairRequests(pair: EndpointPair, bridge: number): Request[] {
  const { outer, inner, mtu, mac, alias, hairpin, sandboxFd } = pair
  const common = { txQueueLength: 0, mtu }
  const elsewhere = sandboxFd === undefined ? {} : { namespace: { fd: sandboxFd } }
  return [
    createVethPair(outer, { ...common, name: inner, mac, ...elsewhere }, { ...common, master: bridge }),
    changeLink(0, {
      name: outer,
      alias,
      up: true,
      ...(hairpin ? { slave: { kind: 'bridge', hairpin } } : {}),
    } as Parameters<typeof changeLink>[1]),
    ...(sandboxFd === undefined ? [changeLink(0, { name: inner, alias })] : []),
  ]
}
