import { type Field, namedField, u16Field } from '../../fields.ts'
import { u16 } from '../../reader.ts'
import { FlagNames } from '../flag-names.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_IPVLAN = { MODE: 1, FLAGS: 2 } as const

const MODES = ['l2', 'l3', 'l3s'] as const
/** No flag means `bridge`. */
const IPVLAN_FLAGS = new FlagNames(['private', 'vepa'])

const flags: Field<readonly string[]> = {
  type: IFLA_IPVLAN.FLAGS,
  size: 2,
  read: (bytes, start) => IPVLAN_FLAGS.of(u16(bytes, start)),
  write: (writer, names) => writer.u16(IPVLAN_FLAGS.mask(names)),
}

const FIELDS = { mode: namedField(u16Field(IFLA_IPVLAN.MODE), MODES), flags }

export const IPVLAN = linkKind('ipvlan', FIELDS)
export const IPVTAP = linkKind('ipvtap', FIELDS)
