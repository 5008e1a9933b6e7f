import { messageOf, TsnetError } from '../../errors.ts'
import type { FirewallChain, FirewallRule, Hidden, NftSet } from '../../model/snapshot.ts'
import { isOwnNamespace } from '../own-namespace.ts'
import type { NamespacePath } from '../run.ts'
import type { Rules } from './combine.ts'
import { type LegacyFamily, legacyFamilies } from './legacy-tables.ts'
import { type NftTableListing, plainRules } from './plain-table.ts'
import { type NftTableName, readNft } from './read-nft.ts'
import { runSave } from './run-save.ts'

export interface FirewallSource {
  readonly namespace: NamespacePath & { readonly inode: number }
  /** What people call the namespace; for `hidden`. */
  readonly name: string
  /** Its nft tables, from a netlink dump; nft is not started for none. */
  readonly nftTables: readonly NftTableName[]
  /** Its only table as a netlink dump lists it, where that may say all. */
  readonly plainTable?: NftTableListing | undefined
  /** Runs `action` on this thread in the namespace of that path (netlink-ts `inNamespace`). */
  readonly inside: <T>(path: string, action: () => T) => T
}

export interface Firewall {
  readonly rules: readonly FirewallRule[]
  readonly chains: readonly FirewallChain[]
  readonly nftSets: readonly NftSet[]
  readonly hidden: readonly Hidden[]
}

/**
 * The packet filter of one namespace, of both back ends, with counters.
 *
 * Starts no tool for a namespace that has neither legacy nor nft tables, or no more than a few plain rules, and never
 * changes anything: a legacy table that is not registered is not asked for. A namespace that vanishes meanwhile has no
 * rules; what cannot be read for another reason is in `hidden`.
 */
export async function readFirewall(source: FirewallSource): Promise<Firewall> {
  const { namespace, nftTables } = source
  const hidden: Hidden[] = []
  const report = (reason: unknown) => {
    const entry = toHidden(reason, source)
    if (entry && !hidden.some(({ reason: known }) => known === entry.reason)) hidden.push(entry)
  }
  const [legacy, nft] = await Promise.all([
    Promise.all(probeLegacy(source, report).map((family) => readLegacy(namespace, family, report))),
    withoutTools(source) ?? readNft(namespace, nftTables, report),
  ])
  const backends = [...legacy, nft]
  return {
    rules: joined(backends.map(({ rules }) => rules)),
    chains: joined(backends.map(({ chains }) => chains)),
    nftSets: nft.sets,
    hidden,
  }
}

function withoutTools({ nftTables, plainTable }: FirewallSource): (Rules & { sets: readonly NftSet[] }) | undefined {
  if (nftTables.length === 0) return { rules: [], chains: [], sets: [] }
  const plain = plainTable === undefined ? undefined : plainRules(plainTable)
  return plain === undefined ? undefined : { ...plain, sets: [] }
}

function probeLegacy({ namespace, inside }: FirewallSource, report: (reason: unknown) => void): LegacyFamily[] {
  try {
    return isOwnNamespace(namespace.inode) ? legacyFamilies() : inside(namespace.path, legacyFamilies)
  } catch (reason) {
    report(reason)
    return []
  }
}

/** Without `-t`, the save tool itself asks only for the tables that the kernel lists as registered. */
async function readLegacy(
  namespace: NamespacePath,
  { family, command, package: debianPackage }: LegacyFamily,
  report: (reason: unknown) => void,
) {
  try {
    return await runSave(command, { backend: 'legacy', family }, { namespace, package: debianPackage })
  } catch (reason) {
    report(reason)
    return { rules: [], chains: [] }
  }
}

function toHidden(reason: unknown, { name, namespace }: FirewallSource): Hidden | undefined {
  if (isVanished(reason)) return undefined
  const denied = /EACCES|EPERM|permitted|denied/.test(messageOf(reason))
  const hint = reason instanceof TsnetError ? reason.hint : undefined
  return {
    subject: `firewall of ${name}`,
    reason: messageOf(reason),
    ...(hint === undefined && denied ? { hint: 'run as root, or with --cap-add NET_ADMIN,SYS_ADMIN,SYS_PTRACE' } : {}),
    ...(hint === undefined ? {} : { hint }),
    namespace: namespace.inode,
  }
}

function isVanished(reason: unknown): boolean {
  if (reason instanceof TsnetError) return reason.code === 'vanished'
  return /ENOENT|ESRCH/.test(messageOf(reason))
}

/** Most namespaces have one back end, whose list need not be copied. */
function joined<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const filled = lists.filter((list) => list.length > 0)
  return filled.length === 1 ? (filled[0] ?? []) : filled.flat()
}
