import type { Address } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { linkName, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatAge } from '../format.ts'

export const ADDRS: Table<Row<Address>> = {
  kind: 'addrs',
  title: 'addresses',
  kinds: ['links', 'addrs'],
  context: [],
  columns: [
    textColumn('LINK', (row) => linkName(row, row.object.link)),
    textColumn('ADDRESS', ({ object }) => object.address),
    textColumn('SCOPE', ({ object }) => object.scope),
    textColumn('FLAGS', ({ object }) => object.flags.join(',')),
    textColumn('PEER', ({ object }) => object.peer, { wide: true }),
    textColumn('BROADCAST', ({ object }) => object.broadcast, { wide: true }),
    textColumn('LABEL', ({ object }) => object.label, { wide: true }),
    numberColumn('VALID', ({ object }) => object.validS, { format: formatAge, wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.addresses.map((object) => {
        return { key: `${namespace.inode}/${object.link}/${object.address}`, namespace, object, wiring }
      }),
    )
  },
}
