import { malformed } from '../error.ts'
import { NFNL_SUBSYS, netfilterType } from './nfnetlink.ts'

/** linux/netfilter/nf_tables.h: enum nf_tables_msg_types. */
export const NFT_MSG = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  GETCHAIN: 4,
  DELCHAIN: 5,
  NEWRULE: 6,
  GETRULE: 7,
  DELRULE: 8,
  NEWSET: 9,
  GETSET: 10,
  DELSET: 11,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  DELSETELEM: 14,
  NEWGEN: 15,
  GETGEN: 16,
  TRACE: 17,
  NEWOBJ: 18,
  GETOBJ: 19,
  DELOBJ: 20,
  NEWFLOWTABLE: 22,
  GETFLOWTABLE: 23,
  DELFLOWTABLE: 24,
} as const

/** Whole message type of an NFT_MSG_*. */
export function nftType(operation: number): number {
  return netfilterType(NFNL_SUBSYS.NFTABLES, operation)
}

/** Number of hook → name, as nft(8) writes it; netdev and arp count from their own zero. */
const HOOKS: Readonly<Record<string, readonly string[]>> = {
  arp: ['input', 'output', 'forward'],
  netdev: ['ingress', 'egress'],
}
const IP_HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'] as const

/** `forward` of hook number 2 in family `ip`; the number as text when it has no name. */
export function nftHookName(familyName: string, hook: number): string {
  return (HOOKS[familyName] ?? IP_HOOKS)[hook] ?? String(hook)
}

/** Hook number of a name, the inverse of {@link nftHookName}. */
export function nftHookNumber(familyName: string, name: string): number {
  const number = (HOOKS[familyName] ?? IP_HOOKS).indexOf(name as never)
  if (number === -1) throw malformed(`hook ${JSON.stringify(name)} of family ${familyName}`)
  return number
}
