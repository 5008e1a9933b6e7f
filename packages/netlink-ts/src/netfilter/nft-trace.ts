import type { Attributes } from '../attribute.ts'
import type { Message } from '../message.ts'
import { netfilterAttributes, netfilterFamilyName, netfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftType } from './nft.ts'
import { decodeNftVerdict, nftVerdictName } from './nft-expression.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_trace_attributes, nft_trace_types. */
const NFTA_TRACE = {
  TABLE: 1,
  CHAIN: 2,
  RULE_HANDLE: 3,
  TYPE: 4,
  VERDICT: 5,
  ID: 6,
  LL_HEADER: 7,
  NETWORK_HEADER: 8,
  TRANSPORT_HEADER: 9,
  IIF: 10,
  IIFTYPE: 11,
  OIF: 12,
  OIFTYPE: 13,
  MARK: 14,
  NFPROTO: 15,
  POLICY: 16,
} as const
const TYPES = ['unspec', 'policy', 'return', 'rule'] as const

/**
 * What one rule, or the end of one chain, said of a traced packet (`meta nftrace set 1`); group
 * {@link NFNLGRP}.NFTRACE tells of each. Headers come with the first event of a packet in a chain only.
 */
export interface NftTrace {
  /** Same for all events of one packet; not unique for long. */
  readonly id: number
  /** NFPROTO_* of the table. */
  readonly family: number
  readonly familyName: string
  readonly table: string
  readonly chain: string
  /** `rule` (a rule matched), `policy` (end of a base chain), `return` (end of another chain). */
  readonly type: string
  readonly ruleHandle: number | undefined
  /** Of a rule: `accept`, `drop`, `jump`, `continue`… */
  readonly verdict: string | undefined
  /** Where a jump or goto leads. */
  readonly verdictChain: string | undefined
  /** Of a base chain's end: `accept` or `drop`. */
  readonly policy: string | undefined
  /** ifindexes. */
  readonly iif: number | undefined
  readonly oif: number | undefined
  readonly mark: number | undefined
  /** NFPROTO_* of the packet itself, for families inet, bridge and netdev. */
  readonly packetFamily: number | undefined
  /** First bytes of each header (at most 20, 40 and 20 bytes); copies. */
  readonly linkLayerHeader: Uint8Array | undefined
  readonly networkHeader: Uint8Array | undefined
  readonly transportHeader: Uint8Array | undefined
}

/** NFT_MSG_TRACE. */
export function decodeNftTrace(message: Message): NftTrace {
  const { family } = netfilterHeader(message)
  const attributes = netfilterAttributes(message)
  const verdict = decodeNftVerdict(attributes.nested(NFTA_TRACE.VERDICT))
  const policy = attributes.u32be(NFTA_TRACE.POLICY)
  const type = attributes.u32be(NFTA_TRACE.TYPE) ?? 0
  return {
    id: required(attributes.u32be(NFTA_TRACE.ID), 'trace id'),
    family,
    familyName: netfilterFamilyName(family),
    table: required(attributes.string(NFTA_TRACE.TABLE), 'trace table'),
    chain: required(attributes.string(NFTA_TRACE.CHAIN), 'trace chain'),
    type: TYPES[type] ?? String(type),
    ruleHandle: attributes.u64be(NFTA_TRACE.RULE_HANDLE),
    verdict: verdict?.verdict,
    verdictChain: verdict?.chain,
    policy: policy === undefined ? undefined : nftVerdictName(policy),
    iif: attributes.u32be(NFTA_TRACE.IIF),
    oif: attributes.u32be(NFTA_TRACE.OIF),
    mark: attributes.u32be(NFTA_TRACE.MARK),
    packetFamily: attributes.u32be(NFTA_TRACE.NFPROTO),
    linkLayerHeader: copy(attributes, NFTA_TRACE.LL_HEADER),
    networkHeader: copy(attributes, NFTA_TRACE.NETWORK_HEADER),
    transportHeader: copy(attributes, NFTA_TRACE.TRANSPORT_HEADER),
  }
}

function copy(attributes: Attributes, type: number): Uint8Array | undefined {
  return attributes.view(type)?.slice()
}

export function isNftTrace(message: Message): boolean {
  return message.type === nftType(NFT_MSG.TRACE)
}
