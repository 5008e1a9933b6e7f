import type { FirewallChain, FirewallRule, Namespace } from '../../model/snapshot.ts'
import { nameOf, wiringOf } from '../../model/wiring.ts'
import type { Column } from '../../report/columns.ts'
import { formatCount } from '../../report/format.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { Deltas } from '../deltas.ts'
import { chainKey, ruleKeys } from '../rule-keys.ts'
import { toAddress } from './jumps.ts'
import type { Item, Target, View, ViewFacts } from './view.ts'

/** A table, a chain or a rule. */
export interface FirewallRow {
  readonly namespace: Namespace
  readonly text: string
  readonly packets: number | undefined
  readonly bytes: number | undefined
  /** Packets since the previous reading. */
  readonly rise: number
  readonly note: string
  readonly rule?: FirewallRule
}

/**
 * ```
 *   RULE                                             PKTS  +PKTS   BYTES
 * ▾ legacy ip filter
 *   ▾ FORWARD  policy DROP  forward 0                  12     +3    1.2k
 *       -j DOCKER-USER                                 12     +3    1.2k
 *   ▹ DOCKER-USER  1 rule
 * ```
 */
export const FIREWALL: View<FirewallRow> = {
  id: 'firewall',
  title: 'firewall',
  aliases: ['fw', 'iptables', 'nft', 'nftables'],
  kinds: ['firewall'],
  inputs: ['deltas'],
  topic: 'firewall rule',
  empty: 'No firewall rule and no chain here, neither nft nor legacy iptables.',
  columns: () => COLUMNS,
  items: ({ namespaces, deltas, folded }) => {
    const several = namespaces.length > 1
    return namespaces.flatMap((namespace) => {
      const prefix = several ? `${sanitise(nameOf(namespace))}: ` : ''
      return treeOf(namespace, { deltas, folded, prefix })
    })
  },
  enter: (item, facts) => ruleTarget(item, facts),
}

const COLUMNS: readonly Column<FirewallRow>[] = [
  { name: 'RULE', align: 'left', text: ({ text }) => text, sort: ({ text }) => text },
  { name: 'PKTS', align: 'right', text: ({ packets }) => countText(packets), sort: ({ packets }) => packets ?? -1 },
  {
    name: '+PKTS',
    align: 'right',
    text: ({ rise }) => (rise > 0 ? `+${formatCount(rise)}` : ''),
    sort: ({ rise }) => rise,
  },
  { name: 'BYTES', align: 'right', text: ({ bytes }) => countText(bytes), sort: ({ bytes }) => bytes ?? -1 },
  { name: 'NOTE', align: 'left', text: ({ note }) => note, sort: ({ note }) => note },
]

function countText(count: number | undefined): string {
  return count === undefined || count < 0 ? '' : formatCount(count)
}

interface ChainBranch {
  readonly chain: FirewallChain
  readonly rules: { readonly rule: FirewallRule; readonly key: string }[]
}

interface TreeFacts {
  readonly deltas: Deltas
  readonly folded: ReadonlySet<string>
  /** Before the name of a table, where several namespaces stand together. */
  readonly prefix: string
}

function treeOf(namespace: Namespace, facts: TreeFacts): readonly Item<FirewallRow>[] {
  const items: Item<FirewallRow>[] = []
  for (const [table, chains] of tablesOf(namespace)) {
    const id = `${namespace.inode}/${table}`
    const open = !facts.folded.has(id)
    const object = { table, chains: chains.map(({ chain }) => chain) }
    items.push(branch(namespace, { id, depth: 0, open, object, text: facts.prefix + table }))
    if (open) for (const each of chains) items.push(...chainItems(namespace, each, facts))
  }
  return items
}

function tablesOf(namespace: Namespace): ReadonlyMap<string, ChainBranch[]> {
  const branches = new Map<string, ChainBranch>()
  const tables = new Map<string, ChainBranch[]>()
  const branchFor = (chain: FirewallChain): ChainBranch => {
    const key = chainKey(namespace.inode, chain)
    const known = branches.get(key)
    if (known !== undefined) return known
    const made: ChainBranch = { chain, rules: [] }
    const table = sanitise(`${chain.backend} ${chain.family} ${chain.table}`)
    branches.set(key, made)
    tables.set(table, [...(tables.get(table) ?? []), made])
    return made
  }
  // chains that the kernel enters come first: the others are reached from them
  for (const chain of namespace.chains) if (chain.hook !== undefined) branchFor(chain)
  for (const chain of namespace.chains) branchFor(chain)
  const keys = ruleKeys(namespace)
  namespace.firewall.forEach((rule, position) => {
    branchFor({ backend: rule.backend, family: rule.family, table: rule.table, chain: rule.chain }).rules.push({
      rule,
      key: keys[position] ?? '',
    })
  })
  return tables
}

function chainItems(
  namespace: Namespace,
  { chain, rules }: ChainBranch,
  { deltas, folded }: TreeFacts,
): readonly Item<FirewallRow>[] {
  const id = chainKey(namespace.inode, chain)
  const open = !folded.has(id)
  const rise = rules.reduce((sum, { key }) => sum + (deltas.rules.get(key) ?? 0), 0)
  const heading = branch(namespace, {
    id,
    depth: 1,
    open,
    object: chain,
    text: [sanitise(chain.chain), ...chainFacts(chain), rules.length === 0 ? 'no rule' : '']
      .filter((part) => part !== '')
      .join('  '),
    counters: { packets: chain.packets, bytes: chain.bytes, rise: open ? 0 : rise },
    note: chain.madeBy === undefined ? '' : `made by ${sanitise(chain.madeBy)}`,
  })
  if (!open) return [heading]
  return [heading, ...rules.map(({ rule, key }) => ruleItem(namespace, rule, key, deltas))]
}

function chainFacts({ policy, hook, priority, device }: FirewallChain): readonly string[] {
  return [
    policy === undefined ? '' : `policy ${policy}`,
    hook === undefined ? '' : `hook ${hook}${priority === undefined ? '' : ` ${priority}`}`,
    device === undefined ? '' : `on ${sanitise(device)}`,
  ]
}

interface Branch {
  readonly id: string
  readonly depth: number
  readonly open: boolean
  readonly object: object
  readonly text: string
  readonly counters?: {
    readonly packets: number | undefined
    readonly bytes: number | undefined
    readonly rise: number
  }
  readonly note?: string
}

function branch(namespace: Namespace, { id, depth, open, object, text, counters, note }: Branch): Item<FirewallRow> {
  const row = {
    namespace,
    text,
    packets: counters?.packets,
    bytes: counters?.bytes,
    rise: counters?.rise ?? 0,
    note: note ?? '',
  }
  return { id, namespace: namespace.inode, row, object, depth, open, topic: 'firewall chain' }
}

function ruleItem(namespace: Namespace, rule: FirewallRule, key: string, deltas: Deltas): Item<FirewallRow> {
  const row: FirewallRow = {
    namespace,
    text: sanitise(rule.text),
    packets: rule.packets,
    bytes: rule.bytes,
    rise: deltas.rules.get(key) ?? 0,
    note: rule.comment === undefined ? '' : sanitise(rule.comment),
    rule,
  }
  return { id: key, namespace: namespace.inode, row, object: rule, depth: 2 }
}

/** A DNAT leads to who has the address, a jump to its chain. */
function ruleTarget(item: Item<FirewallRow>, { snapshot }: ViewFacts): Target | undefined {
  const { rule, namespace } = item.row
  if (rule === undefined) return { kind: 'fold', id: item.id, label: item.open === true ? 'fold' : 'unfold' }
  const found = toAddress(wiringOf(snapshot), dnatAddress(rule.text))
  if (found !== undefined) return found
  const chain = namespace.chains.find(
    (each) =>
      each.chain === rule.target &&
      each.table === rule.table &&
      each.family === rule.family &&
      each.backend === rule.backend,
  )
  if (chain === undefined) return undefined
  return {
    kind: 'place',
    place: { scope: namespace.inode, view: 'firewall', row: chainKey(namespace.inode, chain) },
    label: `to chain ${sanitise(chain.chain)}`,
  }
}

/** `--to-destination 172.19.0.2:80` (iptables), `dnat to 172.19.0.2:80`, `dnat ip6 to [fd00::2]:80` (nft). */
export function dnatAddress(text: string): string | undefined {
  const match = /(?:--to-destination |\bdnat (?:ip6? )?to )(?:\[([0-9a-f:]+)\]|([0-9.]+)|([0-9a-f:]+))/i.exec(text)
  return match?.[1] ?? match?.[2] ?? match?.[3]
}
