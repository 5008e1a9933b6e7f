import { type Field, u16Field, u32Field } from '../../fields.ts'
import { u32 } from '../../reader.ts'
import { FlagNames } from '../flag-names.ts'
import { linkKind } from './link-kind.ts'

/** linux/if_link.h */
export const IFLA_MACVLAN = { MODE: 1, FLAGS: 2, MACADDR_COUNT: 6, BC_QUEUE_LEN: 7, BC_QUEUE_LEN_USED: 8 } as const

/** linux/if_link.h MACVLAN_MODE_*: a bit each. */
const MODES: readonly string[] = ['private', 'vepa', 'bridge', 'passthru', 'source']
const MACVLAN_FLAGS = new FlagNames(['nopromisc', 'nodst'])

const mode: Field<string> = {
  type: IFLA_MACVLAN.MODE,
  size: 4,
  read: (bytes, start) => {
    const bits = u32(bytes, start)
    return MODES.find((_, bit) => bits === 1 << bit) ?? String(bits)
  },
  write: (writer, name) => {
    const bit = MODES.indexOf(name)
    writer.u32(bit === -1 ? Number(name) : 1 << bit)
  },
}

const flags: Field<readonly string[]> = {
  ...u16Field(IFLA_MACVLAN.FLAGS),
  read: (bytes, start, end) => MACVLAN_FLAGS.of(u16Field(IFLA_MACVLAN.FLAGS).read(bytes, start, end)),
  write: (writer, names) => writer.u16(MACVLAN_FLAGS.mask(names)),
}

const FIELDS = {
  mode,
  flags,
  macAddressCount: u32Field(IFLA_MACVLAN.MACADDR_COUNT),
  /** Length of the queue for broadcasts: asked for, and in use. */
  broadcastQueueLength: u32Field(IFLA_MACVLAN.BC_QUEUE_LEN),
  broadcastQueueLengthUsed: u32Field(IFLA_MACVLAN.BC_QUEUE_LEN_USED),
}

export const MACVLAN = linkKind('macvlan', FIELDS)
export const MACVTAP = linkKind('macvtap', FIELDS)
