import {
  addressField,
  booleanField,
  presenceField,
  u8Field,
  u16beField,
  u16Field,
  u32beField,
  u32Field,
} from '../../fields.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_tunnel.h */
export const IFLA_IPTUN = {
  LINK: 1,
  LOCAL: 2,
  REMOTE: 3,
  TTL: 4,
  TOS: 5,
  ENCAP_LIMIT: 6,
  FLOWINFO: 7,
  FLAGS: 8,
  PROTO: 9,
  PMTUDISC: 10,
  ENCAP_TYPE: 15,
  ENCAP_FLAGS: 16,
  ENCAP_SPORT: 17,
  ENCAP_DPORT: 18,
  COLLECT_METADATA: 19,
  FWMARK: 20,
} as const

const ENDPOINTS = {
  /** ifindex of the device it is bound to. */
  link: u32Field(IFLA_IPTUN.LINK),
  local: addressField(IFLA_IPTUN.LOCAL),
  remote: addressField(IFLA_IPTUN.REMOTE),
  ttl: u8Field(IFLA_IPTUN.TTL),
  /** Protocol number inside: 4 ip, 41 ipv6, 0 any. */
  protocol: u8Field(IFLA_IPTUN.PROTO),
  /** 1 fou, 2 gue, 3 mpls. */
  encapType: u16Field(IFLA_IPTUN.ENCAP_TYPE),
  encapFlags: u16Field(IFLA_IPTUN.ENCAP_FLAGS),
  encapSourcePort: u16beField(IFLA_IPTUN.ENCAP_SPORT),
  encapDestinationPort: u16beField(IFLA_IPTUN.ENCAP_DPORT),
  collectMetadata: presenceField(IFLA_IPTUN.COLLECT_METADATA),
  fwmark: u32Field(IFLA_IPTUN.FWMARK),
}

const OVER_IPV4 = {
  ...ENDPOINTS,
  tos: u8Field(IFLA_IPTUN.TOS),
  pathMtuDiscovery: booleanField(IFLA_IPTUN.PMTUDISC),
}

export const IPIP = linkKind('ipip', OVER_IPV4)
export const SIT = linkKind('sit', OVER_IPV4)
export const IP6TNL = linkKind('ip6tnl', {
  ...ENDPOINTS,
  encapLimit: u8Field(IFLA_IPTUN.ENCAP_LIMIT),
  flowInfo: u32beField(IFLA_IPTUN.FLOWINFO),
  /** linux/ip6_tunnel.h IP6_TNL_F_* */
  flags: u32Field(IFLA_IPTUN.FLAGS),
})
