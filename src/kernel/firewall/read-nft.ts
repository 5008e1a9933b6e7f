import type { NftSet } from '../../model/snapshot.ts'
import { type NamespacePath, runTool } from '../run.ts'
import { mayBeIptables } from './builtin-chains.ts'
import { combineNft, listingsAgree, type Rules, SavedChains } from './combine.ts'
import { NftItems } from './nft-items.ts'
import { NftRuleset } from './nft-ruleset.ts'
import { chainKey, NftText } from './nft-text.ts'
import { limits, runSave } from './run-save.ts'

/** A table of nf_tables, as a netlink dump lists it. */
export interface NftTableName {
  readonly family: string
  readonly name: string
}

/** Times the listings are made before rules of iptables-nft go without handles. */
const ATTEMPTS = 3

const SAVE_TOOLS = { ip: 'iptables', ip6: 'ip6tables', arp: 'arptables', bridge: 'ebtables' } as const

/**
 * Lists the nft tables of a namespace that has some. `report` takes what could not be read.
 *
 * Two or three children: the save tools only for families with a table that iptables-nft may manage, `nft -j`
 * for everything, and nft's own text only when a table is not iptables-nft's. None of them changes the ruleset.
 */
export async function readNft(
  namespace: NamespacePath,
  tables: readonly NftTableName[],
  report: (reason: unknown) => void,
): Promise<Rules & { sets: readonly NftSet[] }> {
  for (let attempt = 1; ; attempt++) {
    const saved = await readSaved(namespace, tables, report)
    const ruleset = new NftRuleset((key) => saved.has(key))
    try {
      await listJson(namespace, ruleset)
    } catch (reason) {
      report(reason)
      return { ...saved.all(), sets: [] }
    }
    if (attempt < ATTEMPTS && !listingsAgree(ruleset, saved)) continue
    const texts = await readTexts(namespace, nativeHandles(ruleset, saved), report)
    return { ...combineNft(ruleset, saved, texts), sets: ruleset.sets }
  }
}

async function readSaved(
  namespace: NamespacePath,
  tables: readonly NftTableName[],
  report: (reason: unknown) => void,
): Promise<SavedChains> {
  const families = (['ip', 'ip6', 'arp', 'bridge'] as const).filter((family) =>
    tables.some((table) => table.family === family && mayBeIptables(family, table.name)),
  )
  const saved = new SavedChains()
  await Promise.all(
    families.map(async (family) => {
      const command = `${SAVE_TOOLS[family]}-nft-save`
      try {
        saved.add(await runSave(command, { backend: 'nft', family }, { namespace, package: 'iptables' }))
      } catch (reason) {
        report(reason)
      }
    }),
  )
  return saved
}

async function listJson(namespace: NamespacePath, ruleset: NftRuleset): Promise<void> {
  const items = new NftItems((item) => ruleset.add(item))
  await runTool('nft', ['-j', '-a', 'list', 'ruleset'], {
    ...limits,
    namespace,
    package: 'nftables',
    onOutput: (chunk) => items.push(chunk),
  })
  items.finish()
}

/** Rules that need nft's text, and chains whose device only that text tells. */
function nativeHandles(ruleset: NftRuleset, saved: SavedChains): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>()
  for (const [key, { family, table, chain, hook }] of ruleset.chains) {
    if (saved.has(key)) continue
    const rules = ruleset.rules.get(key) ?? []
    const hasDevice = hook === 'ingress' || hook === 'egress'
    if (rules.length > 0 || hasDevice) {
      wanted.set(chainKey(family, table, chain), new Set(rules.map(({ handle }) => handle)))
    }
  }
  return wanted
}

/** Names are never resolved by default; `-t` leaves out the elements of sets, which the JSON has. */
async function readTexts(
  namespace: NamespacePath,
  wanted: Map<string, Set<number>>,
  report: (reason: unknown) => void,
): Promise<NftText> {
  const texts = new NftText(wanted)
  if (wanted.size === 0) return texts
  try {
    await runTool('nft', ['-a', '-t', 'list', 'ruleset'], {
      ...limits,
      namespace,
      package: 'nftables',
      onOutput: (chunk) => texts.push(chunk),
    })
  } catch (reason) {
    report(reason)
  }
  return texts
}
