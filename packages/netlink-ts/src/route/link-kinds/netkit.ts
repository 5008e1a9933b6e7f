import { booleanField, type Field, namedField, u16Field, u32Field } from '../../fields.ts'
import { s32 } from '../../reader.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_NETKIT = {
  PEER_INFO: 1,
  PRIMARY: 2,
  POLICY: 3,
  PEER_POLICY: 4,
  MODE: 5,
  SCRUB: 6,
  PEER_SCRUB: 7,
  HEADROOM: 8,
  TAILROOM: 9,
} as const

/** linux/if_link.h NETKIT_PASS, NETKIT_DROP, the verdicts of linux/tc_act. */
const POLICIES = new Map([
  [0, 'pass'],
  [2, 'drop'],
])

function policy(type: number): Field<string> {
  return {
    type,
    size: 4,
    read: (bytes, start) => POLICIES.get(s32(bytes, start)) ?? String(s32(bytes, start)),
    write: (writer, name) => writer.s32([...POLICIES].find(([, known]) => known === name)?.[0] ?? Number(name)),
  }
}

export const NETKIT = linkKind('netkit', {
  primary: booleanField(IFLA_NETKIT.PRIMARY),
  policy: policy(IFLA_NETKIT.POLICY),
  peerPolicy: policy(IFLA_NETKIT.PEER_POLICY),
  mode: namedField(u32Field(IFLA_NETKIT.MODE), ['l2', 'l3']),
  scrub: u32Field(IFLA_NETKIT.SCRUB),
  peerScrub: u32Field(IFLA_NETKIT.PEER_SCRUB),
  headroom: u16Field(IFLA_NETKIT.HEADROOM),
  tailroom: u16Field(IFLA_NETKIT.TAILROOM),
})
