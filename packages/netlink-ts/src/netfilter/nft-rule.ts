import type { Attributes } from '../attribute.ts'
import { type Message, NLM_F } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { netfilterAttributes, netfilterFamilyName, netfilterHeader, writeNetfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftType } from './nft.ts'
import type { NftCounter } from './nft-counter.ts'
import { counterOfExpression, decodeNftExpression, NFTA_EXPR, type NftExpression } from './nft-expression.ts'
import { decodeNftComment, encodeNftComment } from './nft-userdata.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_rule_attributes, nft_list_attributes. */
export const NFTA_RULE = {
  TABLE: 1,
  CHAIN: 2,
  HANDLE: 3,
  EXPRESSIONS: 4,
  COMPAT: 5,
  POSITION: 6,
  USERDATA: 7,
  PAD: 8,
  ID: 9,
  POSITION_ID: 10,
  CHAIN_ID: 11,
} as const
const NFTA_LIST_ELEM = 1

export interface NftRule {
  /** NFPROTO_* */
  readonly family: number
  readonly familyName: string
  readonly table: string
  readonly chain: string
  readonly handle: number
  /** Handle of the rule before it in the chain; absent for the first one. */
  readonly position: number | undefined
  readonly comment: string | undefined
  readonly expressions: readonly NftExpression[]
  /** Of its first `counter` expression. */
  readonly counter: NftCounter | undefined
}

/** NFT_MSG_NEWRULE (and NFT_MSG_DELRULE of a notification). */
export function decodeNftRule(message: Message): NftRule {
  const { family } = netfilterHeader(message)
  const attributes = netfilterAttributes(message)
  const expressions = expressionsOf(attributes)
  return {
    family,
    familyName: netfilterFamilyName(family),
    table: required(attributes.string(NFTA_RULE.TABLE), 'rule table'),
    chain: required(attributes.string(NFTA_RULE.CHAIN), 'rule chain'),
    handle: attributes.u64be(NFTA_RULE.HANDLE) ?? 0,
    position: attributes.u64be(NFTA_RULE.POSITION),
    comment: decodeNftComment(attributes.view(NFTA_RULE.USERDATA)),
    expressions,
    counter: firstCounter(expressions),
  }
}

function expressionsOf(attributes: Attributes): NftExpression[] {
  return (attributes.nested(NFTA_RULE.EXPRESSIONS)?.nests(NFTA_LIST_ELEM) ?? []).map(decodeNftExpression)
}

function firstCounter(expressions: readonly NftExpression[]): NftCounter | undefined {
  const expression = expressions.find(({ name }) => name === 'counter')
  return expression && counterOfExpression(expression)
}

/** Whose rules: of one family, table and chain, or of all. */
export interface NftRuleFilter {
  readonly family?: number
  readonly table?: string
  readonly chain?: string
}

/** Rules of the socket's namespace, in the order in which a packet meets them in each chain. */
export function dumpNftRules(socket: NetlinkSocket, filter: NftRuleFilter = {}): NftRule[] {
  return socket.dump({ type: nftType(NFT_MSG.GETRULE), fill: (writer) => writeFilter(writer, filter) }, decodeNftRule)
}

function writeFilter(writer: Writer, { family, table, chain }: NftRuleFilter): void {
  writeNetfilterHeader(writer, family ?? 0)
  if (table !== undefined) writer.stringAttribute(NFTA_RULE.TABLE, table)
  if (chain !== undefined) writer.stringAttribute(NFTA_RULE.CHAIN, chain)
}

export interface NftRuleSpecification {
  /** NFPROTO_* */
  readonly family: number
  readonly table: string
  readonly chain: string
  readonly expressions: readonly NftExpression[]
  readonly comment?: string | undefined
  /** For the iptables extensions in it (`match`, `target`), which may ask for a protocol. Not in what a dump gives. */
  readonly compat?: NftRuleCompat | undefined
}

/** linux/netfilter/nf_tables_compat.h: NFTA_RULE_COMPAT. */
export interface NftRuleCompat {
  /** IPPROTO_*; 0 = any. */
  readonly protocol: number
  /** All but that one. */
  readonly inverted: boolean
}
const NFTA_RULE_COMPAT = { PROTO: 1, FLAGS: 2 } as const
const NFT_RULE_COMPAT_F_INV = 1 << 1

/** Takes a rule away. To be sent inside {@link nfnetlinkBatch}. */
export function deleteNftRule({ family, table, chain, handle }: NftRuleKey): Request {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(handle))
  return {
    type: nftType(NFT_MSG.DELRULE),
    fill: (writer) => {
      writeFilter(writer, { family, table, chain })
      writer.bytesAttribute(NFTA_RULE.HANDLE, bytes)
    },
  }
}

/** What the kernel knows a rule by. */
export type NftRuleKey = Pick<NftRule, 'family' | 'table' | 'chain' | 'handle'>

/** Appends a rule to its chain. To be sent inside {@link nfnetlinkBatch}. */
export function newNftRule(rule: NftRuleSpecification): Request {
  const { family, table, chain, expressions, comment, compat } = rule
  return {
    type: nftType(NFT_MSG.NEWRULE),
    flags: NLM_F.CREATE | NLM_F.APPEND,
    fill: (writer) => {
      writeNetfilterHeader(writer, family)
      writer.stringAttribute(NFTA_RULE.TABLE, table).stringAttribute(NFTA_RULE.CHAIN, chain)
      writer.nested(NFTA_RULE.EXPRESSIONS, (list) => {
        for (const expression of expressions) writeExpression(list, expression)
      })
      if (compat) writeCompat(writer, compat)
      if (comment !== undefined) writer.bytesAttribute(NFTA_RULE.USERDATA, encodeNftComment(comment))
    },
  }
}

function writeCompat(writer: Writer, { protocol, inverted }: NftRuleCompat): void {
  writer.nested(NFTA_RULE.COMPAT, (w) => {
    w.u32beAttribute(NFTA_RULE_COMPAT.PROTO, protocol)
    w.u32beAttribute(NFTA_RULE_COMPAT.FLAGS, inverted ? NFT_RULE_COMPAT_F_INV : 0)
  })
}

function writeExpression(writer: Writer, { name, data }: NftExpression): void {
  writer.nested(NFTA_LIST_ELEM, (w) => {
    w.stringAttribute(NFTA_EXPR.NAME, name).nested(NFTA_EXPR.DATA, (attributes) => attributes.raw(data))
  })
}
