import { addressField, booleanField, presenceField, u8Field, u16beField, u32beField, u32Field } from '../../fields.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_GENEVE = {
  ID: 1,
  REMOTE: 2,
  TTL: 3,
  TOS: 4,
  PORT: 5,
  COLLECT_METADATA: 6,
  REMOTE6: 7,
  UDP_CSUM: 8,
  UDP_ZERO_CSUM6_TX: 9,
  UDP_ZERO_CSUM6_RX: 10,
  LABEL: 11,
  TTL_INHERIT: 12,
  DF: 13,
} as const

export const GENEVE = linkKind('geneve', {
  vni: u32Field(IFLA_GENEVE.ID),
  remote: addressField(IFLA_GENEVE.REMOTE),
  remote6: addressField(IFLA_GENEVE.REMOTE6),
  ttl: u8Field(IFLA_GENEVE.TTL),
  ttlInherit: booleanField(IFLA_GENEVE.TTL_INHERIT),
  tos: u8Field(IFLA_GENEVE.TOS),
  /** UDP destination port. */
  port: u16beField(IFLA_GENEVE.PORT),
  collectMetadata: presenceField(IFLA_GENEVE.COLLECT_METADATA),
  udpChecksum: booleanField(IFLA_GENEVE.UDP_CSUM),
  udpZeroChecksum6Tx: booleanField(IFLA_GENEVE.UDP_ZERO_CSUM6_TX),
  udpZeroChecksum6Rx: booleanField(IFLA_GENEVE.UDP_ZERO_CSUM6_RX),
  label: u32beField(IFLA_GENEVE.LABEL),
  /** 0 unset, 1 set, 2 inherit. */
  df: u8Field(IFLA_GENEVE.DF),
})
