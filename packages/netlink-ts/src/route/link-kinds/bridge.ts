import { formatMac, parseMac } from '../../address.ts'
import {
  booleanField,
  type Field,
  macField,
  ticksField,
  u8Field,
  u16beField,
  u16Field,
  u32Field,
  u64Field,
} from '../../fields.ts'
import { u16be } from '../../reader.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_BR = {
  FORWARD_DELAY: 1,
  HELLO_TIME: 2,
  MAX_AGE: 3,
  AGEING_TIME: 4,
  STP_STATE: 5,
  PRIORITY: 6,
  VLAN_FILTERING: 7,
  VLAN_PROTOCOL: 8,
  GROUP_FWD_MASK: 9,
  ROOT_ID: 10,
  BRIDGE_ID: 11,
  ROOT_PORT: 12,
  ROOT_PATH_COST: 13,
  TOPOLOGY_CHANGE: 14,
  TOPOLOGY_CHANGE_DETECTED: 15,
  GROUP_ADDR: 20,
  MCAST_ROUTER: 22,
  MCAST_SNOOPING: 23,
  MCAST_QUERY_USE_IFADDR: 24,
  MCAST_QUERIER: 25,
  MCAST_HASH_MAX: 27,
  MCAST_LAST_MEMBER_CNT: 28,
  MCAST_STARTUP_QUERY_CNT: 29,
  MCAST_LAST_MEMBER_INTVL: 30,
  MCAST_MEMBERSHIP_INTVL: 31,
  MCAST_QUERIER_INTVL: 32,
  MCAST_QUERY_INTVL: 33,
  MCAST_QUERY_RESPONSE_INTVL: 34,
  MCAST_STARTUP_QUERY_INTVL: 35,
  NF_CALL_IPTABLES: 36,
  NF_CALL_IP6TABLES: 37,
  NF_CALL_ARPTABLES: 38,
  VLAN_DEFAULT_PVID: 39,
  VLAN_STATS_ENABLED: 41,
  MCAST_STATS_ENABLED: 42,
  MCAST_IGMP_VERSION: 43,
  MCAST_MLD_VERSION: 44,
  VLAN_STATS_PER_PORT: 45,
} as const

/** struct ifla_bridge_id as sysfs prints it: priority in hexadecimal, a dot, the MAC without colons. */
export function bridgeIdField(type: number): Field<string> {
  return {
    type,
    size: 8,
    read: (bytes, start) =>
      `${u16be(bytes, start).toString(16).padStart(4, '0')}.${formatMac(bytes, start + 2, 6).replaceAll(':', '')}`,
    write: (writer, id) =>
      writer.u16be(Number.parseInt(id.slice(0, 4), 16)).raw(parseMac(id.slice(5).replace(/(..)(?=.)/g, '$1:'))),
  }
}

/** Times in milliseconds (the kernel gives ticks of 10 ms). */
export const BRIDGE = linkKind('bridge', {
  forwardDelayMs: ticksField(u32Field(IFLA_BR.FORWARD_DELAY)),
  helloTimeMs: ticksField(u32Field(IFLA_BR.HELLO_TIME)),
  maxAgeMs: ticksField(u32Field(IFLA_BR.MAX_AGE)),
  ageingTimeMs: ticksField(u32Field(IFLA_BR.AGEING_TIME)),
  /** 0 off, 1 the kernel's own STP, 2 a daemon's. */
  stpState: u32Field(IFLA_BR.STP_STATE),
  priority: u16Field(IFLA_BR.PRIORITY),
  vlanFiltering: booleanField(IFLA_BR.VLAN_FILTERING),
  /** Ethertype: 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  vlanProtocol: u16beField(IFLA_BR.VLAN_PROTOCOL),
  groupForwardMask: u16Field(IFLA_BR.GROUP_FWD_MASK),
  rootId: bridgeIdField(IFLA_BR.ROOT_ID),
  bridgeId: bridgeIdField(IFLA_BR.BRIDGE_ID),
  rootPort: u16Field(IFLA_BR.ROOT_PORT),
  rootPathCost: u32Field(IFLA_BR.ROOT_PATH_COST),
  topologyChange: booleanField(IFLA_BR.TOPOLOGY_CHANGE),
  topologyChangeDetected: booleanField(IFLA_BR.TOPOLOGY_CHANGE_DETECTED),
  groupAddress: macField(IFLA_BR.GROUP_ADDR),
  /** 0 off, 1 learnt from queries, 2 always. */
  multicastRouter: u8Field(IFLA_BR.MCAST_ROUTER),
  multicastSnooping: booleanField(IFLA_BR.MCAST_SNOOPING),
  multicastQueryUseIfaddr: booleanField(IFLA_BR.MCAST_QUERY_USE_IFADDR),
  multicastQuerier: booleanField(IFLA_BR.MCAST_QUERIER),
  multicastHashMax: u32Field(IFLA_BR.MCAST_HASH_MAX),
  multicastLastMemberCount: u32Field(IFLA_BR.MCAST_LAST_MEMBER_CNT),
  multicastStartupQueryCount: u32Field(IFLA_BR.MCAST_STARTUP_QUERY_CNT),
  multicastLastMemberIntervalMs: ticksField(u64Field(IFLA_BR.MCAST_LAST_MEMBER_INTVL)),
  multicastMembershipIntervalMs: ticksField(u64Field(IFLA_BR.MCAST_MEMBERSHIP_INTVL)),
  multicastQuerierIntervalMs: ticksField(u64Field(IFLA_BR.MCAST_QUERIER_INTVL)),
  multicastQueryIntervalMs: ticksField(u64Field(IFLA_BR.MCAST_QUERY_INTVL)),
  multicastQueryResponseIntervalMs: ticksField(u64Field(IFLA_BR.MCAST_QUERY_RESPONSE_INTVL)),
  multicastStartupQueryIntervalMs: ticksField(u64Field(IFLA_BR.MCAST_STARTUP_QUERY_INTVL)),
  nfCallIptables: booleanField(IFLA_BR.NF_CALL_IPTABLES),
  nfCallIp6tables: booleanField(IFLA_BR.NF_CALL_IP6TABLES),
  nfCallArptables: booleanField(IFLA_BR.NF_CALL_ARPTABLES),
  vlanDefaultPvid: u16Field(IFLA_BR.VLAN_DEFAULT_PVID),
  vlanStatistics: booleanField(IFLA_BR.VLAN_STATS_ENABLED),
  multicastStatistics: booleanField(IFLA_BR.MCAST_STATS_ENABLED),
  multicastIgmpVersion: u8Field(IFLA_BR.MCAST_IGMP_VERSION),
  multicastMldVersion: u8Field(IFLA_BR.MCAST_MLD_VERSION),
  vlanStatisticsPerPort: booleanField(IFLA_BR.VLAN_STATS_PER_PORT),
})
