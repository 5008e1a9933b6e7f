import type { Attributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { GenericFamily } from './family.ts'
import { genericAttributes, genericRequest } from './genetlink.ts'

/** linux/ethtool_netlink.h */
export const ETHTOOL_GENL_NAME = 'ethtool'
const ETHTOOL_MSG_FEATURES_GET = 11
const ETHTOOL_A_HEADER = { DEV_INDEX: 1, DEV_NAME: 2, FLAGS: 3 } as const
const ETHTOOL_A_FEATURES = { HEADER: 1, HW: 2, WANTED: 3, ACTIVE: 4, NOCHANGE: 5 } as const
const ETHTOOL_A_BITSET = { NOMASK: 1, BITS: 3 } as const
const ETHTOOL_A_BITSET_BITS_BIT = 1
const ETHTOOL_A_BITSET_BIT = { INDEX: 1, NAME: 2, VALUE: 3 } as const

/** Offloads of a link, by the kernel's names (`tx-checksum-ip-generic`, `rx-gro`…; net/ethtool/common.c). */
export interface EthtoolFeatures {
  /** ifindex. */
  readonly index: number
  readonly name: string
  readonly active: readonly string[]
  /** What somebody asked for; not all of it need be active. */
  readonly wanted: readonly string[]
  /** Everything else is fixed. */
  readonly changeable: readonly string[]
}

/** ETHTOOL_MSG_FEATURES_GET_REPLY in its verbose form. */
export function decodeEthtoolFeatures(message: Message): EthtoolFeatures {
  const attributes = genericAttributes(message)
  const header = attributes.nested(ETHTOOL_A_FEATURES.HEADER)
  const index = header?.u32(ETHTOOL_A_HEADER.DEV_INDEX)
  if (index === undefined) throw malformed('ethtool features: link is missing')
  const fixed = new Set(decodeBitset(attributes.nested(ETHTOOL_A_FEATURES.NOCHANGE)))
  return {
    index,
    name: header?.string(ETHTOOL_A_HEADER.DEV_NAME) ?? '',
    active: decodeBitset(attributes.nested(ETHTOOL_A_FEATURES.ACTIVE)),
    wanted: decodeBitset(attributes.nested(ETHTOOL_A_FEATURES.WANTED)),
    changeable: decodeBitset(attributes.nested(ETHTOOL_A_FEATURES.HW)).filter((name) => !fixed.has(name)),
  }
}

/** Names of the bits that are set; a list without a mask has only these. */
function decodeBitset(bitset: Attributes | undefined): string[] {
  if (!bitset) return []
  const isList = bitset.has(ETHTOOL_A_BITSET.NOMASK)
  const bits = bitset.nested(ETHTOOL_A_BITSET.BITS)?.nests(ETHTOOL_A_BITSET_BITS_BIT) ?? []
  return bits
    .filter((bit) => isList || bit.has(ETHTOOL_A_BITSET_BIT.VALUE))
    .map((bit) => bit.string(ETHTOOL_A_BITSET_BIT.NAME) ?? String(bit.u32(ETHTOOL_A_BITSET_BIT.INDEX)))
}

/** Features of one link, by ifindex; `family` is that named {@link ETHTOOL_GENL_NAME}. */
export function getEthtoolFeatures(socket: NetlinkSocket, family: GenericFamily, index: number): EthtoolFeatures {
  const request = genericRequest(family.id, {
    command: ETHTOOL_MSG_FEATURES_GET,
    fill: (writer) =>
      writer.nested(ETHTOOL_A_FEATURES.HEADER, (w) => w.u32Attribute(ETHTOOL_A_HEADER.DEV_INDEX, index)),
  })
  const [features] = socket.request(request, decodeEthtoolFeatures)
  if (!features) throw malformed('ethtool features: no answer')
  return features
}

/** Features of every link in the socket's namespace. */
export function dumpEthtoolFeatures(socket: NetlinkSocket, family: GenericFamily): EthtoolFeatures[] {
  const request = genericRequest(family.id, {
    command: ETHTOOL_MSG_FEATURES_GET,
    fill: (writer) => writer.nested(ETHTOOL_A_FEATURES.HEADER, () => {}),
  })
  return socket.dump(request, decodeEthtoolFeatures)
}
