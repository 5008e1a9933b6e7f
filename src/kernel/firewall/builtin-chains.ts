/** Where a chain that iptables makes itself hangs. */
export interface BuiltinHook {
  readonly hook: string
  readonly priority: number
  readonly type: string
}

/** linux/netfilter_ipv4.h, enum nf_ip_hook_priorities. */
const NF_IP_PRI = { RAW: -300, MANGLE: -150, NAT_DST: -100, FILTER: 0, SECURITY: 50, NAT_SRC: 100 } as const

/** Tables of iptables and ip6tables (man iptables). */
const TABLE_PRIORITY: Readonly<Record<string, number>> = {
  raw: NF_IP_PRI.RAW,
  mangle: NF_IP_PRI.MANGLE,
  filter: NF_IP_PRI.FILTER,
  security: NF_IP_PRI.SECURITY,
}

const HOOKS: Readonly<Record<string, string>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
}

/** Hook of a built-in chain of a legacy table; undefined for a user's chain. */
export function builtinHook(table: string, chain: string): BuiltinHook | undefined {
  const hook = HOOKS[chain]
  if (hook === undefined) return undefined
  if (table === 'nat') {
    const source = chain === 'POSTROUTING' || chain === 'INPUT'
    return { hook, priority: source ? NF_IP_PRI.NAT_SRC : NF_IP_PRI.NAT_DST, type: 'nat' }
  }
  const type = table === 'mangle' && chain === 'OUTPUT' ? 'route' : 'filter'
  return { hook, priority: TABLE_PRIORITY[table] ?? NF_IP_PRI.FILTER, type }
}

/** Tables that the nft variants of iptables, arptables and ebtables make, by nft family. */
const MANAGED: Readonly<Record<string, readonly string[]>> = {
  ip: ['filter', 'nat', 'mangle', 'raw', 'security'],
  ip6: ['filter', 'nat', 'mangle', 'raw', 'security'],
  arp: ['filter'],
  bridge: ['filter', 'nat', 'broute'],
}

/** Whether an nft table has a name that belongs to iptables-nft; only its save tool tells whether it is one. */
export function mayBeIptables(family: string, table: string): boolean {
  return MANAGED[family]?.includes(table) ?? false
}
