import { FlagNames } from './flag-names.ts'

/** linux/rtnetlink.h */
export const RTA = {
  DST: 1,
  SRC: 2,
  IIF: 3,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  FLOW: 11,
  CACHEINFO: 12,
  TABLE: 15,
  MARK: 16,
  VIA: 18,
  NEWDST: 19,
  PREF: 20,
  ENCAP_TYPE: 21,
  ENCAP: 22,
  EXPIRES: 23,
  UID: 25,
  TTL_PROPAGATE: 26,
  IP_PROTO: 27,
  SPORT: 28,
  DPORT: 29,
  NH_ID: 30,
  FLOWLABEL: 31,
} as const

/** linux/rtnetlink.h rtm_flags */
export const RTM_F = {
  NOTIFY: 0x100,
  CLONED: 0x200,
  LOOKUP_TABLE: 0x1000,
  FIB_MATCH: 0x2000,
  OFFLOAD: 0x4000,
  TRAP: 0x8000,
} as const

/** linux/rtnetlink.h; the low byte of rtm_flags is that of the route's only nexthop. */
export const RTNH_F = {
  DEAD: 1,
  PERVASIVE: 2,
  ONLINK: 4,
  OFFLOAD: 8,
  LINKDOWN: 16,
  UNRESOLVED: 32,
  TRAP: 64,
} as const

/** As `ip route` prints them. */
export const NEXTHOP_FLAGS = new FlagNames(['dead', 'pervasive', 'onlink', 'offload', 'linkdown', 'unresolved', 'trap'])
