import { malformed } from '../error.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import { netfilterAttributes, writeNetfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftType } from './nft.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_gen_attributes. */
const NFTA_GEN = { ID: 1, PROC_PID: 2, PROC_NAME: 3 } as const

/** Counts up with each committed transaction of a namespace; group {@link NFNLGRP}.NFTABLES tells of each. */
export interface NftGeneration {
  readonly id: number
  /** Process that changed the rules (of an answer: the one that asks). */
  readonly pid: number | undefined
  readonly processName: string | undefined
}

/** NFT_MSG_NEWGEN. */
export function decodeNftGeneration(message: Message): NftGeneration {
  const attributes = netfilterAttributes(message)
  return {
    id: required(attributes.u32be(NFTA_GEN.ID), 'generation id'),
    pid: attributes.u32be(NFTA_GEN.PROC_PID),
    processName: attributes.string(NFTA_GEN.PROC_NAME),
  }
}

/** Generation of the rules in the socket's namespace. */
export function getNftGeneration(socket: NetlinkSocket): NftGeneration {
  const [generation] = socket.request(
    { type: nftType(NFT_MSG.GETGEN), fill: (writer) => writeNetfilterHeader(writer, 0) },
    decodeNftGeneration,
  )
  if (!generation) throw malformed('generation: no answer')
  return generation
}

/** Whether a message of group NFNLGRP_NFTABLES ends a transaction. */
export function isNftGeneration(message: Message): boolean {
  return message.type === nftType(NFT_MSG.NEWGEN)
}
