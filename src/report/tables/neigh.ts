import { neighbourKey } from '../../model/entry-key.ts'
import type { Neighbour } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { linkName, type Row, type Table, textColumn } from '../columns.ts'
import { whoHasAddress, whoHasMac } from './who.ts'

export const NEIGH: Table<Row<Neighbour>> = {
  kind: 'neigh',
  title: 'neighbours',
  kinds: ['links', 'neigh'],
  context: ['links', 'addrs'],
  columns: [
    textColumn('LINK', (row) => linkName(row, row.object.link)),
    textColumn('ADDRESS', ({ object }) => object.address),
    textColumn('MAC', ({ object }) => object.mac),
    textColumn('STATE', ({ object }) => [...object.states, ...(object.proxy === true ? ['proxy'] : [])].join(',')),
    textColumn('WHO', who),
    textColumn('ROUTER', ({ object }) => (object.router === true ? 'router' : ''), { wide: true }),
    textColumn('LEARNT', ({ object }) => (object.externLearn === true ? 'extern' : ''), { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.neighbours.map((object) => {
        return { key: `${namespace.inode}/${neighbourKey(object)}`, namespace, object, wiring }
      }),
    )
  },
}

/** Who has the MAC; without one, who should have answered. */
function who(row: Row<Neighbour>): string {
  const { mac, address, states } = row.object
  if (states.includes('NOARP') && mac === undefined) return ''
  if (mac === undefined) return whoHasAddress(row, address)
  return whoHasMac(row, mac, undefined) || whoHasAddress(row, address)
}
