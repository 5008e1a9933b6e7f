import { contains, type Ip, ip, type Prefix, toPrefix } from '../../flow/address.ts'
import { linkOf, type Space, type SpaceLink, type World } from '../../flow/world.ts'
import type { Link } from '../../model/snapshot.ts'
import { addressesByLink, groupBy } from '../../model/wiring.ts'
import { Segments } from './segments.ts'

/** An address on a link that others can reach it by. */
export interface Endpoint extends SpaceLink {
  readonly ip: Ip
  readonly subnet: Prefix
  /** As in the snapshot: `10.0.0.2/24`. */
  readonly text: string
  /** Same for all endpoints whose frames can meet. */
  readonly segment: string
}

/** A bridge with what hangs on it: a network of containers. */
export interface BridgeNetwork extends SpaceLink {
  /** Its own addresses, by which its containers know the host. */
  readonly gateways: readonly Endpoint[]
  readonly ports: readonly Link[]
  /** Addresses at the far ends of its ports, in other namespaces. */
  readonly members: readonly Endpoint[]
}

/** How all hosts are wired, by what checks ask. */
export class HostMap {
  readonly world: World
  readonly segments: Segments
  /** Global addresses that are not on loopback, in the order of the facts. */
  readonly endpoints: readonly Endpoint[]
  readonly #byAddress: ReadonlyMap<string, readonly Endpoint[]>
  readonly #bySegment: ReadonlyMap<string, readonly Endpoint[]>
  readonly #bySpace: ReadonlyMap<Space, readonly Endpoint[]>
  #networks: readonly BridgeNetwork[] | undefined
  #outside: ReadonlySet<string> | undefined

  constructor(world: World) {
    this.world = world
    this.segments = new Segments(world)
    this.endpoints = world.spaces.flatMap((space) => this.#endpointsIn(space))
    this.#byAddress = groupBy(this.endpoints, (each) => each.ip.text)
    this.#bySegment = groupBy(this.endpoints, ({ segment }) => segment)
    this.#bySpace = groupBy(this.endpoints, ({ space }) => space)
  }

  #endpointsIn(space: Space): Endpoint[] {
    return space.namespace.addresses.flatMap((address) => {
      const link = linkOf(space, address.link)
      const subnet = toPrefix(address.peer ?? address.address)
      if (link === undefined || subnet === undefined || link.kind === 'loopback') return []
      if (address.scope !== 'global') return []
      const segment = this.segments.of({ link })
      return [{ space, link, ip: ip(address.address), subnet, text: address.address, segment }]
    })
  }

  /** Who has an address, among those of one host or all. */
  holders(address: string, host?: number): readonly Endpoint[] {
    const all = this.#byAddress.get(address) ?? []
    return host === undefined ? all : all.filter(({ space }) => space.host === host)
  }

  /** Whom a namespace means by an address: those on its own segments, or else anybody of the same machine. */
  heldFor(space: Space, address: string): readonly Endpoint[] {
    const all = this.holders(address, space.host)
    const segments = new Set(this.of(space).map(({ segment }) => segment))
    const near = all.filter((each) => each.space !== space && segments.has(each.segment))
    if (near.length > 0) return near
    const isOwn = this.of(space).some(({ subnet }) => all.some((each) => contains(subnet, each.ip)))
    return isOwn ? [] : all.filter((each) => each.space !== space)
  }

  isIn(subnet: Prefix, address: string): boolean {
    return contains(subnet, ip(address))
  }

  onSegment(segment: string): readonly Endpoint[] {
    return this.#bySegment.get(segment) ?? []
  }

  of(space: Space): readonly Endpoint[] {
    return this.#bySpace.get(space) ?? []
  }

  peer({ space, link }: SpaceLink): SpaceLink | undefined {
    return this.world.other(space, link.peer)
  }

  get networks(): readonly BridgeNetwork[] {
    this.#networks ??= this.world.spaces.flatMap((space) => this.#networksIn(space))
    return this.#networks
  }

  #networksIn(space: Space): BridgeNetwork[] {
    const { links } = space.namespace
    const bridges = links.filter(({ kind }) => kind === 'bridge')
    if (bridges.length === 0) return []
    const ports = groupBy(links, ({ master }) => master)
    return bridges.map((link) => {
      const own = ports.get(link.index) ?? []
      return {
        space,
        link,
        gateways: this.of(space).filter((each) => each.link === link),
        ports: own,
        members: own.flatMap((port) => this.#farEnd({ space, link: port })),
      }
    })
  }

  #farEnd(place: SpaceLink): readonly Endpoint[] {
    const peer = this.peer(place)
    return peer === undefined ? [] : this.of(peer.space).filter(({ link }) => link === peer.link)
  }

  /** Whether somebody may be on the segment that no snapshot shows. */
  hasOutside(segment: string): boolean {
    this.#outside ??= new Set(this.world.outerLinks.map((place) => this.segments.of(place)))
    return this.#outside.has(segment)
  }

  /** The bridge network that an address is in, on one host. */
  networkOf(address: Ip, host: number): BridgeNetwork | undefined {
    return this.networks.find(
      ({ space, gateways }) => space.host === host && gateways.some(({ subnet }) => contains(subnet, address)),
    )
  }
}

/** Addresses of an interface, with their prefixes. */
export function addressesOf({ space, link }: SpaceLink): readonly string[] {
  return (addressesByLink(space.namespace).get(link.index) ?? []).map(({ address }) => address)
}
