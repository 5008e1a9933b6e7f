import type { Qdisc } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { linkName, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatCount } from '../format.ts'

const count = { format: formatCount }

export const QDISC: Table<Row<Qdisc>> = {
  kind: 'qdisc',
  title: 'queueing disciplines',
  kinds: ['links', 'qdisc'],
  context: [],
  columns: [
    textColumn('LINK', (row) => linkName(row, row.object.link)),
    textColumn('KIND', ({ object }) => object.kind),
    textColumn('HANDLE', ({ object }) => object.handle),
    textColumn('PARENT', ({ object }) => object.parent),
    numberColumn('PKTS', ({ object }) => object.packets, count),
    numberColumn('BYTES', ({ object }) => object.bytes, count),
    numberColumn('DROPPED', ({ object }) => object.dropped, count),
    numberColumn('OVERLIMITS', ({ object }) => object.overlimits, count),
    numberColumn('BACKLOG', ({ object }) => object.backlogPackets, count),
    numberColumn('BACKLOG-BYTES', ({ object }) => object.backlogBytes, { wide: true, ...count }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.qdiscs.map((object) => {
        const key = [namespace.inode, object.link, object.parent, object.handle].join('/')
        return { key, namespace, object, wiring }
      }),
    )
  },
}
