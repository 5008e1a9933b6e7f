import {
  dumpNftChains,
  dumpNftRules,
  getNftGeneration,
  type NetlinkSocket,
  type NftChain,
  type NftRule,
  type NftTable,
} from 'netlink-ts'
import type { FirewallChain, FirewallRule } from '../../model/snapshot.ts'
import { builtinHook, mayBeIptables } from './builtin-chains.ts'
import type { Rules } from './combine.ts'
import { plainRuleText } from './plain-rule.ts'
import { ruleParts } from './save-rule.ts'

/** A table that a netlink dump gives whole: chains and rules, no sets, objects or flowtables. */
export interface NftTableListing {
  readonly chains: readonly NftChain[]
  readonly rules: readonly NftRule[]
}

const NFPROTO_IPV4 = 2
/** Rules and jumps: with more, whether the tools are started makes no difference. */
const MOST_USES = 128

/**
 * Lists the table of a namespace that has but one, of iptables-nft and small, as an engine's container has it for its
 * resolver. Undefined for any other, and when it was changed meanwhile.
 *
 * @param tables all that the namespace has
 */
export function listPlainTable(socket: NetlinkSocket, tables: readonly NftTable[]): NftTableListing | undefined {
  const [table, ...others] = tables
  if (table === undefined || others.length > 0 || !isPlain(table)) return undefined
  const { id } = getNftGeneration(socket)
  const chains = dumpNftChains(socket, table.family)
  const uses = chains.reduce((sum, { use }) => sum + use, 0)
  if (table.use !== chains.length || uses > MOST_USES) return undefined
  const rules = dumpNftRules(socket, { family: table.family, table: table.name })
  return getNftGeneration(socket).id === id ? { chains, rules } : undefined
}

function isPlain({ family, familyName, name, flags, comment }: NftTable): boolean {
  return family === NFPROTO_IPV4 && mayBeIptables(familyName, name) && flags === 0 && comment === undefined
}

/**
 * What `iptables-nft-save -c` and `nft -j -a` would say together, in their order. Undefined as soon as anything is in it
 * that is not understood to the last bit: then the tools are asked.
 */
export function plainRules({ chains, rules }: NftTableListing): Rules | undefined {
  const sorted = inOrderOfSave(chains)
  const rows: FirewallChain[] = []
  const lines: FirewallRule[] = []
  for (const chain of sorted ?? []) {
    const row = chainRow(chain)
    const own = ruleRows(rules.filter((rule) => rule.chain === chain.name))
    if (row === undefined || own === undefined) return undefined
    rows.push(row)
    lines.push(...own)
  }
  return sorted === undefined || lines.length < rules.length ? undefined : { rules: lines, chains: rows }
}

const BUILTIN = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const

/**
 * Those of iptables first. Some versions sort the others by name, some have them in the order they were made: undefined
 * when that is not the same.
 */
function inOrderOfSave(chains: readonly NftChain[]): NftChain[] | undefined {
  const builtin = BUILTIN.flatMap((name) => chains.filter((chain) => chain.name === name))
  const made = chains.filter((chain) => !builtin.includes(chain)).sort((a, b) => a.handle - b.handle)
  const isSorted = made.every(({ name }, at) => at === 0 || (made[at - 1]?.name ?? '') < name)
  return isSorted ? [...builtin, ...made] : undefined
}

const PLAIN_NAME = /^[\w.-]+$/

function chainRow({ familyName, table, name, hook, priority, type, policy, counter, comment }: NftChain) {
  const builtin = builtinHook(table, name)
  if (!PLAIN_NAME.test(name) || comment !== undefined) return undefined
  const row: FirewallChain = { backend: 'nft', family: familyName, table, chain: name }
  if (builtin === undefined) return hook === undefined ? row : undefined
  if (policy === undefined || builtin.hook !== hook || builtin.priority !== priority || builtin.type !== type) {
    return undefined
  }
  const { packets, bytes } = counter ?? { packets: 0, bytes: 0 }
  return { ...row, hook, priority, type, policy: policy.toUpperCase(), packets, bytes }
}

function ruleRows(rules: readonly NftRule[]): FirewallRule[] | undefined {
  const rows: FirewallRule[] = []
  for (const rule of rules) {
    const { familyName, table, chain, handle, counter, comment } = rule
    const text = plainRuleText(rule.expressions)
    if (text === undefined || counter === undefined || comment !== undefined) return undefined
    const { target } = ruleParts(text)
    rows.push({
      backend: 'nft',
      family: familyName,
      table,
      chain,
      position: rows.length + 1,
      text,
      syntax: 'iptables',
      ...counter,
      ...(target === undefined ? {} : { target }),
      handle,
    })
  }
  return rows
}
