import type { Link as KernelLink } from 'netlink-ts'
import type { BridgeInfo, BridgePortInfo, EndpointReference, Link, LinkCounters, VxlanInfo } from '../model/snapshot.ts'
import type { NamespaceNumbers } from './peers.ts'

/** linux/if_arp.h */
const ARPHRD_ETHER = 1
const ARPHRD_LOOPBACK = 772

const NO_COUNTERS: LinkCounters = {
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  rxMulticast: 0,
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
}

type KernelInfo<Kind extends string> = Extract<NonNullable<KernelLink['info']>, { readonly kind: Kind }>

/** IFLA_INFO_KIND, or for hardware what its ARPHRD type says. */
export function kindOf({ kind, type }: KernelLink): string {
  if (kind !== undefined) return kind
  if (type === ARPHRD_LOOPBACK) return 'loopback'
  return type === ARPHRD_ETHER ? 'ether' : `arphrd-${type}`
}

/** The snapshot's row for a link of `namespace`, its other side resolved to a namespace. */
export function toLink(link: KernelLink, namespace: number, numbers: NamespaceNumbers): Link {
  const row: Mutable<Link> = {
    index: link.index,
    name: link.name,
    kind: kindOf(link),
    mtu: link.mtu,
    flags: link.flagNames,
    operstate: link.operstate,
    counters: toCounters(link.counters),
  }
  if (link.mac) row.mac = link.mac
  if (link.qdisc !== undefined) row.qdisc = link.qdisc
  if (link.txQueueLength !== undefined) row.txQueueLength = link.txQueueLength
  if (link.group) row.group = link.group
  if (link.master) row.master = link.master
  if (link.alias !== undefined) row.alias = link.alias
  if (link.altnames !== undefined) row.altnames = link.altnames
  if (link.netnsid !== undefined) row.netnsid = link.netnsid
  addOtherSide(row, link, namespace, numbers)
  if (link.info) addInfo(row, link.info, numbers.inodeOf(namespace, link.netnsid ?? -1))
  if (link.info?.kind === 'vxlan' && link.info.link) row.parent = otherSide(link.info.link, link, namespace, numbers)
  if (link.slave?.kind === 'bridge') row.port = toPort(link.slave)
  return row
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

function toCounters(counters: KernelLink['counters']): LinkCounters {
  if (!counters) return NO_COUNTERS
  return {
    rxPackets: counters.rxPackets,
    rxBytes: counters.rxBytes,
    rxErrors: counters.rxErrors,
    rxDropped: counters.rxDropped,
    rxMulticast: counters.multicast,
    txPackets: counters.txPackets,
    txBytes: counters.txBytes,
    txErrors: counters.txErrors,
    txDropped: counters.txDropped,
  }
}

/**
 * IFLA_LINK is the peer of a veth or netkit, and the device below of everything else. A VXLAN device has its own index
 * there, also beside the id of another namespace: what is below it is IFLA_VXLAN_LINK.
 */
function addOtherSide(row: Mutable<Link>, link: KernelLink, namespace: number, numbers: NamespaceNumbers): void {
  if (row.kind === 'vxlan') return
  if (!link.link || (link.link === link.index && link.netnsid === undefined)) return
  const other = otherSide(link.link, link, namespace, numbers)
  if (row.kind === 'veth' || row.kind === 'netkit') row.peer = other
  else row.parent = other
}

/** A link that `link` of `namespace` names by its index in the namespace of IFLA_LINK_NETNSID. */
function otherSide(
  index: number,
  { netnsid }: KernelLink,
  namespace: number,
  numbers: NamespaceNumbers,
): EndpointReference {
  const inode = netnsid === undefined ? namespace : numbers.inodeOf(namespace, netnsid)
  return { index, ...(inode === undefined ? {} : { namespace: inode }) }
}

function addInfo(row: Mutable<Link>, info: NonNullable<KernelLink['info']>, other: number | undefined): void {
  switch (info.kind) {
    case 'bridge':
      row.bridge = toBridge(info)
      break
    case 'vxlan':
      row.vxlan = toVxlan(info, other)
      break
    case 'vlan':
      row.vlan = { id: info.id ?? 0, protocol: info.protocol === 0x88a8 ? '802.1ad' : '802.1Q' }
      break
    case 'macvlan':
    case 'macvtap':
      row.macvlan = { mode: info.mode ?? 'unknown' }
      break
    case 'ipvlan':
    case 'ipvtap':
      row.ipvlan = { mode: info.mode ?? 'unknown', flags: info.flags ?? [] }
      break
    case 'tun':
      row.tun = { type: info.type ?? 'unknown' }
      break
    case 'bond':
      row.bond = { mode: info.mode ?? 'unknown', ...defined({ activeSlave: info.activeSlave }) }
      break
  }
}

/** An object without the keys whose value is undefined. */
export function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(values)) if (value !== undefined) kept[key] = value
  return kept as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}

function toBridge(info: KernelInfo<'bridge'>): BridgeInfo {
  return {
    stp: (info.stpState ?? 0) !== 0,
    vlanFiltering: info.vlanFiltering ?? false,
    forwardDelayMs: info.forwardDelayMs ?? 0,
    ageingTimeMs: info.ageingTimeMs ?? 0,
    ...defined({
      vlanDefaultPvid: info.vlanDefaultPvid,
      groupForwardMask: info.groupForwardMask,
      multicastSnooping: info.multicastSnooping,
      nfCallIptables: info.nfCallIptables,
      nfCallIp6tables: info.nfCallIp6tables,
      nfCallArptables: info.nfCallArptables,
      bridgeId: info.bridgeId,
      rootId: info.rootId,
    }),
  }
}

function toPort(port: Extract<NonNullable<KernelLink['slave']>, { readonly kind: 'bridge' }>): BridgePortInfo {
  return {
    state: port.state ?? 'unknown',
    hairpin: port.hairpin ?? false,
    isolated: port.isolated ?? false,
    learning: port.learning ?? false,
    flood: port.flood ?? false,
    guard: port.guard ?? false,
    rootBlock: port.rootBlock ?? false,
    fastLeave: port.fastLeave ?? false,
    proxyArp: port.proxyArp ?? false,
    neighSuppress: port.neighSuppress ?? false,
    cost: port.cost ?? 0,
    priority: port.priority ?? 0,
    number: port.number ?? 0,
    ...defined({
      multicastFlood: port.multicastFlood,
      broadcastFlood: port.broadcastFlood,
      proxyArpWifi: port.proxyArpWifi,
      vlanTunnel: port.vlanTunnel,
      locked: port.locked,
    }),
  }
}

function toVxlan(info: KernelInfo<'vxlan'>, underlay: number | undefined): VxlanInfo {
  return {
    vni: info.vni ?? 0,
    port: info.port ?? 0,
    learning: info.learning ?? false,
    proxy: info.proxy ?? false,
    rsc: info.rsc ?? false,
    l2miss: info.l2miss ?? false,
    l3miss: info.l3miss ?? false,
    ...defined({
      local: info.local ?? info.local6,
      remote: info.remote ?? info.remote6,
      ttl: info.ttl,
      ageingS: info.ageingS,
      external: info.collectMetadata,
      udpChecksum: info.udpChecksum,
      underlay,
    }),
  }
}
