import {
  addressField,
  booleanField,
  type Field,
  presenceField,
  u8Field,
  u16beField,
  u32beField,
  u32Field,
} from '../../fields.ts'
import { u16be } from '../../reader.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_VXLAN = {
  ID: 1,
  GROUP: 2,
  LINK: 3,
  LOCAL: 4,
  TTL: 5,
  TOS: 6,
  LEARNING: 7,
  AGEING: 8,
  LIMIT: 9,
  PORT_RANGE: 10,
  PROXY: 11,
  RSC: 12,
  L2MISS: 13,
  L3MISS: 14,
  PORT: 15,
  GROUP6: 16,
  LOCAL6: 17,
  UDP_CSUM: 18,
  UDP_ZERO_CSUM6_TX: 19,
  UDP_ZERO_CSUM6_RX: 20,
  REMCSUM_TX: 21,
  REMCSUM_RX: 22,
  GBP: 23,
  REMCSUM_NOPARTIAL: 24,
  COLLECT_METADATA: 25,
  LABEL: 26,
  GPE: 27,
  TTL_INHERIT: 28,
  DF: 29,
  VNIFILTER: 30,
  LOCALBYPASS: 31,
} as const

/** struct ifla_vxlan_port_range: UDP source ports, lowest and highest, network byte order. */
const sourcePorts: Field<readonly [number, number]> = {
  type: IFLA_VXLAN.PORT_RANGE,
  size: 4,
  read: (bytes, start) => [u16be(bytes, start), u16be(bytes, start + 2)],
  write: (writer, [low, high]) => writer.u16be(low).u16be(high),
}

export const VXLAN = linkKind('vxlan', {
  vni: u32Field(IFLA_VXLAN.ID),
  /** Remote VTEP, or a multicast group. */
  remote: addressField(IFLA_VXLAN.GROUP),
  remote6: addressField(IFLA_VXLAN.GROUP6),
  /** ifindex of the device it is bound to. */
  link: u32Field(IFLA_VXLAN.LINK),
  local: addressField(IFLA_VXLAN.LOCAL),
  local6: addressField(IFLA_VXLAN.LOCAL6),
  /** 0 = the system's default. */
  ttl: u8Field(IFLA_VXLAN.TTL),
  ttlInherit: booleanField(IFLA_VXLAN.TTL_INHERIT),
  /** 1 = copied from the inner packet. */
  tos: u8Field(IFLA_VXLAN.TOS),
  learning: booleanField(IFLA_VXLAN.LEARNING),
  ageingS: u32Field(IFLA_VXLAN.AGEING),
  /** Most FDB entries, 0 = no limit. */
  limit: u32Field(IFLA_VXLAN.LIMIT),
  sourcePorts,
  proxy: booleanField(IFLA_VXLAN.PROXY),
  rsc: booleanField(IFLA_VXLAN.RSC),
  l2miss: booleanField(IFLA_VXLAN.L2MISS),
  l3miss: booleanField(IFLA_VXLAN.L3MISS),
  /** UDP destination port. */
  port: u16beField(IFLA_VXLAN.PORT),
  udpChecksum: booleanField(IFLA_VXLAN.UDP_CSUM),
  udpZeroChecksum6Tx: booleanField(IFLA_VXLAN.UDP_ZERO_CSUM6_TX),
  udpZeroChecksum6Rx: booleanField(IFLA_VXLAN.UDP_ZERO_CSUM6_RX),
  remoteChecksumTx: booleanField(IFLA_VXLAN.REMCSUM_TX),
  remoteChecksumRx: booleanField(IFLA_VXLAN.REMCSUM_RX),
  /** Group based policy extension. */
  gbp: presenceField(IFLA_VXLAN.GBP),
  gpe: presenceField(IFLA_VXLAN.GPE),
  /** VNI and remote are given by the route or tc filter of each packet (`external`). */
  collectMetadata: booleanField(IFLA_VXLAN.COLLECT_METADATA),
  vniFilter: booleanField(IFLA_VXLAN.VNIFILTER),
  /** IPv6 flow label. */
  label: u32beField(IFLA_VXLAN.LABEL),
  /** 0 unset, 1 set, 2 inherit. */
  df: u8Field(IFLA_VXLAN.DF),
  localBypass: booleanField(IFLA_VXLAN.LOCALBYPASS),
})
