import { booleanField, namedField, u8Field, u16Field, u32Field } from '../../fields.ts'
import { bridgeIdField } from './bridge.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_BRPORT = {
  STATE: 1,
  PRIORITY: 2,
  COST: 3,
  MODE: 4,
  GUARD: 5,
  PROTECT: 6,
  FAST_LEAVE: 7,
  LEARNING: 8,
  UNICAST_FLOOD: 9,
  PROXYARP: 10,
  LEARNING_SYNC: 11,
  PROXYARP_WIFI: 12,
  ROOT_ID: 13,
  BRIDGE_ID: 14,
  DESIGNATED_PORT: 15,
  DESIGNATED_COST: 16,
  ID: 17,
  NO: 18,
  TOPOLOGY_CHANGE_ACK: 19,
  CONFIG_PENDING: 20,
  MULTICAST_ROUTER: 25,
  MCAST_FLOOD: 27,
  MCAST_TO_UCAST: 28,
  VLAN_TUNNEL: 29,
  BCAST_FLOOD: 30,
  GROUP_FWD_MASK: 31,
  NEIGH_SUPPRESS: 32,
  ISOLATED: 33,
  BACKUP_PORT: 34,
  MCAST_EHT_HOSTS_LIMIT: 37,
  MCAST_EHT_HOSTS_CNT: 38,
  LOCKED: 39,
  MAB: 40,
  NEIGH_VLAN_SUPPRESS: 43,
  BACKUP_NHID: 44,
} as const

/** linux/if_bridge.h BR_STATE_* */
export const BRIDGE_PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const

export const BRIDGE_PORT = linkKind('bridge', {
  state: namedField(u8Field(IFLA_BRPORT.STATE), BRIDGE_PORT_STATES),
  priority: u16Field(IFLA_BRPORT.PRIORITY),
  cost: u32Field(IFLA_BRPORT.COST),
  hairpin: booleanField(IFLA_BRPORT.MODE),
  /** BPDU guard. */
  guard: booleanField(IFLA_BRPORT.GUARD),
  /** Never becomes the root port (IFLA_BRPORT_PROTECT). */
  rootBlock: booleanField(IFLA_BRPORT.PROTECT),
  fastLeave: booleanField(IFLA_BRPORT.FAST_LEAVE),
  learning: booleanField(IFLA_BRPORT.LEARNING),
  /** Unknown unicast goes out here. */
  flood: booleanField(IFLA_BRPORT.UNICAST_FLOOD),
  proxyArp: booleanField(IFLA_BRPORT.PROXYARP),
  learningSync: booleanField(IFLA_BRPORT.LEARNING_SYNC),
  proxyArpWifi: booleanField(IFLA_BRPORT.PROXYARP_WIFI),
  designatedRoot: bridgeIdField(IFLA_BRPORT.ROOT_ID),
  designatedBridge: bridgeIdField(IFLA_BRPORT.BRIDGE_ID),
  designatedPort: u16Field(IFLA_BRPORT.DESIGNATED_PORT),
  designatedCost: u16Field(IFLA_BRPORT.DESIGNATED_COST),
  id: u16Field(IFLA_BRPORT.ID),
  number: u16Field(IFLA_BRPORT.NO),
  /** 0 off, 1 learnt from queries, 2 always, 3 learnt for a while. */
  multicastRouter: u8Field(IFLA_BRPORT.MULTICAST_ROUTER),
  multicastFlood: booleanField(IFLA_BRPORT.MCAST_FLOOD),
  multicastToUnicast: booleanField(IFLA_BRPORT.MCAST_TO_UCAST),
  vlanTunnel: booleanField(IFLA_BRPORT.VLAN_TUNNEL),
  broadcastFlood: booleanField(IFLA_BRPORT.BCAST_FLOOD),
  groupForwardMask: u16Field(IFLA_BRPORT.GROUP_FWD_MASK),
  neighSuppress: booleanField(IFLA_BRPORT.NEIGH_SUPPRESS),
  isolated: booleanField(IFLA_BRPORT.ISOLATED),
  /** ifindex of the port that takes over when this one loses its carrier. */
  backupPort: u32Field(IFLA_BRPORT.BACKUP_PORT),
  locked: booleanField(IFLA_BRPORT.LOCKED),
  macAuthBypass: booleanField(IFLA_BRPORT.MAB),
  neighVlanSuppress: booleanField(IFLA_BRPORT.NEIGH_VLAN_SUPPRESS),
})
