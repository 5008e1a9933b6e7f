import type { EndpointReference, Link, Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ip -j -d -s link`, as far as the snapshot tells the same. */
interface IpLink {
  readonly ifindex: number
  readonly ifname: string
  readonly link?: string
  readonly link_index?: number
  readonly link_netnsid?: number
  readonly flags: readonly string[]
  readonly mtu: number
  readonly qdisc: string
  readonly operstate: string
  readonly group: string
  readonly txqlen?: number
  readonly link_type: string
  readonly address?: string
  readonly master?: string
  readonly ifalias?: string
  readonly altnames?: readonly string[]
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: Readonly<Record<string, unknown>>
    readonly info_slave_kind?: string
    readonly info_slave_data?: Readonly<Record<string, unknown>>
  }
  readonly stats64: { readonly rx: Readonly<Record<string, number>>; readonly tx: Readonly<Record<string, number>> }
}

export async function oracleLinks(context: OracleContext): Promise<Row[]> {
  const links = await context.json<IpLink>('ip', '-j -d -s link')
  const inode = Number((await context.text('stat', '-L -c %i /proc/self/ns/net')).trim())
  return links.map((link) => row(fieldsOf(link, context, inode), countersOf(link)))
}

/** No flag of the kernel: `ip` says so of a link whose lower link is down. */
const MASTER_DOWN = 'M-DOWN'

function fieldsOf(link: IpLink, context: OracleContext, inode: number): object {
  const info = link.linkinfo
  const data = info?.info_data
  const kind = info?.info_kind ?? link.link_type
  const other = otherSide(link, context, inode)
  return {
    index: link.ifindex,
    name: link.ifname,
    kind,
    mac: link.address,
    mtu: link.mtu,
    flags: link.flags.filter((flag) => flag !== MASTER_DOWN).sort(),
    operstate: link.operstate,
    qdisc: link.qdisc,
    txQueueLength: link.txqlen,
    group: link.group === 'default' ? undefined : Number(link.group),
    master: link.master === undefined ? undefined : context.indexOf(link.master),
    alias: link.ifalias,
    altnames: link.altnames,
    peer: kind === 'veth' ? other : undefined,
    parent: kind === 'veth' ? undefined : (other ?? underlay(data, context, inode)),
    bridge: kind === 'bridge' && data ? bridgeOf(data) : undefined,
    port: info?.info_slave_kind === 'bridge' && info.info_slave_data ? portOf(info.info_slave_data) : undefined,
    vxlan: kind === 'vxlan' && data ? vxlanOf(data) : undefined,
    vlan: kind === 'vlan' ? { id: data?.['id'], protocol: data?.['protocol'] } : undefined,
    macvlan: kind.startsWith('macv') ? { mode: data?.['mode'] } : undefined,
    tun: kind === 'tun' ? { type: data?.['type'] } : undefined,
  }
}

function otherSide(link: IpLink, context: OracleContext, inode: number): EndpointReference | undefined {
  if (link.link_netnsid !== undefined && link.link_index !== undefined) {
    return { namespace: context.inodeOfNsid(link.link_netnsid), index: link.link_index }
  }
  return link.link === undefined ? undefined : { namespace: inode, index: context.indexOf(link.link) }
}

/** The device that a vxlan is bound to. */
function underlay(data: IpData | undefined, context: OracleContext, inode: number): EndpointReference | undefined {
  const name = data?.['link']
  return typeof name === 'string' ? { namespace: inode, index: context.indexOf(name) } : undefined
}

type IpData = Readonly<Record<string, unknown>>

function bridgeOf(data: IpData): object {
  return {
    stp: data['stp_state'] === 1,
    vlanFiltering: data['vlan_filtering'] === 1,
    forwardDelayMs: Number(data['forward_delay']) * 10,
    ageingTimeMs: Number(data['ageing_time']) * 10,
    groupForwardMask: Number(data['group_fwd_mask']),
    multicastSnooping: data['mcast_snooping'] === 1,
    nfCallIptables: data['nf_call_iptables'] === 1,
    nfCallIp6tables: data['nf_call_ip6tables'] === 1,
    nfCallArptables: data['nf_call_arptables'] === 1,
    bridgeId: padded(String(data['bridge_id'])),
  }
}

/** `8000.a:e5:d1:87:e3:92` → `8000.0ae5d187e392`. */
function padded(id: string): string {
  const [priority, mac = ''] = id.split('.')
  return `${priority}.${mac
    .split(':')
    .map((octet) => octet.padStart(2, '0'))
    .join('')}`
}

function portOf(data: IpData): object {
  return {
    state: data['state'],
    hairpin: data['hairpin'],
    isolated: data['isolated'],
    learning: data['learning'],
    flood: data['flood'],
    multicastFlood: data['mcast_flood'],
    broadcastFlood: data['bcast_flood'],
    guard: data['guard'],
    rootBlock: data['root_block'],
    fastLeave: data['fastleave'],
    proxyArp: data['proxy_arp'],
    proxyArpWifi: data['proxy_arp_wifi'],
    neighSuppress: data['neigh_suppress'],
    vlanTunnel: data['vlan_tunnel'],
    locked: data['locked'],
    cost: data['cost'],
    priority: data['priority'],
    number: Number(data['no']),
  }
}

function vxlanOf(data: IpData): object {
  return {
    vni: data['id'],
    port: data['port'],
    learning: data['learning'],
    proxy: data['proxy'],
    rsc: data['rsc'],
    l2miss: data['l2miss'],
    l3miss: data['l3miss'],
    local: data['local'] ?? data['local6'],
    remote: data['remote'] ?? data['group'] ?? data['remote6'] ?? data['group6'],
    ttl: data['ttl'] === 0 || typeof data['ttl'] !== 'number' ? undefined : data['ttl'],
    ageingS: data['ageing'],
    external: data['external'],
    udpChecksum: data['udp_csum'],
  }
}

function countersOf({ stats64: { rx, tx } }: IpLink): Record<string, number | undefined> {
  return {
    rxPackets: rx['packets'],
    rxBytes: rx['bytes'],
    rxErrors: rx['errors'],
    rxDropped: rx['dropped'],
    rxMulticast: rx['multicast'],
    txPackets: tx['packets'],
    txBytes: tx['bytes'],
    txErrors: tx['errors'],
    txDropped: tx['dropped'],
  }
}

export function snapshotLinks({ links }: Namespace): Row[] {
  return links.map((link) => row(comparable(link), { ...link.counters }))
}

/** Without what `ip` prints in another place or not at all. */
function comparable(link: Link): object {
  const { counters: _counters, netnsid: _netnsid, madeBy: _madeBy, ipvlan: _ipvlan, bond: _bond, ...fields } = link
  const { underlay: _underlay, ...vxlan } = link.vxlan ?? {}
  const { vlanDefaultPvid: _pvid, rootId: _root, ...bridge } = link.bridge ?? {}
  const { vlans: _vlans, ...port } = link.port ?? {}
  return {
    ...fields,
    group: link.group === 0 ? undefined : link.group,
    flags: [...link.flags].sort(),
    bridge: link.bridge === undefined ? undefined : bridge,
    port: link.port === undefined ? undefined : port,
    vxlan: link.vxlan === undefined ? undefined : { ...vxlan, ttl: link.vxlan.ttl === 0 ? undefined : link.vxlan.ttl },
  }
}
