/** linux/netfilter/ipset/ip_set.h: commands. */
export const IPSET_CMD = { PROTOCOL: 1, CREATE: 2, DESTROY: 3, FLUSH: 4, LIST: 7, SAVE: 8, ADD: 9, DEL: 10 } as const
/** Newest protocol that is spoken here; kernels before 4.20 speak 6. */
export const IPSET_PROTOCOL = 7

/** linux/netfilter/ipset/ip_set.h: attributes of a command. */
export const IPSET_ATTR = {
  PROTOCOL: 1,
  SETNAME: 2,
  TYPENAME: 3,
  REVISION: 4,
  FAMILY: 5,
  FLAGS: 6,
  DATA: 7,
  ADT: 8,
  PROTOCOL_MIN: 10,
} as const

/** Attributes inside DATA, of a set and of an element. */
export const IPSET_CADT = {
  IP: 1,
  IP_TO: 2,
  CIDR: 3,
  PORT: 4,
  PORT_TO: 5,
  TIMEOUT: 6,
  PROTO: 7,
  FLAGS: 8,
  MARK: 10,
  MARKMASK: 11,
} as const

/** Attributes inside DATA, of a set only. */
export const IPSET_CREATE = {
  INITVAL: 17,
  HASHSIZE: 18,
  MAXELEM: 19,
  NETMASK: 20,
  BUCKETSIZE: 21,
  SIZE: 23,
  ELEMENTS: 24,
  REFERENCES: 25,
  MEMSIZE: 26,
} as const

/** Attributes inside DATA, of an element only. */
export const IPSET_ADT = {
  ETHER: 17,
  NAME: 18,
  NAMEREF: 19,
  IP2: 20,
  CIDR2: 21,
  IP2_TO: 22,
  IFACE: 23,
  BYTES: 24,
  PACKETS: 25,
  COMMENT: 26,
  SKBMARK: 27,
  SKBPRIO: 28,
  SKBQUEUE: 29,
} as const

/** IPSET_ATTR_IPADDR_*: what an address nest holds. */
export const IPSET_IPADDR = { IPV4: 1, IPV6: 2 } as const

/** IPSET_FLAG_LIST_HEADER of linux/netfilter/ipset/ip_set.h: sets without their elements. */
export const IPSET_FLAG_LIST_HEADER = 4

/** IPSET_FLAG_* inside DATA. */
export const IPSET_FLAG = {
  BEFORE: 1,
  PHYSDEV: 2,
  NOMATCH: 4,
  WITH_COUNTERS: 8,
  WITH_COMMENT: 0x10,
  WITH_FORCEADD: 0x20,
  WITH_SKBINFO: 0x40,
  IFACE_WILDCARD: 0x80,
} as const
