import type { DnsConfiguration } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { type Row, type Table, textColumn } from '../columns.ts'
import { whoHasAddress } from './who.ts'

export const DNS: Table<Row<DnsConfiguration>> = {
  kind: 'dns',
  title: 'name resolution',
  kinds: ['dns'],
  context: ['links', 'addrs'],
  columns: [
    textColumn('SERVERS', ({ object }) => object.servers.join(' ')),
    textColumn('SEARCH', ({ object }) => object.search.join(' ')),
    textColumn('OPTIONS', ({ object }) => object.options.join(' ')),
    textColumn('WHO', (row) =>
      row.object.servers
        .map((server) => whoHasAddress(row, server))
        .join(' ')
        .trim(),
    ),
    textColumn('FROM', ({ object }) => object.path),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) => {
      const { dns, inode } = namespace
      return dns === undefined ? [] : [{ key: String(inode), namespace, object: dns, wiring }]
    })
  },
}
