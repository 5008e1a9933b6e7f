import { FlagNames } from './flag-names.ts'

/** linux/if_link.h */
export const IFLA = {
  ADDRESS: 1,
  BROADCAST: 2,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  QDISC: 6,
  MASTER: 10,
  PROTINFO: 12,
  TXQLEN: 13,
  OPERSTATE: 16,
  LINKMODE: 17,
  LINKINFO: 18,
  NET_NS_PID: 19,
  IFALIAS: 20,
  STATS64: 23,
  AF_SPEC: 26,
  GROUP: 27,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  PROMISCUITY: 30,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  CARRIER: 33,
  CARRIER_CHANGES: 35,
  LINK_NETNSID: 37,
  PROTO_DOWN: 39,
  GSO_MAX_SEGS: 40,
  GSO_MAX_SIZE: 41,
  XDP: 43,
  NEW_NETNSID: 45,
  TARGET_NETNSID: 46,
  NEW_IFINDEX: 49,
  MIN_MTU: 50,
  MAX_MTU: 51,
  PROP_LIST: 52,
  ALT_IFNAME: 53,
  PERM_ADDRESS: 54,
  PARENT_DEV_NAME: 56,
  PARENT_DEV_BUS_NAME: 57,
  ALLMULTI: 61,
} as const

/** linux/if_link.h: inside IFLA_LINKINFO. */
export const IFLA_INFO = { KIND: 1, DATA: 2, XSTATS: 3, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const

/** linux/if_link.h: inside IFLA_AF_SPEC of AF_INET6. */
export const IFLA_INET6 = { TOKEN: 7, ADDR_GEN_MODE: 8 } as const

/** linux/if.h */
export const IFF = {
  UP: 1 << 0,
  BROADCAST: 1 << 1,
  LOOPBACK: 1 << 3,
  POINTOPOINT: 1 << 4,
  RUNNING: 1 << 6,
  NOARP: 1 << 7,
  PROMISC: 1 << 8,
  ALLMULTI: 1 << 9,
  MASTER: 1 << 10,
  SLAVE: 1 << 11,
  MULTICAST: 1 << 12,
  LOWER_UP: 1 << 16,
  DORMANT: 1 << 17,
} as const

/** linux/if_arp.h, the ones seen on container hosts. */
export const ARPHRD = {
  ETHER: 1,
  INFINIBAND: 32,
  TUNNEL: 768,
  TUNNEL6: 769,
  LOOPBACK: 772,
  SIT: 776,
  IPGRE: 778,
  IP6GRE: 823,
  NETLINK: 824,
  NONE: 65534,
} as const

/** linux/if.h, bit by bit; RUNNING has no name of its own in `ip`. */
const INTERFACE_FLAGS = new FlagNames([
  'UP',
  'BROADCAST',
  'DEBUG',
  'LOOPBACK',
  'POINTOPOINT',
  'NOTRAILERS',
  undefined,
  'NOARP',
  'PROMISC',
  'ALLMULTI',
  'MASTER',
  'SLAVE',
  'MULTICAST',
  'PORTSEL',
  'AUTOMEDIA',
  'DYNAMIC',
  'LOWER_UP',
  'DORMANT',
  'ECHO',
])

const withoutCarrier = new Map<number, readonly string[]>()

/** IFF_* as `ip` prints them (RUNNING left out, NO-CARRIER for up without running), lowest bit first. Shared lists. */
export function interfaceFlags(flags: number): readonly string[] {
  const visible = flags & ~IFF.RUNNING
  if ((flags & (IFF.UP | IFF.RUNNING)) !== IFF.UP) return INTERFACE_FLAGS.of(visible)
  const known = withoutCarrier.get(visible)
  if (known) return known
  const made = Object.freeze(['NO-CARRIER', ...INTERFACE_FLAGS.of(visible)])
  if (withoutCarrier.size < 1024) withoutCarrier.set(visible, made)
  return made
}

/** RFC 2863 (linux/if.h IF_OPER_*), as `ip` prints them. */
export const OPERSTATES = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP'] as const

/** linux/if.h IF_LINK_MODE_* */
export const LINK_MODES = ['DEFAULT', 'DORMANT', 'TESTING'] as const

/** linux/if_link.h IN6_ADDR_GEN_MODE_* */
export const ADDR_GEN_MODES = ['eui64', 'none', 'stable_secret', 'random'] as const
