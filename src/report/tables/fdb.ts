import { fdbKey } from '../../model/entry-key.ts'
import type { FdbEntry } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { linkName, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatAge } from '../format.ts'
import { whoIsBehind } from './who.ts'

/**
 * ```
 * LINK      MAC                VLAN  DESTINATION  STATE      BRIDGE   AGE  WHO
 * veth1f2a  02:42:ac:13:00:03                     reachable  br-46cf   2s  web:eth0
 * ```
 */
export const FDB: Table<Row<FdbEntry>> = {
  kind: 'fdb',
  title: 'forwarding database',
  kinds: ['links', 'fdb'],
  context: ['links'],
  columns: [
    textColumn('LINK', (row) => linkName(row, row.object.link)),
    textColumn('MAC', ({ object }) => object.mac),
    numberColumn('VLAN', ({ object }) => object.vlan),
    textColumn('DESTINATION', ({ object }) => object.destination),
    textColumn('STATE', ({ object }) => object.states.join(',')),
    textColumn('BRIDGE', (row) => linkName(row, row.object.master)),
    numberColumn('AGE', ({ object }) => object.updatedS, { format: formatAge }),
    textColumn('WHO', (row) => whoIsBehind(row, row.object)),
    numberColumn('USED', ({ object }) => object.usedS, { format: formatAge, wide: true }),
    numberColumn('VNI', ({ object }) => object.vni, { wide: true }),
    numberColumn('PORT', ({ object }) => object.port, { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.fdb.map((object) => ({ key: `${namespace.inode}/${fdbKey(object)}`, namespace, object, wiring })),
    )
  },
}
