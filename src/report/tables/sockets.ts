import { socketKey } from '../../model/entry-key.ts'
import type { Socket } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { linkName, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatEndpoint } from '../format.ts'
import { whoHasAddress } from './who.ts'

/**
 * ```
 * PROTO  STATE   LOCAL           REMOTE  RECV-Q  SEND-Q  PROCESS
 * tcp    LISTEN  0.0.0.0:8500                 0    4096  consul (912)
 * ```
 */
export const SOCKETS: Table<Row<Socket>> = {
  kind: 'sockets',
  title: 'sockets',
  kinds: ['sockets'],
  context: ['links', 'addrs'],
  columns: [
    textColumn('PROTO', ({ object }) => object.protocol),
    textColumn('STATE', ({ object }) => object.state),
    textColumn('LOCAL', ({ object }) => formatEndpoint(object.local, object.localPort)),
    textColumn('REMOTE', ({ object }) => remoteText(object)),
    numberColumn('RECV-Q', ({ object }) => object.receiveQueue),
    numberColumn('SEND-Q', ({ object }) => object.sendQueue),
    textColumn('PROCESS', ({ object }) =>
      (object.processes ?? []).map((one) => `${one.command} (${one.pid})`).join(' '),
    ),
    textColumn('WHO', (row) => (remoteText(row.object) === '' ? '' : whoHasAddress(row, row.object.remote ?? ''))),
    textColumn('LINK', (row) => linkName(row, row.object.link), { wide: true }),
    numberColumn('UID', ({ object }) => object.uid, { wide: true }),
    numberColumn('INODE', ({ object }) => object.inode, { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.sockets.map((object) => ({
        key: `${namespace.inode}/${socketKey(object)}`,
        namespace,
        object,
        wiring,
      })),
    )
  },
}

function remoteText({ remote, remotePort, state }: Socket): string {
  if (remote === undefined || state === 'LISTEN' || (remotePort ?? 0) === 0) return ''
  return formatEndpoint(remote, remotePort)
}
