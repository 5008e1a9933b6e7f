import type { Context } from '../command.ts'
import { formatOverviewTitle } from '../report/overview.ts'
import { formatTable } from '../report/table.ts'
import { identityOf } from '../report/tables/ns.ts'
import { TABLES } from '../report/tables.ts'
import { type Facts, hiddenOf, noteHidden } from './facts.ts'
import { tableOptionsOf } from './show-table.ts'

/** The first screen as text: the namespaces and the bridges. */
export function showOverview(context: Context, { snapshot, namespaces }: Facts): number {
  const { options, output } = context
  if (options.has('json')) {
    output.json(namespaces.map(identityOf))
    return 0
  }
  const { ns, bridges } = TABLES
  const asked = tableOptionsOf(context)
  const ports = bridges.rows(snapshot, namespaces)
  output.write(`${formatOverviewTitle(snapshot)}\n\n`)
  output.write(formatTable(ns.columns, ns.rows(snapshot, namespaces), asked))
  if (ports.length > 0) output.write(`\n${formatTable(bridges.columns, ports, withoutChoice(asked))}`)
  noteHidden(context, hiddenOf(snapshot, namespaces))
  return 0
}

/** `--sort` and `--columns` speak of the namespaces. */
function withoutChoice({ width, colour, wide }: ReturnType<typeof tableOptionsOf>): ReturnType<typeof tableOptionsOf> {
  return {
    ...(width === undefined ? {} : { width }),
    ...(colour === undefined ? {} : { colour }),
    ...(wide === undefined ? {} : { wide }),
  }
}
