import { numberOf } from '../fields.ts'
import { AF } from '../libc.ts'
import { NLM_F } from '../message.ts'
import type { Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { numberNamed, ROUTE_PROTOCOLS, RULE_ACTIONS } from './names.ts'
import { parsePrefix } from './prefix.ts'
import { RTM } from './rtnetlink.ts'
import { FIB_RULE, FRA, type Rule } from './rule.ts'

/** What can be set of a rule; a decoded {@link Rule} fits. */
export interface RuleSpec extends Partial<Omit<Rule, 'inputDetached' | 'outputDetached' | 'unresolved' | 'flags'>> {
  readonly family: 4 | 6
}

export function encodeRule(writer: Writer, spec: RuleSpec): void {
  const to = spec.to === undefined ? undefined : parsePrefix(spec.to)
  const from = spec.from === undefined ? undefined : parsePrefix(spec.from)
  const table = spec.table ?? 0
  writer
    .u8(spec.family === 4 ? AF.INET : AF.INET6)
    .u8(to?.length ?? 0)
    .u8(from?.length ?? 0)
    .u8(spec.tos ?? 0)
    .u8(table < 256 ? table : 0)
    .zeros(2)
    .u8(numberOf(RULE_ACTIONS, spec.action ?? 'lookup'))
    .u32(spec.not ? FIB_RULE.INVERT : 0)
  if (to) writer.bytesAttribute(FRA.DST, to.address)
  if (from) writer.bytesAttribute(FRA.SRC, from.address)
  if (spec.table !== undefined) writer.u32Attribute(FRA.TABLE, spec.table)
  encodeSelectors(writer, spec)
  encodeRanges(writer, spec)
}

function encodeSelectors(writer: Writer, spec: RuleSpec): void {
  const numbers = [
    [FRA.PRIORITY, spec.priority],
    [FRA.GOTO, spec.goto],
    [FRA.FWMARK, spec.fwmark],
    [FRA.FWMASK, spec.fwmask],
    [FRA.SUPPRESS_PREFIXLEN, spec.suppressPrefixLength],
    [FRA.SUPPRESS_IFGROUP, spec.suppressGroup],
    [FRA.FLOW, spec.realms],
  ] as const
  for (const [type, value] of numbers) if (value !== undefined) writer.u32Attribute(type, value)
  if (spec.inputInterface !== undefined) writer.stringAttribute(FRA.IIFNAME, spec.inputInterface)
  if (spec.outputInterface !== undefined) writer.stringAttribute(FRA.OIFNAME, spec.outputInterface)
  if (spec.protocol !== undefined) writer.u8Attribute(FRA.PROTOCOL, numberNamed(ROUTE_PROTOCOLS, spec.protocol))
  if (spec.ipProtocol !== undefined) writer.u8Attribute(FRA.IP_PROTO, spec.ipProtocol)
  if (spec.dscp !== undefined) writer.u8Attribute(FRA.DSCP, spec.dscp)
  if (spec.l3mdev) writer.u8Attribute(FRA.L3MDEV, 1)
}

function encodeRanges(writer: Writer, { uids, sourcePorts, destinationPorts, tunnelId }: RuleSpec): void {
  if (uids) writer.attribute(FRA.UID_RANGE, (range) => range.u32(uids[0]).u32(uids[1]))
  if (sourcePorts) writer.attribute(FRA.SPORT_RANGE, (range) => range.u16(sourcePorts[0]).u16(sourcePorts[1]))
  if (destinationPorts) {
    writer.attribute(FRA.DPORT_RANGE, (range) => range.u16(destinationPorts[0]).u16(destinationPorts[1]))
  }
  if (tunnelId !== undefined) {
    writer.attribute(FRA.TUN_ID, (id) => id.u32be(Math.floor(tunnelId / 2 ** 32)).u32be(tunnelId % 2 ** 32))
  }
}

export function addRule(spec: RuleSpec): Request {
  return { type: RTM.NEWRULE, flags: NLM_F.CREATE | NLM_F.EXCL, fill: (writer) => encodeRule(writer, spec) }
}

/** Deletes the first rule that has what `spec` says. */
export function deleteRule(spec: RuleSpec): Request {
  return { type: RTM.DELRULE, fill: (writer) => encodeRule(writer, spec) }
}
