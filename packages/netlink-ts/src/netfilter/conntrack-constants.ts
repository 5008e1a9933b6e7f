/** linux/netfilter/nfnetlink_conntrack.h: message types and attributes. */
export const IPCTNL_MSG_CT = {
  NEW: 0,
  GET: 1,
  DELETE: 2,
  GET_CTRZERO: 3,
  GET_STATS_CPU: 4,
  GET_STATS: 5,
  GET_DYING: 6,
  GET_UNCONFIRMED: 7,
} as const
export const CTA = {
  TUPLE_ORIG: 1,
  TUPLE_REPLY: 2,
  STATUS: 3,
  PROTOINFO: 4,
  HELP: 5,
  NAT_SRC: 6,
  TIMEOUT: 7,
  MARK: 8,
  COUNTERS_ORIG: 9,
  COUNTERS_REPLY: 10,
  USE: 11,
  ID: 12,
  NAT_DST: 13,
  TUPLE_MASTER: 14,
  ZONE: 18,
  SECCTX: 19,
  TIMESTAMP: 20,
  MARK_MASK: 21,
  LABELS: 22,
  LABELS_MASK: 23,
  SYNPROXY: 24,
  FILTER: 25,
  STATUS_MASK: 26,
} as const
export const CTA_TUPLE = { IP: 1, PROTO: 2, ZONE: 3 } as const
export const CTA_IP = { V4_SRC: 1, V4_DST: 2, V6_SRC: 3, V6_DST: 4 } as const
export const CTA_PROTO = {
  NUM: 1,
  SRC_PORT: 2,
  DST_PORT: 3,
  ICMP_ID: 4,
  ICMP_TYPE: 5,
  ICMP_CODE: 6,
  ICMPV6_ID: 7,
  ICMPV6_TYPE: 8,
  ICMPV6_CODE: 9,
} as const
export const CTA_PROTOINFO = { TCP: 1, DCCP: 2, SCTP: 3 } as const
export const CTA_COUNTERS = { PACKETS: 1, BYTES: 2 } as const
export const CTA_HELP_NAME = 1
export const CTA_TIMESTAMP = { START: 1, STOP: 2 } as const

/** linux/netfilter/nf_conntrack_common.h: enum ip_conntrack_status. */
export const IPS = {
  EXPECTED: 1 << 0,
  SEEN_REPLY: 1 << 1,
  ASSURED: 1 << 2,
  CONFIRMED: 1 << 3,
  SRC_NAT: 1 << 4,
  DST_NAT: 1 << 5,
  SEQ_ADJUST: 1 << 6,
  SRC_NAT_DONE: 1 << 7,
  DST_NAT_DONE: 1 << 8,
  DYING: 1 << 9,
  FIXED_TIMEOUT: 1 << 10,
  TEMPLATE: 1 << 11,
  UNTRACKED: 1 << 12,
  HELPER: 1 << 13,
  OFFLOAD: 1 << 14,
  HW_OFFLOAD: 1 << 15,
} as const

const STATUS_NAMES = Object.entries(IPS)

/** IPS_* without the prefix, lowest bit first. */
export function conntrackStatusNames(status: number): string[] {
  return STATUS_NAMES.filter(([, bit]) => status & bit).map(([name]) => name)
}

/** linux/netfilter/nf_conntrack_tcp.h; SYN_SENT2 is a simultaneous open. */
const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const

/** linux/netfilter/nf_conntrack_sctp.h */
const SCTP_STATES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
  'HEARTBEAT_ACKED',
] as const

/** linux/netfilter/nf_conntrack_dccp.h (kernels before 6.16) */
const DCCP_STATES = [
  'NONE',
  'REQUEST',
  'RESPOND',
  'PARTOPEN',
  'OPEN',
  'CLOSEREQ',
  'CLOSING',
  'TIMEWAIT',
  'IGNORE',
  'INVALID',
] as const

const STATES: Readonly<Record<number, readonly string[]>> = {
  [CTA_PROTOINFO.TCP]: TCP_STATES,
  [CTA_PROTOINFO.DCCP]: DCCP_STATES,
  [CTA_PROTOINFO.SCTP]: SCTP_STATES,
}

/** Name of a state in CTA_PROTOINFO_{TCP,DCCP,SCTP}; the number as text when it has none. */
export function conntrackStateName(protocolInfo: number, state: number): string {
  return STATES[protocolInfo]?.[state] ?? String(state)
}
