import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import type { Row, Table } from '../report/columns.ts'
import { conntrackRows } from '../report/tables/conntrack.ts'
import { tableFor } from '../report/tables.ts'
import { type Facts, hiddenOf, noteHidden, readFacts } from './facts.ts'
import { showTable } from './show-table.ts'

/** `show KIND`: one table of the chosen namespaces. */
export async function show(context: Context): Promise<number> {
  const table = tableFor(context.positionals[0] ?? '')
  const connections = table.kind === 'conntrack'
  if (connections && context.options.has('from')) {
    throw new TsnetError('usage', 'show conntrack: a snapshot says how many connections there are, not which', {
      hint: 'leave --from out to see those of this host',
    })
  }
  const facts = await readFacts(context, { kinds: table.kinds, context: table.context, connections })
  const { snapshot, namespaces } = facts
  refuseUnread(context, table, snapshot)
  const rows = connections ? connectionRows(facts) : table.rows(snapshot, namespaces)
  showTable(context, table, rows, { several: namespaces.length !== 1 })
  const hidden = hiddenOf(snapshot, namespaces)
  if (!context.options.has('json')) noteHidden(context, hidden)
  return rows.length === 0 && isHidden(table, namespaces, hidden) ? 4 : 0
}

function connectionRows({ snapshot, namespaces, connections }: Facts): readonly Row[] {
  return namespaces.flatMap((namespace) => conntrackRows(snapshot, namespace, connections.get(namespace.inode) ?? []))
}

/** A saved snapshot in which nobody looked must not pass for a host that has nothing. */
function refuseUnread(context: Context, { kind, kinds }: Table, snapshot: HostSnapshot): void {
  const file = context.options.text('from')
  const missing = kinds.filter((each) => !snapshot.kinds.includes(each))
  if (file === undefined || missing.length === 0) return
  throw new TsnetError('usage', `show ${kind}: ${file} was saved without ${missing.join(', ')}`, {
    hint: `save one with tsnet-shoot snapshot --kinds ${kinds.join(',')} -o FILE`,
  })
}

/** Whether nothing is shown because nothing could be read. */
function isHidden({ kinds }: Table, namespaces: readonly Namespace[], hidden: HostSnapshot['hidden']): boolean {
  const subjects = [...kinds, 'tables']
  return (
    namespaces.length > 0 &&
    namespaces.every(({ inode }) =>
      hidden.some(({ namespace, subject }) => namespace === inode && subjects.some((kind) => subject.startsWith(kind))),
    )
  )
}
