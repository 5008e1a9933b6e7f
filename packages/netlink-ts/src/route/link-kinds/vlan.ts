import { type Field, u16beField, u16Field } from '../../fields.ts'
import { u32 } from '../../reader.ts'
import { FlagNames } from '../flag-names.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_VLAN = { ID: 1, FLAGS: 2, EGRESS_QOS: 3, INGRESS_QOS: 4, PROTOCOL: 5 } as const

/** linux/if_vlan.h VLAN_FLAG_*, as `ip` prints them. */
const VLAN_FLAGS = new FlagNames(['REORDER_HDR', 'GVRP', 'LOOSE_BINDING', 'MVRP', 'BRIDGE_BINDING'])

/** struct ifla_vlan_flags: flags, then the mask of those to change. */
const flags: Field<readonly string[]> = {
  type: IFLA_VLAN.FLAGS,
  size: 8,
  read: (bytes, start) => VLAN_FLAGS.of(u32(bytes, start)),
  write: (writer, names) => writer.u32(VLAN_FLAGS.mask(names)).u32(0xffff_ffff),
}

export const VLAN = linkKind('vlan', {
  id: u16Field(IFLA_VLAN.ID),
  flags,
  /** Ethertype: 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  protocol: u16beField(IFLA_VLAN.PROTOCOL),
})
