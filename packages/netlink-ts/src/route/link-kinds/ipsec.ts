import { addressField, presenceField, u32beField, u32Field } from '../../fields.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_tunnel.h */
export const IFLA_VTI = { LINK: 1, IKEY: 2, OKEY: 3, LOCAL: 4, REMOTE: 5, FWMARK: 6 } as const

/** linux/if_link.h */
export const IFLA_XFRM = { LINK: 1, IF_ID: 2, COLLECT_METADATA: 3 } as const

const VTI_FIELDS = {
  link: u32Field(IFLA_VTI.LINK),
  inputKey: u32beField(IFLA_VTI.IKEY),
  outputKey: u32beField(IFLA_VTI.OKEY),
  local: addressField(IFLA_VTI.LOCAL),
  remote: addressField(IFLA_VTI.REMOTE),
  fwmark: u32Field(IFLA_VTI.FWMARK),
}

export const VTI = linkKind('vti', VTI_FIELDS)
export const VTI6 = linkKind('vti6', VTI_FIELDS)
export const XFRM_INTERFACE = linkKind('xfrm', {
  link: u32Field(IFLA_XFRM.LINK),
  /** Matches the if_id of states and policies. */
  interfaceId: u32Field(IFLA_XFRM.IF_ID),
  collectMetadata: presenceField(IFLA_XFRM.COLLECT_METADATA),
})
