import type { ConntrackEntry } from '../../model/snapshot.ts'
import { namespaceColumn, type Row } from '../../report/columns.ts'
import { CONNTRACK, conntrackRows } from '../../report/tables/conntrack.ts'
import { toAddress } from './jumps.ts'
import type { Item, View, ViewFacts } from './view.ts'

type ConntrackItem = Item<Row<ConntrackEntry>>

/** Read when the view is opened, of one namespace. Enter: who answers, behind any DNAT. */
export const CONNTRACK_VIEW: View<Row<ConntrackEntry>> = {
  id: 'conntrack',
  title: 'conntrack',
  aliases: ['ct', 'connections'],
  kinds: CONNTRACK.kinds,
  context: CONNTRACK.context,
  inputs: ['connections'],
  topic: 'conntrack',
  empty: emptySentence,
  columns: (several) => (several ? [namespaceColumn(), ...CONNTRACK.columns] : CONNTRACK.columns),
  items: connectionItems,
  enter: ({ row }) => toAddress(row.wiring, row.object.reply.source),
}

function connectionItems({ snapshot, namespaces, connections }: ViewFacts): readonly ConntrackItem[] {
  const namespace = namespaces.find(({ inode }) => inode === connections?.namespace)
  if (namespace === undefined || connections === undefined || namespaces.length !== 1) return []
  return conntrackRows(snapshot, namespace, connections.entries).map((row) => {
    return { id: row.key, namespace: namespace.inode, row, object: row.object }
  })
}

function emptySentence({ namespaces, connections }: ViewFacts): string {
  const [namespace] = namespaces
  if (namespaces.length !== 1 || namespace === undefined) return 'Connections are read of one namespace: select one.'
  if (connections?.namespace !== namespace.inode) return 'Reading the connections…'
  return connections.error ?? 'No connection is tracked here.'
}
