import { type Column, namespaceColumn, type Row, type Table } from '../../report/columns.ts'
import type { Item, Target, View, ViewFacts, ViewId } from './view.ts'

interface TableView<Each extends Row> {
  readonly id: ViewId
  readonly aliases?: readonly string[]
  readonly table: Table<Each>
  readonly topic: string | ((row: Each) => string)
  readonly empty: string
  readonly enter?: (row: Each, facts: ViewFacts) => Target | undefined
  readonly decorate?: (row: Each, facts: ViewFacts) => Pick<Item, 'health'>
}

/** A view of the rows and columns that `show` prints. */
export function tableView<Each extends Row>({
  id,
  aliases = [],
  table,
  topic,
  empty,
  enter,
  decorate,
}: TableView<Each>): View<Each> {
  const several: readonly Column<Each>[] = [namespaceColumn<Each>(), ...table.columns]
  return {
    id,
    title: id,
    aliases,
    kinds: table.kinds,
    context: table.context,
    topic: typeof topic === 'string' ? topic : id,
    empty,
    columns: (isSeveral) => (isSeveral ? several : table.columns),
    items: (facts) =>
      table.rows(facts.snapshot, facts.namespaces).map((row) => ({
        id: row.key,
        namespace: row.namespace.inode,
        row,
        object: row.object,
        ...(typeof topic === 'string' ? {} : { topic: topic(row) }),
        ...decorate?.(row, facts),
      })),
    ...(enter === undefined ? {} : { enter: (item: Item<Each>, facts: ViewFacts) => enter(item.row, facts) }),
  }
}
