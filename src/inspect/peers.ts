/** What the kernel says of a link's other side: IFLA_LINK and IFLA_LINK_NETNSID. */
export interface WiredLink {
  readonly index: number
  readonly kind: string
  /** IFLA_LINK: ifindex of the peer or the parent. */
  readonly linkIndex?: number | undefined
  /** IFLA_LINK_NETNSID: the number that this namespace has for the other one; absent = the same namespace. */
  readonly netnsid?: number | undefined
}

/** A namespace as far as finding the other side of its links needs it. */
export interface WiredNamespace<Link extends WiredLink = WiredLink> {
  readonly inode: number
  readonly links: readonly Link[]
  /** The number this namespace has for `other` (RTM_GETNSID), undefined when it has none. */
  nsidOf(other: WiredNamespace): number | undefined
}

/**
 * Which namespace each netnsid of each namespace means.
 *
 * The kernel translates only the other way round (given a namespace it tells the number), so candidates are
 * found by the ifindexes that both ends of a veth name. Links of different namespaces often have the same numbers, so
 * the kernel is asked to confirm each, unless every namespace is known and only one pair of ends fits.
 */
export class NamespaceNumbers {
  readonly #numbers = new Map<number, Map<number, number>>()
  readonly #namespaces: readonly WiredNamespace[]
  readonly #complete: boolean
  /** `index/linkIndex` → the namespaces that have such a veth. */
  readonly #vethEnds = new Map<string, WiredNamespace[]>()

  /** @param complete every namespace of the machine is among them */
  constructor(namespaces: readonly WiredNamespace[], { complete }: { readonly complete: boolean }) {
    this.#namespaces = namespaces
    this.#complete = complete
    for (const namespace of namespaces) this.#addVethEnds(namespace)
    for (const namespace of namespaces) this.#resolve(namespace)
  }

  /** Inode of the namespace that `namespace` calls `netnsid`; undefined when it is not visible to us. */
  inodeOf(namespace: number, netnsid: number): number | undefined {
    return this.#numbers.get(namespace)?.get(netnsid)
  }

  #addVethEnds(namespace: WiredNamespace): void {
    for (const { kind, index, linkIndex, netnsid } of namespace.links) {
      if (kind !== 'veth' || netnsid === undefined) continue
      const key = `${index}/${linkIndex}`
      const known = this.#vethEnds.get(key)
      if (known) known.push(namespace)
      else this.#vethEnds.set(key, [namespace])
    }
  }

  #resolve(namespace: WiredNamespace): void {
    for (const link of namespace.links) {
      if (link.netnsid === undefined || this.inodeOf(namespace.inode, link.netnsid) !== undefined) continue
      const certain = this.#onlyPeer(namespace, link)
      if (certain) {
        this.#note(namespace, link.netnsid, certain)
        continue
      }
      for (const candidate of this.#candidates(namespace, link)) {
        if (this.#confirm(namespace, candidate) === link.netnsid) break
      }
    }
  }

  /** The namespace of the other end, when no other two ends in the machine name each other by these numbers. */
  #onlyPeer(namespace: WiredNamespace, { kind, index, linkIndex }: WiredLink): WiredNamespace | undefined {
    if (!this.#complete || kind !== 'veth') return undefined
    const own = this.#vethEnds.get(`${index}/${linkIndex}`)
    const others = this.#vethEnds.get(`${linkIndex}/${index}`)
    const [other] = others ?? []
    return own?.length === 1 && others?.length === 1 && other !== namespace ? other : undefined
  }

  /** Everybody, when no veth end fits: a macvlan, a vxlan, or a link that is changing right now. */
  #candidates(namespace: WiredNamespace, link: WiredLink): Iterable<WiredNamespace> {
    const ends = link.kind === 'veth' ? this.#vethEnds.get(`${link.linkIndex}/${link.index}`) : undefined
    return (ends ?? this.#namespaces).filter((candidate) => candidate !== namespace)
  }

  #confirm(namespace: WiredNamespace, candidate: WiredNamespace): number | undefined {
    const netnsid = namespace.nsidOf(candidate)
    if (netnsid === undefined) return undefined
    this.#note(namespace, netnsid, candidate)
    return netnsid
  }

  #note(namespace: WiredNamespace, netnsid: number, other: WiredNamespace): void {
    const numbers = this.#numbers.get(namespace.inode) ?? new Map<number, number>()
    this.#numbers.set(namespace.inode, numbers.set(netnsid, other.inode))
  }
}
