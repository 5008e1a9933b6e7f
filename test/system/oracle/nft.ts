import type { Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** What `nft -j list ruleset` gives beside the sets. */
interface NftItem {
  readonly chain?: NftChain
  readonly rule?: NftRule
}

interface NftChain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly type?: string
  readonly hook?: string
  readonly prio?: number
  readonly policy?: string
}

interface NftRule {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly handle: number
  readonly comment?: string
  readonly expr: readonly { readonly counter?: { packets: number; bytes: number } | string | null }[]
}

/** Tables of the topology's native ruleset; the others are iptables' (oracle/iptables.ts). */
function isNative({ table }: { readonly table: string }): boolean {
  return table.startsWith('ts_')
}

export async function oracleNft(context: OracleContext): Promise<Row[]> {
  const output = JSON.parse(await context.text('nft', '-j -a list ruleset')) as { nftables: NftItem[] }
  const texts = textsByHandle(await context.text('nft', '-a list ruleset'))
  const chains = output.nftables.flatMap(({ chain }) => chain ?? []).filter(isNative)
  const rules = output.nftables.flatMap(({ rule }) => rule ?? []).filter(isNative)
  return [...chains.map(chainRow), ...rules.map((rule) => ruleRow(rule, texts))]
}

function chainRow({ family, table, name, type, hook, prio, policy }: NftChain): Row {
  return row({ what: 'chain', family, table, chain: name, type, hook, priority: prio, policy: policy?.toUpperCase() })
}

function ruleRow(rule: NftRule, texts: ReadonlyMap<string, string>): Row {
  const { family, table, chain, handle, comment } = rule
  const counter = rule.expr.find((one) => typeof one.counter === 'object' && one.counter !== null)?.counter
  const counts = typeof counter === 'object' && counter !== null ? counter : { packets: -1, bytes: -1 }
  const text = texts.get(`${family} ${table} ${chain} ${handle}`)
  return row(
    { what: 'rule', family, table, chain, handle, comment, text: withoutCounts(text ?? 'not listed') },
    { packets: counts.packets, bytes: counts.bytes },
  )
}

/** Rule text by `FAMILY TABLE CHAIN HANDLE`, from `nft -a`. */
function textsByHandle(listing: string): Map<string, string> {
  const texts = new Map<string, string>()
  let table = ''
  let chain = ''
  for (const line of listing.split('\n')) {
    const tableLine = /^table (\S+) (\S+) \{/.exec(line)
    if (tableLine) table = `${tableLine[1]} ${tableLine[2]}`
    const chainLine = /^\tchain (\S+) \{/.exec(line)
    if (chainLine) chain = chainLine[1] ?? ''
    const rule = /^\t\t(.*) # handle (\d+)$/.exec(line)
    if (rule) texts.set(`${table} ${chain} ${rule[2]}`, rule[1] ?? '')
  }
  return texts
}

function withoutCounts(text: string): string {
  return text.replace(/packets \d+ bytes \d+/g, 'packets … bytes …')
}

export function snapshotNft({ firewall, chains }: Namespace): Row[] {
  return [
    ...chains
      .filter(isNative)
      .map(({ family, table, chain, type, hook, priority, policy }) =>
        row({ what: 'chain', family, table, chain, type, hook, priority, policy }),
      ),
    ...firewall
      .filter((rule) => rule.syntax === 'nft')
      .map(({ family, table, chain, handle, comment, text, packets, bytes }) =>
        row({ what: 'rule', family, table, chain, handle, comment, text: withoutCounts(text) }, { packets, bytes }),
      ),
  ]
}
