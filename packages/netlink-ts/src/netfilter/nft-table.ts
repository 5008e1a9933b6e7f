import type { Message } from '../message.ts'
import { NLM_F } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import { netfilterAttributes, netfilterFamilyName, netfilterHeader, writeNetfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftType } from './nft.ts'
import { decodeNftComment, encodeNftComment } from './nft-userdata.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_table_attributes, enum nft_table_flags. */
export const NFTA_TABLE = { NAME: 1, FLAGS: 2, USE: 3, HANDLE: 4, PAD: 5, USERDATA: 6, OWNER: 7 } as const
export const NFT_TABLE_F = { DORMANT: 1, OWNER: 2, PERSIST: 4 } as const

export interface NftTable {
  /** NFPROTO_* */
  readonly family: number
  /** `ip`, `inet`… */
  readonly familyName: string
  readonly name: string
  /** NFT_TABLE_F_* */
  readonly flags: number
  /** Chains, sets, objects and flowtables in it. */
  readonly use: number
  readonly handle: number
  readonly comment: string | undefined
  /** Netlink port id of the process that owns it (NFT_TABLE_F_OWNER). */
  readonly owner: number | undefined
}

/** NFT_MSG_NEWTABLE (and NFT_MSG_DELTABLE of a notification). */
export function decodeNftTable(message: Message): NftTable {
  const { family } = netfilterHeader(message)
  const attributes = netfilterAttributes(message)
  return {
    family,
    familyName: netfilterFamilyName(family),
    name: required(attributes.string(NFTA_TABLE.NAME), 'table name'),
    flags: attributes.u32be(NFTA_TABLE.FLAGS) ?? 0,
    use: attributes.u32be(NFTA_TABLE.USE) ?? 0,
    handle: attributes.u64be(NFTA_TABLE.HANDLE) ?? 0,
    comment: decodeNftComment(attributes.view(NFTA_TABLE.USERDATA)),
    owner: attributes.u32be(NFTA_TABLE.OWNER),
  }
}

/** Every table of the socket's namespace, of one family or (0) of all. */
export function dumpNftTables(socket: NetlinkSocket, family = 0): NftTable[] {
  return socket.dump(
    { type: nftType(NFT_MSG.GETTABLE), fill: (writer) => writeNetfilterHeader(writer, family) },
    decodeNftTable,
  )
}

export interface NftTableSpecification {
  /** NFPROTO_* */
  readonly family: number
  readonly name: string
  /** NFT_TABLE_F_* */
  readonly flags?: number
  readonly comment?: string | undefined
}

/** To be sent inside {@link nfnetlinkBatch}. An existing table is left as it is. */
export function newNftTable({ family, name, flags, comment }: NftTableSpecification): Request {
  return {
    type: nftType(NFT_MSG.NEWTABLE),
    flags: NLM_F.CREATE,
    fill: (writer) => {
      writeNetfilterHeader(writer, family).stringAttribute(NFTA_TABLE.NAME, name)
      writer.u32beAttribute(NFTA_TABLE.FLAGS, flags ?? 0)
      if (comment !== undefined) writer.bytesAttribute(NFTA_TABLE.USERDATA, encodeNftComment(comment))
    },
  }
}

/** Deletes a table with everything in it. To be sent inside {@link nfnetlinkBatch}. */
export function deleteNftTable({ family, name }: NftTableSpecification): Request {
  return {
    type: nftType(NFT_MSG.DELTABLE),
    fill: (writer) => writeNetfilterHeader(writer, family).stringAttribute(NFTA_TABLE.NAME, name),
  }
}
