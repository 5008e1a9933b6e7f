import type { Address, EndpointReference, HostSnapshot, Link, Namespace, NamespaceIdentity } from './snapshot.ts'

/** A link and the namespace it is in. */
export interface LinkPlace {
  readonly namespace: Namespace
  readonly link: Link
}

/** Who is connected to whom, over all namespaces of one snapshot. */
export interface Wiring {
  namespace(inode: number): Namespace | undefined
  link(inode: number, index: number | undefined): Link | undefined
  /** The other end of a veth, when it is visible. */
  peerOf(link: Link): LinkPlace | undefined
  /** The link below a vlan, macvlan, ipvlan or bound vxlan, when it is visible. */
  parentOf(link: Link): LinkPlace | undefined
  /** Links that have this one below them, in any namespace. */
  childrenOf(place: LinkPlace): readonly LinkPlace[]
  /** Links enslaved to a bridge, bond or VRF. */
  membersOf(namespace: Namespace, master: Link): readonly Link[]
  /** Who answers for a MAC, ends of cables before bridges and their ports. Several, for MACs need not be unique. */
  whoHasMac(mac: string): readonly LinkPlace[]
  /** Links with the address (no prefix length), loopback excluded. */
  whoHasAddress(address: string): readonly LinkPlace[]
}

/** Name of a namespace for people, unsanitised. */
export function nameOf({ owner, names, inode }: NamespaceIdentity): string {
  return owner.name || names[0] || `inode:${inode}`
}

export function buildWiring(snapshot: HostSnapshot): Wiring {
  const { namespaces } = snapshot
  const byInode = lazy(() => new Map(namespaces.map((namespace) => [namespace.inode, namespace])))
  const macs = lazy(() => indexMacs(namespaces))
  const addresses = lazy(() => indexAddresses(namespaces))
  const children = lazy(() => indexChildren(namespaces))
  const placeOf = (reference: EndpointReference | undefined): LinkPlace | undefined => {
    const namespace = reference?.namespace === undefined ? undefined : byInode().get(reference.namespace)
    const link =
      namespace === undefined || reference === undefined ? undefined : linksOf(namespace).get(reference.index)
    return namespace === undefined || link === undefined ? undefined : { namespace, link }
  }
  return {
    namespace: (inode) => byInode().get(inode),
    link: (inode, index) => (index === undefined ? undefined : placeOf({ namespace: inode, index })?.link),
    peerOf: ({ peer }) => placeOf(peer),
    parentOf: ({ parent }) => placeOf(parent),
    childrenOf: ({ namespace, link }) => children().get(`${namespace.inode}:${link.index}`) ?? [],
    membersOf: (namespace, master) => membersIn(namespace).get(master.index) ?? [],
    whoHasMac: (mac) => macs().get(mac) ?? [],
    whoHasAddress: (address) => addresses().get(address) ?? [],
  }
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** A namespace that nothing happened in keeps its object from snapshot to snapshot, and so its index. */
function remembered<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const values = new WeakMap<Key, Value>()
  return (key) => {
    const known = values.get(key)
    if (known !== undefined) return known
    const value = make(key)
    values.set(key, value)
    return value
  }
}

/** Links of one namespace by ifindex. */
export const linksOf: (namespace: Namespace) => ReadonlyMap<number, Link> = remembered(
  ({ links }) => new Map(links.map((link) => [link.index, link])),
)

/** Addresses of one namespace by ifindex. */
export const addressesByLink: (namespace: Namespace) => ReadonlyMap<number, readonly Address[]> = remembered(
  ({ addresses }) => groupBy(addresses, ({ link }) => link),
)

const membersIn: (namespace: Namespace) => ReadonlyMap<number, readonly Link[]> = remembered(({ links }) =>
  groupBy(
    links.filter(({ master }) => master !== undefined),
    ({ master = 0 }) => master,
  ),
)

/** Lists of what has the same key, in order. */
export function groupBy<Key, Value>(values: readonly Value[], keyOf: (value: Value) => Key): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>()
  for (const value of values) push(groups, keyOf(value), value)
  return groups
}

function indexMacs(namespaces: readonly Namespace[]): ReadonlyMap<string, readonly LinkPlace[]> {
  const index = new Map<string, LinkPlace[]>()
  for (const namespace of namespaces) {
    for (const link of namespace.links) {
      if (link.mac !== undefined && link.kind !== 'loopback') push(index, link.mac, { namespace, link })
    }
  }
  for (const places of index.values()) if (places.length > 1) places.sort((a, b) => rankOfMac(a) - rankOfMac(b))
  return index
}

/** A bridge borrows the MAC of one of its ports; the end of a cable is who people mean. */
function rankOfMac({ link }: LinkPlace): number {
  if (link.kind === 'bridge') return 2
  return link.master === undefined ? 0 : 1
}

function indexAddresses(namespaces: readonly Namespace[]): ReadonlyMap<string, readonly LinkPlace[]> {
  const index = new Map<string, LinkPlace[]>()
  for (const namespace of namespaces) {
    for (const { link: number, address } of namespace.addresses) {
      const link = linksOf(namespace).get(number)
      if (link === undefined || link.kind === 'loopback') continue
      const slash = address.indexOf('/')
      push(index, slash < 0 ? address : address.slice(0, slash), { namespace, link })
    }
  }
  return index
}

function indexChildren(namespaces: readonly Namespace[]): ReadonlyMap<string, readonly LinkPlace[]> {
  const index = new Map<string, LinkPlace[]>()
  for (const namespace of namespaces) {
    for (const link of namespace.links) {
      if (link.parent === undefined) continue
      push(index, `${link.parent.namespace}:${link.parent.index}`, { namespace, link })
    }
  }
  return index
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

/** The wiring of a snapshot, built once and only as far as it is asked for. */
export const wiringOf: (snapshot: HostSnapshot) => Wiring = remembered(buildWiring)
