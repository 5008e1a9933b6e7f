import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import { netfilterAttributes, netfilterFamilyName, netfilterHeader, writeNetfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftType } from './nft.ts'
import { decodeNftComment, NFTNL_UDATA } from './nft-userdata.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_set_attributes, nft_set_flags. */
const NFTA_SET = {
  TABLE: 1,
  NAME: 2,
  FLAGS: 3,
  KEY_TYPE: 4,
  KEY_LEN: 5,
  DATA_TYPE: 6,
  DATA_LEN: 7,
  TIMEOUT: 11,
  USERDATA: 13,
  HANDLE: 16,
} as const
export const NFT_SET = {
  ANONYMOUS: 1,
  CONSTANT: 2,
  INTERVAL: 4,
  MAP: 8,
  TIMEOUT: 0x10,
  EVAL: 0x20,
  OBJECT: 0x40,
  CONCAT: 0x80,
} as const

/** A set, map or verdict map, without its elements. */
export interface NftSet {
  /** NFPROTO_* */
  readonly family: number
  readonly familyName: string
  readonly table: string
  /** `__set0` and the like for one that is written inside a rule. */
  readonly name: string
  readonly handle: number
  /** NFT_SET_* */
  readonly flags: number
  /** nft(8)'s number of the key's data type, 6 bits for each part of a concatenation. */
  readonly keyType: number
  /** Bytes. */
  readonly keyLength: number
  /** Of a map: what it gives; 0xffffff00 = a verdict. */
  readonly dataType: number | undefined
  readonly timeoutMs: number | undefined
  readonly comment: string | undefined
}

/** NFT_MSG_NEWSET (and NFT_MSG_DELSET of a notification). */
export function decodeNftSet(message: Message): NftSet {
  const { family } = netfilterHeader(message)
  const attributes = netfilterAttributes(message)
  return {
    family,
    familyName: netfilterFamilyName(family),
    table: required(attributes.string(NFTA_SET.TABLE), 'set table'),
    name: required(attributes.string(NFTA_SET.NAME), 'set name'),
    handle: attributes.u64be(NFTA_SET.HANDLE) ?? 0,
    flags: attributes.u32be(NFTA_SET.FLAGS) ?? 0,
    keyType: attributes.u32be(NFTA_SET.KEY_TYPE) ?? 0,
    keyLength: attributes.u32be(NFTA_SET.KEY_LEN) ?? 0,
    dataType: attributes.u32be(NFTA_SET.DATA_TYPE),
    timeoutMs: attributes.u64be(NFTA_SET.TIMEOUT),
    comment: decodeNftComment(attributes.view(NFTA_SET.USERDATA), NFTNL_UDATA.SET_COMMENT),
  }
}

/** Every set of the socket's namespace, of one family or (0) of all. */
export function dumpNftSets(socket: NetlinkSocket, family = 0): NftSet[] {
  return socket.dump(
    { type: nftType(NFT_MSG.GETSET), fill: (writer) => writeNetfilterHeader(writer, family) },
    decodeNftSet,
  )
}
