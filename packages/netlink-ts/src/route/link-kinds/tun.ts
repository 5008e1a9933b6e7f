import { booleanField, namedField, u8Field, u32Field } from '../../fields.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_TUN = {
  OWNER: 1,
  GROUP: 2,
  TYPE: 3,
  PI: 4,
  VNET_HDR: 5,
  PERSIST: 6,
  MULTI_QUEUE: 7,
  NUM_QUEUES: 8,
  NUM_DISABLED_QUEUES: 9,
} as const

/** Read only: the kernel makes these devices through /dev/net/tun. */
export const TUN = linkKind('tun', {
  /** User and group that may open it. */
  owner: u32Field(IFLA_TUN.OWNER),
  group: u32Field(IFLA_TUN.GROUP),
  /** linux/if_tun.h IFF_TUN, IFF_TAP. */
  type: namedField(u8Field(IFLA_TUN.TYPE), [undefined, 'tun', 'tap']),
  packetInformation: booleanField(IFLA_TUN.PI),
  vnetHeader: booleanField(IFLA_TUN.VNET_HDR),
  persist: booleanField(IFLA_TUN.PERSIST),
  multiQueue: booleanField(IFLA_TUN.MULTI_QUEUE),
  queues: u32Field(IFLA_TUN.NUM_QUEUES),
  disabledQueues: u32Field(IFLA_TUN.NUM_DISABLED_QUEUES),
})
