import type { SpaceLink, World } from '../../flow/world.ts'

/** Whatever frames can reach each other: links joined by cables, bridges, VLANs, macvlan parents and VXLAN networks. */
export class Segments {
  readonly #parents = new Map<string, string>()
  readonly #world: World
  readonly #ids = new Map<SpaceLink['link'], string>()
  /** VLAN ids in use anywhere; 0 is untagged. */
  readonly #vlans: ReadonlySet<number>

  constructor(world: World) {
    this.#world = world
    const places = world.spaces.flatMap((space) => space.namespace.links.map((link) => ({ space, link })))
    for (const { space, link } of places) {
      this.#ids.set(link, `${space.host}:${space.namespace.inode}:${link.index}`)
    }
    this.#vlans = new Set([0, ...places.flatMap(({ link }) => vlansOf(link))])
    for (const place of places) this.#join(place)
  }

  /** The same for two links exactly when their frames can meet. */
  of({ link }: Pick<SpaceLink, 'link'>): string {
    return this.#root(this.#node(link, 0))
  }

  #join(place: SpaceLink): void {
    const { space, link } = place
    const peer = this.#world.other(space, link.peer)
    if (peer !== undefined) this.#joinAll(link, peer.link)
    if (link.kind === 'macvlan' || link.kind === 'macvtap') {
      const parent = this.#world.other(space, link.parent)
      if (parent !== undefined) this.#joinAll(link, parent.link)
    }
    if (link.vlan !== undefined) {
      const parent = this.#world.other(space, link.parent)
      if (parent !== undefined) this.#union(this.#node(link, 0), this.#node(parent.link, link.vlan.id))
    }
    if (link.vxlan !== undefined) this.#union(this.#node(link, 0), `vxlan ${link.vxlan.vni} ${link.vxlan.port}`)
    if (link.master !== undefined) this.#joinMaster(place)
  }

  #joinMaster({ space, link }: SpaceLink): void {
    const master = space.namespace.links.find(({ index }) => index === link.master)
    if (master?.kind !== 'bridge' && master?.kind !== 'bond') return
    if (master.bridge?.vlanFiltering !== true) {
      this.#joinAll(link, master)
      return
    }
    for (const { id, untagged } of link.port?.vlans ?? []) {
      this.#union(this.#node(link, untagged ? 0 : id), `${this.#ids.get(master)} filtered ${id}`)
      this.#union(this.#node(master, id), `${this.#ids.get(master)} filtered ${id}`)
    }
    const pvid = master.bridge.vlanDefaultPvid ?? 1
    this.#union(this.#node(master, 0), `${this.#ids.get(master)} filtered ${pvid}`)
  }

  #joinAll(a: SpaceLink['link'], b: SpaceLink['link']): void {
    for (const vlan of this.#vlans) this.#union(this.#node(a, vlan), this.#node(b, vlan))
  }

  #node(link: SpaceLink['link'], vlan: number): string {
    return vlan === 0 ? (this.#ids.get(link) ?? '') : `${this.#ids.get(link)}.${vlan}`
  }

  #root(node: string): string {
    let at = node
    for (let up = this.#parents.get(at); up !== undefined; up = this.#parents.get(at)) at = up
    if (at !== node) this.#parents.set(node, at)
    return at
  }

  #union(a: string, b: string): void {
    const [from, to] = [this.#root(a), this.#root(b)]
    if (from !== to) this.#parents.set(from, to)
  }
}

function vlansOf({ vlan, port }: SpaceLink['link']): number[] {
  return [...(vlan === undefined ? [] : [vlan.id]), ...(port?.vlans ?? []).map(({ id }) => id)]
}
