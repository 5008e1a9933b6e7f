import { NetlinkError } from '../error.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import { netfilterFamilyName } from './nfnetlink.ts'
import { dumpNftChains, type NftChain, newNftChain } from './nft-chain.ts'
import {
  expressionAttributes,
  NFT_CMP,
  NFT_META,
  NFT_PAYLOAD,
  NFTA_CMP,
  NFTA_DATA,
  NFTA_META,
  NFTA_PAYLOAD,
  type NftExpression,
} from './nft-expression.ts'
import { dumpNftRules, type NftRule, type NftRuleCompat, newNftRule } from './nft-rule.ts'
import { dumpNftTables, newNftTable } from './nft-table.ts'

/**
 * Requests that make the same table with its chains and rules anywhere else, to be sent inside {@link nfnetlinkBatch}
 * as often as wished. Rules of iptables-nft are the same there for iptables as well. Counters begin at 0.
 *
 * Throws `usage` when there is no such table, `unsupported` when it has sets, objects or flowtables, which are not
 * copied.
 */
export function copyNftTable(
  socket: NetlinkSocket,
  wanted: { readonly family: number; readonly name: string },
): Request[] {
  const { family, name } = wanted
  const label = `table ${netfilterFamilyName(family)} ${name}`
  const table = dumpNftTables(socket, family).find((each) => each.name === name)
  if (!table) throw new NetlinkError('usage', `copy ${label}: there is none`)
  const chains = dumpNftChains(socket, family).filter((each) => each.table === name)
  if (table.use > chains.length) throw new NetlinkError('unsupported', `copy ${label}: it has more than chains`)
  const rules = dumpNftRules(socket, { family, table: name })
  return [newNftTable(table), ...chains.map(copyChain), ...rules.map(copyRule)]
}

function copyChain(chain: NftChain): Request {
  const { family, table, name, type, hook, priority, policy, devices } = chain
  if (type === undefined || hook === undefined || priority === undefined) return newNftChain({ family, table, name })
  if (devices.length > 0) throw new NetlinkError('unsupported', `copy chain ${name}: it hangs on an interface`)
  return newNftChain({
    family,
    table,
    name,
    base: { type: type as 'filter', hook, priority, policy: policy as 'accept' },
  })
}

function copyRule(rule: NftRule): Request {
  const hasExtension = rule.expressions.some(({ name }) => name === 'match' || name === 'target')
  const expressions = rule.expressions.map((each) => (each.name === 'counter' ? { ...each, data: NO_COUNTS } : each))
  return newNftRule({ ...rule, expressions, compat: hasExtension ? compatOf(rule.expressions) : undefined })
}

const NO_COUNTS = new Uint8Array(0)

/** linux/ip.h: offset of the protocol in the header, for rules that look there. */
const IP_PROTOCOL_OFFSET = 9

/** The protocol that the rule compares with before its extensions, as iptables tells it to the kernel. */
function compatOf(expressions: readonly NftExpression[]): NftRuleCompat {
  for (const [position, expression] of expressions.entries()) {
    const next = expressions[position + 1]
    if (!loadsProtocol(expression) || next?.name !== 'cmp') continue
    const attributes = expressionAttributes(next.data)
    const value = attributes.nested(NFTA_CMP.DATA)?.u8(NFTA_DATA.VALUE) ?? 0
    return { protocol: value, inverted: attributes.u32be(NFTA_CMP.OP) === NFT_CMP.NEQ }
  }
  return { protocol: 0, inverted: false }
}

function loadsProtocol({ name, data }: NftExpression): boolean {
  if (name === 'meta') return expressionAttributes(data).u32be(NFTA_META.KEY) === NFT_META.L4PROTO
  if (name !== 'payload') return false
  const attributes = expressionAttributes(data)
  return (
    attributes.u32be(NFTA_PAYLOAD.BASE) === NFT_PAYLOAD.NETWORK &&
    attributes.u32be(NFTA_PAYLOAD.OFFSET) === IP_PROTOCOL_OFFSET &&
    attributes.u32be(NFTA_PAYLOAD.LEN) === 1
  )
}
