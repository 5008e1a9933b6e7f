import { type AttributeCursor, type AttributeReaders, readAttributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message } from '../message.ts'
import { u8, u16, u32 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { nameOfNumber, ROUTE_PROTOCOLS, RULE_ACTIONS } from './names.ts'
import { formatPrefix } from './prefix.ts'
import { RTM } from './rtnetlink.ts'

/** linux/fib_rules.h */
export const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  GOTO: 4,
  PRIORITY: 6,
  FWMARK: 10,
  FLOW: 11,
  TUN_ID: 12,
  SUPPRESS_IFGROUP: 13,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  FWMASK: 16,
  OIFNAME: 17,
  L3MDEV: 19,
  UID_RANGE: 20,
  PROTOCOL: 21,
  IP_PROTO: 22,
  SPORT_RANGE: 23,
  DPORT_RANGE: 24,
  DSCP: 25,
} as const

/** linux/fib_rules.h */
export const FIB_RULE = {
  PERMANENT: 1,
  INVERT: 2,
  UNRESOLVED: 4,
  IIF_DETACHED: 8,
  OIF_DETACHED: 16,
} as const

/** A policy rule (RTM_NEWRULE). Undefined = it does not look at that. */
export interface Rule {
  family: 4 | 6
  priority: number
  /** lookup, goto, nop, blackhole, unreachable, prohibit. */
  action: string
  table: number | undefined
  /** Priority of the rule that `goto` jumps to. */
  goto: number | undefined
  /** Matches what the rest does not (`not`). */
  not: boolean
  /** Prefix, e.g. `10.0.0.0/8`. */
  from: string | undefined
  to: string | undefined
  inputInterface: string | undefined
  outputInterface: string | undefined
  /** The named interface does not exist (`[detached]`). */
  inputDetached: boolean
  outputDetached: boolean
  /** goto target that does not exist. */
  unresolved: boolean
  fwmark: number | undefined
  fwmask: number | undefined
  tos: number | undefined
  dscp: number | undefined
  ipProtocol: number | undefined
  sourcePorts: readonly [low: number, high: number] | undefined
  destinationPorts: readonly [low: number, high: number] | undefined
  uids: readonly [low: number, high: number] | undefined
  suppressPrefixLength: number | undefined
  suppressGroup: number | undefined
  l3mdev: boolean
  realms: number | undefined
  tunnelId: number | undefined
  /** Who made it: kernel, boot, static… */
  protocol: string | undefined
  /** FIB_RULE_* */
  flags: number
}

/** struct fib_rule_hdr */
const HEADER_BYTES = 12
/** No suppression. */
const NONE = 0xffff_ffff

/** The rule of an RTM_NEWRULE or RTM_DELRULE message; undefined for families other than IPv4 and IPv6. */
export function decodeRule(message: Message): Rule | undefined {
  const cursor = cursorOf(message, HEADER_BYTES)
  const { bytes, start } = message
  const family = u8(bytes, start)
  if (family !== AF.INET && family !== AF.INET6) return undefined
  const flags = u32(bytes, start + 8)
  const action = u8(bytes, start + 7)
  const tos = u8(bytes, start + 3)
  const rule: Rule = {
    family: family === AF.INET ? 4 : 6,
    priority: 0,
    action: RULE_ACTIONS[action] ?? String(action),
    table: u8(bytes, start + 4),
    goto: undefined,
    not: (flags & FIB_RULE.INVERT) !== 0,
    from: undefined,
    to: undefined,
    inputInterface: undefined,
    outputInterface: undefined,
    inputDetached: (flags & FIB_RULE.IIF_DETACHED) !== 0,
    outputDetached: (flags & FIB_RULE.OIF_DETACHED) !== 0,
    unresolved: (flags & FIB_RULE.UNRESOLVED) !== 0,
    fwmark: undefined,
    fwmask: undefined,
    tos: tos === 0 ? undefined : tos,
    dscp: undefined,
    ipProtocol: undefined,
    sourcePorts: undefined,
    destinationPorts: undefined,
    uids: undefined,
    suppressPrefixLength: undefined,
    suppressGroup: undefined,
    l3mdev: false,
    realms: undefined,
    tunnelId: undefined,
    protocol: undefined,
    flags,
  }
  readAttributes(rule, cursor, ATTRIBUTES)
  if (rule.table === 0) rule.table = undefined
  return rule
}

const ATTRIBUTES: AttributeReaders<Rule> = {
  [FRA.SRC]: (rule, cursor) => {
    rule.from = formatPrefix(cursor, u8(cursor.bytes, cursor.first - HEADER_BYTES + 2))
  },
  [FRA.DST]: (rule, cursor) => {
    rule.to = formatPrefix(cursor, u8(cursor.bytes, cursor.first - HEADER_BYTES + 1))
  },
  [FRA.PRIORITY]: (rule, cursor) => {
    rule.priority = cursor.u32()
  },
  [FRA.TABLE]: (rule, cursor) => {
    rule.table = cursor.u32()
  },
  [FRA.SUPPRESS_PREFIXLEN]: (rule, cursor) => {
    rule.suppressPrefixLength = unlessNone(cursor.u32())
  },
  [FRA.PROTOCOL]: (rule, cursor) => {
    rule.protocol = nameOfNumber(ROUTE_PROTOCOLS, cursor.u8())
  },
  [FRA.FWMARK]: (rule, cursor) => {
    rule.fwmark = cursor.u32()
  },
  [FRA.FWMASK]: (rule, cursor) => {
    rule.fwmask = cursor.u32()
  },
  [FRA.IIFNAME]: (rule, cursor) => {
    rule.inputInterface = cursor.string()
  },
  [FRA.OIFNAME]: (rule, cursor) => {
    rule.outputInterface = cursor.string()
  },
  [FRA.GOTO]: (rule, cursor) => {
    rule.goto = cursor.u32()
  },
  [FRA.SUPPRESS_IFGROUP]: (rule, cursor) => {
    rule.suppressGroup = unlessNone(cursor.u32())
  },
  [FRA.L3MDEV]: (rule, cursor) => {
    rule.l3mdev = cursor.u8() !== 0
  },
  [FRA.UID_RANGE]: (rule, cursor) => {
    rule.uids = [u32(cursor.bytes, cursor.at(8)), u32(cursor.bytes, cursor.start + 4)]
  },
  [FRA.IP_PROTO]: (rule, cursor) => {
    rule.ipProtocol = cursor.u8()
  },
  [FRA.SPORT_RANGE]: (rule, cursor) => {
    rule.sourcePorts = readPorts(cursor)
  },
  [FRA.DPORT_RANGE]: (rule, cursor) => {
    rule.destinationPorts = readPorts(cursor)
  },
  [FRA.FLOW]: (rule, cursor) => {
    rule.realms = cursor.u32()
  },
  [FRA.TUN_ID]: (rule, cursor) => {
    rule.tunnelId = readTunnelId(cursor)
  },
  [FRA.DSCP]: (rule, cursor) => {
    rule.dscp = cursor.u8()
  },
}

/** struct fib_rule_port_range, host byte order. */
function readPorts(cursor: AttributeCursor): readonly [number, number] {
  const at = cursor.at(4)
  return [u16(cursor.bytes, at), u16(cursor.bytes, at + 2)]
}

/** 64 bits in network byte order. */
function readTunnelId(cursor: AttributeCursor): number {
  let id = 0
  const at = cursor.at(8)
  for (let position = 0; position < 8; position++) id = id * 256 + (cursor.bytes[at + position] as number)
  return id
}

function unlessNone(value: number): number | undefined {
  return value === NONE ? undefined : value
}

export interface DumpRulesOptions {
  /** Default: IPv4 and IPv6. */
  readonly family?: 4 | 6
}

/** The policy rules of the socket's namespace, in the order in which they are looked at, IPv4 first. */
export function dumpRules(socket: NetlinkSocket, options: DumpRulesOptions = {}): Rule[] {
  const { family } = options
  const number = family === undefined ? AF.UNSPEC : family === 4 ? AF.INET : AF.INET6
  return socket.dump({ type: RTM.GETRULE, fill: (writer) => writer.u8(number).zeros(11) }, decodeRule)
}
