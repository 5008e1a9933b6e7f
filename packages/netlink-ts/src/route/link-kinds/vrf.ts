import { u32Field } from '../../fields.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h: IFLA_VRF_TABLE, IFLA_VRF_PORT_TABLE. */
const IFLA_VRF_TABLE = 1

export const VRF = linkKind('vrf', { table: u32Field(IFLA_VRF_TABLE) })
export const VRF_SLAVE = linkKind('vrf', { table: u32Field(IFLA_VRF_TABLE) })
