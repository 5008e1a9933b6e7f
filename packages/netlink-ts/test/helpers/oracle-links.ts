import { formatAddress, parseMac } from '../../src/address.ts'
import type { Link } from '../../src/route/link.ts'
import { ARPHRD } from '../../src/route/link-constants.ts'
import type { Row } from './namespace.ts'

/** A link as `ip -j -d -s link` prints it, for the fields that we decode. `nameOf` gives the name of an ifindex. */
export function asIpShows(link: Link, nameOf: (index: number) => string): Row {
  const { counters, netnsid, master } = link
  return {
    ifindex: link.index,
    ifname: link.name,
    ...(link.link !== undefined && netnsid === undefined ? { link: link.link === 0 ? null : nameOf(link.link) } : {}),
    ...(netnsid === undefined ? {} : { link_index: link.link, link_netnsid: netnsid }),
    flags: [...link.flagNames].sort(),
    mtu: link.mtu,
    qdisc: link.qdisc,
    ...(master === undefined ? {} : { master: nameOf(master) }),
    operstate: link.operstate,
    linkmode: link.linkMode,
    group: link.group === 0 ? 'default' : String(link.group),
    txqlen: link.txQueueLength,
    address: hardwareAddress(link, link.mac),
    broadcast: hardwareAddress(link, link.broadcast),
    promiscuity: link.promiscuity,
    allmulti: link.allmulticast,
    min_mtu: link.minMtu,
    max_mtu: link.maxMtu,
    inet6_addr_gen_mode: link.addressGeneration,
    num_tx_queues: link.txQueues,
    num_rx_queues: link.rxQueues,
    gso_max_size: link.gsoMaxSize,
    gso_max_segs: link.gsoMaxSegments,
    ...(link.alias === undefined ? {} : { ifalias: link.alias }),
    ...(link.altnames === undefined ? {} : { altnames: link.altnames }),
    ...(counters === undefined ? {} : { stats64: statistics(counters) }),
    info_kind: link.kind,
    info_slave_kind: link.slaveKind,
  }
}

/** Of a tunnel, ip prints it as the IP address that it is. */
function hardwareAddress(link: Link, mac: string | undefined): string | undefined {
  const isIp = [ARPHRD.TUNNEL, ARPHRD.TUNNEL6, ARPHRD.SIT, ARPHRD.IPGRE, ARPHRD.IP6GRE].some(
    (type) => type === link.type,
  )
  if (!isIp || mac === undefined) return mac
  const bytes = parseMac(mac)
  return formatAddress(bytes, 0, bytes.length)
}

function statistics(counters: NonNullable<Link['counters']>): Row {
  return {
    rx: {
      bytes: counters.rxBytes,
      packets: counters.rxPackets,
      errors: counters.rxErrors,
      dropped: counters.rxDropped,
      over_errors: counters.rxOverErrors,
      multicast: counters.multicast,
    },
    tx: {
      bytes: counters.txBytes,
      packets: counters.txPackets,
      errors: counters.txErrors,
      dropped: counters.txDropped,
      carrier_errors: counters.txCarrierErrors,
      collisions: counters.collisions,
    },
  }
}

/** What `ip` printed, reduced to the same fields. */
export function ofIp(row: Row): Row {
  const { linkinfo, flags } = row
  const kept = Object.fromEntries(Object.entries(row).filter(([name]) => !DERIVED.has(name)))
  return {
    ...kept,
    // M-DOWN is the state of the link below, not a flag of this one
    flags: flags.filter((flag: string) => flag !== 'M-DOWN').sort(),
    info_kind: linkinfo?.info_kind,
    info_slave_kind: linkinfo?.info_slave_kind,
  }
}

/** Kept elsewhere, or not decoded: tested by kind, or names of other numbers. */
const DERIVED = new Set([
  'linkinfo',
  'link_type',
  'link_pointtopoint',
  'flags',
  'parentbus',
  'parentdev',
  'gro_max_size',
  'tso_max_size',
  'tso_max_segs',
])

/** Options of a bridge under the names of `ip -j -d link`. */
export function bridgeAsIpShows(link: Link): Row {
  const { info } = link
  if (info?.kind !== 'bridge') throw new Error(`${link.name} is no bridge`)
  const bit = (value: boolean | undefined) => Number(value)
  const ticks = (milliseconds: number | undefined) => (milliseconds ?? 0) / 10
  return {
    forward_delay: ticks(info.forwardDelayMs),
    hello_time: ticks(info.helloTimeMs),
    max_age: ticks(info.maxAgeMs),
    ageing_time: ticks(info.ageingTimeMs),
    stp_state: info.stpState,
    priority: info.priority,
    vlan_filtering: bit(info.vlanFiltering),
    ...(info.vlanProtocol === undefined ? {} : { vlan_protocol: info.vlanProtocol === 0x8100 ? '802.1Q' : '802.1ad' }),
    bridge_id: idWithColons(info.bridgeId),
    root_id: idWithColons(info.rootId),
    root_port: info.rootPort,
    root_path_cost: info.rootPathCost,
    topology_change: bit(info.topologyChange),
    topology_change_detected: bit(info.topologyChangeDetected),
    group_addr: info.groupAddress,
    mcast_snooping: bit(info.multicastSnooping),
    mcast_router: info.multicastRouter,
    mcast_query_use_ifaddr: bit(info.multicastQueryUseIfaddr),
    mcast_querier: bit(info.multicastQuerier),
    mcast_hash_max: info.multicastHashMax,
    mcast_last_member_cnt: info.multicastLastMemberCount,
    mcast_startup_query_cnt: info.multicastStartupQueryCount,
    mcast_last_member_intvl: ticks(info.multicastLastMemberIntervalMs),
    mcast_membership_intvl: ticks(info.multicastMembershipIntervalMs),
    mcast_querier_intvl: ticks(info.multicastQuerierIntervalMs),
    mcast_query_intvl: ticks(info.multicastQueryIntervalMs),
    mcast_query_response_intvl: ticks(info.multicastQueryResponseIntervalMs),
    mcast_startup_query_intvl: ticks(info.multicastStartupQueryIntervalMs),
    mcast_stats_enabled: bit(info.multicastStatistics),
    mcast_igmp_version: info.multicastIgmpVersion,
    nf_call_iptables: bit(info.nfCallIptables),
    nf_call_ip6tables: bit(info.nfCallIp6tables),
    nf_call_arptables: bit(info.nfCallArptables),
  }
}

/** `8000.02424c0fbd2f` → `8000.2:42:4c:f:bd:2f`, as ip prints the octets. */
function idWithColons(id = ''): string {
  const octets = id.slice(5).match(/../g) ?? []
  return `${id.slice(0, 5)}${octets.map((octet) => Number.parseInt(octet, 16).toString(16)).join(':')}`
}

/** A bridge port under the names of `ip -j -d link` (info_slave_data). */
export function portAsIpShows(link: Link): Row {
  const port = link.slave
  if (port?.kind !== 'bridge') throw new Error(`${link.name} is no bridge port`)
  return {
    state: port.state,
    priority: port.priority,
    cost: port.cost,
    hairpin: port.hairpin,
    guard: port.guard,
    root_block: port.rootBlock,
    fastleave: port.fastLeave,
    learning: port.learning,
    flood: port.flood,
    id: `0x${(port.id ?? 0).toString(16)}`,
    no: `0x${(port.number ?? 0).toString(16)}`,
    designated_port: port.designatedPort,
    designated_cost: port.designatedCost,
    bridge_id: idWithColons(port.designatedBridge),
    root_id: idWithColons(port.designatedRoot),
    proxy_arp: port.proxyArp,
    proxy_arp_wifi: port.proxyArpWifi,
    multicast_router: port.multicastRouter,
    mcast_flood: port.multicastFlood,
    bcast_flood: port.broadcastFlood,
    mcast_to_unicast: port.multicastToUnicast,
    neigh_suppress: port.neighSuppress,
    isolated: port.isolated,
    locked: port.locked,
  }
}
