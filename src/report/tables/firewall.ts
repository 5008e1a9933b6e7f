import type { FirewallChain, FirewallRule, HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { type Column, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatCount } from '../format.ts'
import { whoHasAddress } from './who.ts'

/** A rule, or the policy of a base chain. */
export type FirewallRow = Row<FirewallRule | FirewallChain>

function isRule(object: FirewallRule | FirewallChain): object is FirewallRule {
  return 'text' in object
}

/** What becomes of a packet that no rule decided. */
function policyText({ hook, priority, policy }: FirewallChain): string {
  return `policy ${policy} (hook ${hook ?? '?'}${priority === undefined ? '' : ` ${priority}`})`
}

function counted(count: number | undefined): number | undefined {
  return count === undefined || count < 0 ? undefined : count
}

const PACKETS: Column<FirewallRow> = numberColumn('PKTS', ({ object }) => counted(object.packets), {
  format: formatCount,
})
const BYTES: Column<FirewallRow> = numberColumn('BYTES', ({ object }) => counted(object.bytes), { format: formatCount })
const BACKEND: Column<FirewallRow> = textColumn('BACKEND', ({ object }) => object.backend)
const TABLE: Column<FirewallRow> = textColumn('TABLE', ({ object }) => `${object.family} ${object.table}`)
const CHAIN: Column<FirewallRow> = textColumn('CHAIN', ({ object }) => object.chain)
const POSITION: Column<FirewallRow> = numberColumn('#', ({ object }) => (isRule(object) ? object.position : undefined))
const RULE: Column<FirewallRow> = textColumn('RULE', ({ object }) =>
  isRule(object) ? object.text : policyText(object),
)
const WHO: Column<FirewallRow> = textColumn('WHO', natTarget)
const HANDLE: Column<FirewallRow> = numberColumn(
  'HANDLE',
  ({ object }) => (isRule(object) ? object.handle : undefined),
  {
    wide: true,
  },
)

/** iptables writes `--to-destination 10.0.0.2:80` (or `[fd00::2]:80`), nft writes `dnat to 10.0.0.2:80`. */
const NAT_TARGET = /(?:--to-destination|dnat(?: ip6?)? to) (?:\[([0-9a-f:]+)\]|([0-9.]+)|([0-9a-f:]+)(?: |$))/

/** Who has the address that a rule translates to. */
function natTarget(row: FirewallRow): string {
  if (!isRule(row.object)) return ''
  const match = NAT_TARGET.exec(row.object.text)
  const address = match?.[1] ?? match?.[2] ?? match?.[3]
  return address === undefined ? '' : whoHasAddress(row, address)
}

/**
 * ```
 * BACKEND  TABLE   CHAIN   #  PKTS  BYTES  RULE                                                     WHO
 * legacy   ip nat  DOCKER  2    12   720   ! -i br-46cf -p tcp … -j DNAT --to-destination 172.19.0.3:80  web:eth0
 * ```
 */
export const IPTABLES: Table<FirewallRow> = {
  kind: 'iptables',
  title: 'iptables',
  kinds: ['firewall'],
  context: ['links', 'addrs'],
  columns: [BACKEND, TABLE, CHAIN, POSITION, PACKETS, BYTES, RULE, WHO, HANDLE],
  rows: (snapshot, namespaces) => rowsOf(snapshot, namespaces, 'iptables'),
}

export const NFT: Table<FirewallRow> = {
  kind: 'nft',
  title: 'nftables',
  kinds: ['firewall'],
  context: ['links', 'addrs'],
  columns: [TABLE, CHAIN, POSITION, PACKETS, BYTES, RULE, WHO, HANDLE],
  rows: (snapshot, namespaces) => rowsOf(snapshot, namespaces, 'nft'),
}

function rowsOf(
  snapshot: HostSnapshot,
  namespaces: readonly Namespace[],
  syntax: FirewallRule['syntax'],
): FirewallRow[] {
  const wiring = wiringOf(snapshot)
  return namespaces.flatMap((namespace) =>
    inOrder(namespace, syntax).map((object) => ({ key: keyOf(namespace.inode, object), namespace, object, wiring })),
  )
}

function keyOf(inode: number, object: FirewallRule | FirewallChain): string {
  const which = isRule(object) ? (object.handle ?? object.position) : 'policy'
  return `${inode}/${chainKey(object)}/${which}`
}

function chainKey({ backend, family, table, chain }: FirewallRule | FirewallChain): string {
  return `${backend}/${family}/${table}/${chain}`
}

/** The rules chain by chain, each base chain ended by its policy: an empty one that drops has nothing else to show it. */
function inOrder(namespace: Namespace, syntax: FirewallRule['syntax']): readonly (FirewallRule | FirewallChain)[] {
  const rules = namespace.firewall.filter((rule) => rule.syntax === syntax)
  const others = new Set(namespace.firewall.filter((rule) => rule.syntax !== syntax).map(tableKey))
  const tables = new Set(rules.map(tableKey))
  const ofSyntax = (chain: FirewallChain): boolean => {
    const key = tableKey(chain)
    return tables.has(key) || (!others.has(key) && syntaxOfEmpty(chain) === syntax)
  }
  const chains = new Map<string, (FirewallRule | FirewallChain)[]>()
  for (const rule of rules) {
    const list = chains.get(chainKey(rule))
    if (list === undefined) chains.set(chainKey(rule), [rule])
    else list.push(rule)
  }
  for (const chain of namespace.chains) {
    if (chain.policy === undefined || !ofSyntax(chain)) continue
    const list = chains.get(chainKey(chain))
    if (list === undefined) chains.set(chainKey(chain), [chain])
    else list.push(chain)
  }
  return [...chains.values()].flat()
}

function tableKey({ backend, family, table }: FirewallRule | FirewallChain): string {
  return `${backend}/${family}/${table}`
}

/** A table without any rule: iptables names its base chains in capitals, and has no others of its tables' names. */
function syntaxOfEmpty({ backend, chain }: FirewallChain): FirewallRule['syntax'] {
  return backend === 'legacy' || /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/.test(chain) ? 'iptables' : 'nft'
}
