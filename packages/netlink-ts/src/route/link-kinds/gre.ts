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
export const IFLA_GRE = {
  LINK: 1,
  IFLAGS: 2,
  OFLAGS: 3,
  IKEY: 4,
  OKEY: 5,
  LOCAL: 6,
  REMOTE: 7,
  TTL: 8,
  TOS: 9,
  PMTUDISC: 10,
  ENCAP_LIMIT: 11,
  FLOWINFO: 12,
  FLAGS: 13,
  ENCAP_TYPE: 14,
  ENCAP_FLAGS: 15,
  ENCAP_SPORT: 16,
  ENCAP_DPORT: 17,
  COLLECT_METADATA: 18,
  IGNORE_DF: 19,
  FWMARK: 20,
  ERSPAN_INDEX: 21,
  ERSPAN_VER: 22,
} as const

/** linux/if_tunnel.h GRE_*, as stored (big-endian). */
export const GRE = { CSUM: 0x8000, KEY: 0x2000, SEQ: 0x1000 } as const

const FIELDS = {
  /** ifindex of the device it is bound to. */
  link: u32Field(IFLA_GRE.LINK),
  /** GRE.* of what is expected (input) and sent (output). */
  inputFlags: u16beField(IFLA_GRE.IFLAGS),
  outputFlags: u16beField(IFLA_GRE.OFLAGS),
  inputKey: u32beField(IFLA_GRE.IKEY),
  outputKey: u32beField(IFLA_GRE.OKEY),
  local: addressField(IFLA_GRE.LOCAL),
  remote: addressField(IFLA_GRE.REMOTE),
  ttl: u8Field(IFLA_GRE.TTL),
  tos: u8Field(IFLA_GRE.TOS),
  pathMtuDiscovery: booleanField(IFLA_GRE.PMTUDISC),
  encapLimit: u8Field(IFLA_GRE.ENCAP_LIMIT),
  flowInfo: u32beField(IFLA_GRE.FLOWINFO),
  flags: u32Field(IFLA_GRE.FLAGS),
  encapType: u16Field(IFLA_GRE.ENCAP_TYPE),
  encapFlags: u16Field(IFLA_GRE.ENCAP_FLAGS),
  encapSourcePort: u16beField(IFLA_GRE.ENCAP_SPORT),
  encapDestinationPort: u16beField(IFLA_GRE.ENCAP_DPORT),
  collectMetadata: presenceField(IFLA_GRE.COLLECT_METADATA),
  ignoreDf: booleanField(IFLA_GRE.IGNORE_DF),
  fwmark: u32Field(IFLA_GRE.FWMARK),
  erspanIndex: u32Field(IFLA_GRE.ERSPAN_INDEX),
  erspanVersion: u8Field(IFLA_GRE.ERSPAN_VER),
}

export const GRE_TUNNEL = linkKind('gre', FIELDS)
export const GRETAP = linkKind('gretap', FIELDS)
export const IP6GRE = linkKind('ip6gre', FIELDS)
export const IP6GRETAP = linkKind('ip6gretap', FIELDS)
export const ERSPAN = linkKind('erspan', FIELDS)
