import { booleanField, macField, namedField, u8Field, u16Field, u32Field } from '../../fields.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_BOND = {
  MODE: 1,
  ACTIVE_SLAVE: 2,
  MIIMON: 3,
  UPDELAY: 4,
  DOWNDELAY: 5,
  USE_CARRIER: 6,
  ARP_INTERVAL: 7,
  PRIMARY: 11,
  PRIMARY_RESELECT: 12,
  FAIL_OVER_MAC: 13,
  XMIT_HASH_POLICY: 14,
  RESEND_IGMP: 15,
  NUM_PEER_NOTIF: 16,
  ALL_SLAVES_ACTIVE: 17,
  MIN_LINKS: 18,
  LP_INTERVAL: 19,
  PACKETS_PER_SLAVE: 20,
  AD_LACP_RATE: 21,
  AD_SELECT: 22,
} as const

const MODES = ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb']
const HASH_POLICIES = ['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac']

export const BOND = linkKind('bond', {
  mode: namedField(u8Field(IFLA_BOND.MODE), MODES),
  /** ifindex of the slave in use. */
  activeSlave: u32Field(IFLA_BOND.ACTIVE_SLAVE),
  miimonMs: u32Field(IFLA_BOND.MIIMON),
  upDelayMs: u32Field(IFLA_BOND.UPDELAY),
  downDelayMs: u32Field(IFLA_BOND.DOWNDELAY),
  useCarrier: booleanField(IFLA_BOND.USE_CARRIER),
  arpIntervalMs: u32Field(IFLA_BOND.ARP_INTERVAL),
  /** ifindex. */
  primary: u32Field(IFLA_BOND.PRIMARY),
  primaryReselect: namedField(u8Field(IFLA_BOND.PRIMARY_RESELECT), ['always', 'better', 'failure']),
  failOverMac: namedField(u8Field(IFLA_BOND.FAIL_OVER_MAC), ['none', 'active', 'follow']),
  hashPolicy: namedField(u8Field(IFLA_BOND.XMIT_HASH_POLICY), HASH_POLICIES),
  resendIgmp: u32Field(IFLA_BOND.RESEND_IGMP),
  peerNotifications: u8Field(IFLA_BOND.NUM_PEER_NOTIF),
  allSlavesActive: booleanField(IFLA_BOND.ALL_SLAVES_ACTIVE),
  minLinks: u32Field(IFLA_BOND.MIN_LINKS),
  learningPacketIntervalS: u32Field(IFLA_BOND.LP_INTERVAL),
  packetsPerSlave: u32Field(IFLA_BOND.PACKETS_PER_SLAVE),
  lacpRate: namedField(u8Field(IFLA_BOND.AD_LACP_RATE), ['slow', 'fast']),
  aggregatorSelection: namedField(u8Field(IFLA_BOND.AD_SELECT), ['stable', 'bandwidth', 'count']),
})

/** linux/if_link.h */
export const IFLA_BOND_SLAVE = {
  STATE: 1,
  MII_STATUS: 2,
  LINK_FAILURE_COUNT: 3,
  PERM_HWADDR: 4,
  QUEUE_ID: 5,
  AD_AGGREGATOR_ID: 6,
  PRIO: 9,
} as const

export const BOND_SLAVE = linkKind('bond', {
  state: namedField(u8Field(IFLA_BOND_SLAVE.STATE), ['ACTIVE', 'BACKUP']),
  miiStatus: namedField(u8Field(IFLA_BOND_SLAVE.MII_STATUS), ['UP', 'GOING_DOWN', 'DOWN', 'GOING_BACK']),
  linkFailures: u32Field(IFLA_BOND_SLAVE.LINK_FAILURE_COUNT),
  permanentMac: macField(IFLA_BOND_SLAVE.PERM_HWADDR),
  queueId: u16Field(IFLA_BOND_SLAVE.QUEUE_ID),
  aggregatorId: u16Field(IFLA_BOND_SLAVE.AD_AGGREGATOR_ID),
})
