import type { NetworkHost } from '../../../driver/network-host.ts'

/** The rules of a namespace as its save tools print them, a text a table. */
export interface KeptFirewall {
  /** Table → text with counters. */
  readonly 4: Readonly<Record<string, string>>
  readonly 6: Readonly<Record<string, string>>
  /** Tables of nftables: `ip nat`. */
  readonly nft: readonly string[]
}

const TOOLS = {
  4: { save: 'iptables-save', restore: 'iptables-restore', nft: 'ip' },
  6: { save: 'ip6tables-save', restore: 'ip6tables-restore', nft: 'ip6' },
} as const

export async function readFirewall(host: NetworkHost): Promise<KeptFirewall> {
  const [four, six, nft] = await Promise.all([saveTables(host, 4), saveTables(host, 6), nftTables(host)])
  return { 4: four, 6: six, nft }
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

async function nftTables(host: NetworkHost): Promise<readonly string[]> {
  const { stdout } = await host.run('nft', ['list', 'tables'], { package: 'nftables' })
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('table '))
    .map((line) => line.slice('table '.length).trim())
}

export interface RestoreFirewallOptions {
  /** Also those tables in which nothing but counters moved. */
  readonly counters: boolean
}

/** Puts back what differs, counters included; a table that was not there goes. */
export async function restoreFirewall(
  host: NetworkHost,
  kept: KeptFirewall,
  options: RestoreFirewallOptions,
): Promise<void> {
  const now = await readFirewall(host)
  for (const table of now.nft) {
    if (!kept.nft.includes(table))
      await host.run('nft', ['delete', 'table', ...table.split(' ')], { package: 'nftables' })
  }
  for (const family of [4, 6] as const) {
    for (const [table, text] of Object.entries(kept[family])) {
      if (isSame(text, now[family][table] ?? '', options)) continue
      await restoreTable(host, family, { table, text, nft: now.nft })
    }
  }
}

interface TableText {
  readonly table: string
  readonly text: string
  readonly nft: readonly string[]
}

/** The restore tool keeps base chains that the text does not have: the table is made anew. */
async function restoreTable(host: NetworkHost, family: 4 | 6, { table, text, nft }: TableText): Promise<void> {
  const { restore, nft: nftFamily } = TOOLS[family]
  const hasExtraChains = nft.includes(`${nftFamily} ${table}`)
  if (hasExtraChains) await host.run('nft', ['delete', 'table', nftFamily, table], { package: 'nftables' })
  await host.run(restore, ['--counters', '--noflush', '--wait'], {
    input: flushed(text, hasExtraChains),
    package: 'iptables',
  })
}

/** Of a table that could not be deleted the restore tool itself has to flush what is there. */
function flushed(text: string, isNew: boolean): string {
  if (isNew) return text
  const chains = text.split('\n').filter((line) => line.startsWith(':'))
  const flushes = chains.map((line) => `-F ${line.slice(1).split(' ')[0]}`)
  const [head = '', ...rest] = text.split('\n')
  const rules = rest.filter((line) => !line.startsWith(':'))
  return [head, ...chains, ...flushes, ...rules].join('\n')
}

function isSame(before: string, now: string, { counters }: RestoreFirewallOptions): boolean {
  return counters ? before === now : withoutCounters(before) === withoutCounters(now)
}

function withoutCounters(text: string): string {
  return text.replaceAll(/\[\d+:\d+\]/g, '')
}
