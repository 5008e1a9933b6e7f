import type { NetworkHost } from '../../../driver/network-host.ts'

/** The rules of a namespace as its save tools print them, a text a table. */
export interface KeptFirewall {
  /** Table → text with counters. */
  readonly 4: Readonly<Record<string, string>>
  readonly 6: Readonly<Record<string, string>>
  /** Chains of nftables: `ip nat OUTPUT`. The save tools also name those that are not there. */
  readonly chains: readonly string[]
  /** Tables of nftables: `ip nat`. */
  readonly tables: readonly string[]
}

const TOOLS = {
  4: { save: 'iptables-save', restore: 'iptables-restore', nft: 'ip' },
  6: { save: 'ip6tables-save', restore: 'ip6tables-restore', nft: 'ip6' },
} as const

export async function readFirewall(host: NetworkHost): Promise<KeptFirewall> {
  const [four, six, nft] = await Promise.all([saveTables(host, 4), saveTables(host, 6), listNft(host)])
  return { 4: four, 6: six, ...nft }
}

async function saveTables(host: NetworkHost, family: 4 | 6): Promise<Record<string, string>> {
  const { stdout } = await host.run(TOOLS[family].save, ['--counters'], { package: 'iptables' })
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const tables: Record<string, string> = {}
  let table = ''
  for (const line of lines) {
    if (line.startsWith('*')) table = line.slice(1)
    tables[table] = `${tables[table] ?? ''}${line}\n`
  }
  return tables
}

/** libnftables-json(5) */
interface NftItem {
  readonly table?: { readonly family: string; readonly name: string }
  readonly chain?: { readonly family: string; readonly table: string; readonly name: string }
}

async function listNft(host: NetworkHost): Promise<Pick<KeptFirewall, 'tables' | 'chains'>> {
  const list = async (what: string): Promise<readonly NftItem[]> => {
    const { stdout } = await host.run('nft', ['--json', 'list', what], { package: 'nftables' })
    return (JSON.parse(stdout) as { readonly nftables: readonly NftItem[] }).nftables
  }
  const [tables, chains] = await Promise.all([list('tables'), list('chains')])
  return {
    tables: tables.flatMap(({ table }) => (table === undefined ? [] : `${table.family} ${table.name}`)),
    chains: chains.flatMap(({ chain }) => (chain === undefined ? [] : `${chain.family} ${chain.table} ${chain.name}`)),
  }
}

export interface RestoreFirewallOptions {
  /** Also those tables in which nothing but counters moved. */
  readonly counters: boolean
}

/** Puts back what differs, counters included; tables and chains that were not there go. */
export async function restoreFirewall(
  host: NetworkHost,
  kept: KeptFirewall,
  options: RestoreFirewallOptions,
): Promise<void> {
  const before = await readFirewall(host)
  for (const table of before.tables) {
    if (!kept.tables.includes(table)) await nft(host, 'delete', 'table', table)
  }
  for (const family of [4, 6] as const) {
    for (const [table, text] of Object.entries(kept[family])) {
      if (!isSame(text, before[family][table] ?? '', options)) await restoreTable(host, family, { table, text, kept })
    }
  }
  const now = await listNft(host)
  for (const chain of now.chains) {
    if (!kept.chains.includes(chain)) await nft(host, 'delete', 'chain', chain)
  }
}

async function nft(host: NetworkHost, verb: string, kind: string, name: string): Promise<void> {
  await host.run('nft', [verb, kind, ...name.split(' ')], { package: 'nftables' })
}

interface TableText {
  readonly table: string
  readonly text: string
  readonly kept: KeptFirewall
}

/** In one transaction: all chains are emptied, and filled again. */
async function restoreTable(host: NetworkHost, family: 4 | 6, { table, text, kept }: TableText): Promise<void> {
  const { restore, nft: nftFamily } = TOOLS[family]
  const prefix = `${nftFamily} ${table} `
  const namesOf = (chains: readonly string[]): readonly string[] =>
    chains.filter((chain) => chain.startsWith(prefix)).map((chain) => chain.slice(prefix.length))
  const written = text.split('\n')
  const legacy = kept.tables.includes(prefix.trim()) ? undefined : chainNames(text)
  const wanted = legacy ?? namesOf(kept.chains)
  const present = legacy ?? namesOf((await listNft(host)).chains)
  const input = [
    `*${table}`,
    ...written.filter((line) => line.startsWith(':') && wanted.includes(chainOf(line))),
    ...[...new Set([...wanted, ...present])].map((chain) => `-F ${chain}`),
    ...written.filter((line) => line !== '' && !line.startsWith('*') && !line.startsWith(':')),
    '',
  ].join('\n')
  await host.run(restore, ['--counters', '--noflush', '--wait'], { input, package: 'iptables' })
}

function chainNames(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(':'))
    .map(chainOf)
}

/** `:FORWARD DROP [0:0]` */
function chainOf(line: string): string {
  return line.slice(1).split(' ')[0] ?? ''
}

function isSame(before: string, now: string, { counters }: RestoreFirewallOptions): boolean {
  return counters ? before === now : withoutCounters(before) === withoutCounters(now)
}

function withoutCounters(text: string): string {
  return text.replaceAll(/\[\d+:\d+\]/g, '')
}
