import type { FirewallRule, Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** The save tools' own lines; each variant is asked only where the topology itself used it. */
export async function oracleIptables(context: OracleContext): Promise<Row[]> {
  const outputs = await Promise.all(
    context.variants.map(async (variant) => rowsOfSave(await context.text(`${variant}-save`, '-c'), variant)),
  )
  return outputs.flat()
}

const CHAIN = /^:(\S+) (\S+) \[(\d+):(\d+)\]$/
const RULE = /^\[(\d+):(\d+)\] -A (\S+) ?(.*)$/

function rowsOfSave(output: string, variant: string): Row[] {
  const side = { backend: variant.endsWith('nft') ? 'nft' : 'legacy', family: variant.startsWith('ip6') ? 'ip6' : 'ip' }
  const rows: Row[] = []
  const positions = new Map<string, number>()
  let table = ''
  for (const line of output.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1)
    const chain = CHAIN.exec(line)
    if (chain) rows.push(chainRow({ ...side, table }, chain))
    const rule = RULE.exec(line)
    if (!rule) continue
    const place = `${table} ${rule[3]}`
    const position = (positions.get(place) ?? 0) + 1
    positions.set(place, position)
    const where = { ...side, table, chain: rule[3], position }
    rows.push(row({ what: 'rule', ...where, text: rule[4] }, { packets: Number(rule[1]), bytes: Number(rule[2]) }))
  }
  return rows
}

function chainRow(where: object, [, chain, policy, packets, bytes]: RegExpExecArray): Row {
  if (policy === '-') return row({ what: 'chain', ...where, chain })
  return row({ what: 'chain', ...where, chain, policy }, { packets: Number(packets), bytes: Number(bytes) })
}

export function snapshotIptables({ firewall, chains }: Namespace): Row[] {
  const owned = chains.filter(({ backend, table }) => backend === 'legacy' || !table.startsWith('ts_'))
  return [
    ...firewall.filter(({ syntax }) => syntax === 'iptables').map(ruleRow),
    ...owned.map(({ backend, family, table, chain, policy, packets, bytes }) =>
      row({ what: 'chain', backend, family, table, chain, policy }, { packets, bytes }),
    ),
  ]
}

function ruleRow({ backend, family, table, chain, position, text, packets, bytes }: FirewallRule): Row {
  return row({ what: 'rule', backend, family, table, chain, position, text }, { packets, bytes })
}
