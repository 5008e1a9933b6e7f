import { connectionKey } from '../../model/entry-key.ts'
import type { ConntrackEntry, ConntrackTuple, HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatAge, formatCount, formatEndpoint } from '../format.ts'
import { whoHasAddress } from './who.ts'

type ConntrackRow = Row<ConntrackEntry>

/**
 * ```
 * PROTO  STATE        SOURCE            DESTINATION      NAT                   STATUS   TIMEOUT  WHO
 * tcp    ESTABLISHED  172.19.0.3:51234  10.96.0.10:53    dst 172.20.0.2:53     ASSURED       4d  cache:eth0
 * ```
 */
export const CONNTRACK: Table<ConntrackRow> = {
  kind: 'conntrack',
  title: 'tracked connections',
  kinds: ['conntrack'],
  context: ['links', 'addrs'],
  columns: [
    textColumn('PROTO', ({ object }) => object.protocol),
    textColumn('STATE', ({ object }) => object.state),
    textColumn('SOURCE', ({ object: { original } }) => formatEndpoint(original.source, original.sourcePort)),
    textColumn('DESTINATION', ({ object: { original } }) =>
      formatEndpoint(original.destination, original.destinationPort),
    ),
    textColumn('NAT', ({ object }) => natText(object)),
    textColumn('STATUS', ({ object }) => object.status.join(',')),
    numberColumn('TIMEOUT', ({ object }) => object.timeoutS, { format: formatAge }),
    textColumn('WHO', (row) => whoHasAddress(row, row.object.reply.source)),
    textColumn('REPLY', ({ object: { reply } }) => tupleText(reply), { wide: true }),
    numberColumn('PKTS', ({ object }) => sum(object.packets), { wide: true, format: formatCount }),
    numberColumn('BYTES', ({ object }) => sum(object.bytes), { wide: true, format: formatCount }),
    numberColumn('MARK', ({ object }) => object.mark, { wide: true, format: (value) => `0x${value.toString(16)}` }),
    numberColumn('ZONE', ({ object }) => object.zone, { wide: true }),
  ],
  // a snapshot says how many there are, not which: see conntrackRows
  rows: () => [],
}

/** The rows of one namespace, for entries that were read of it just now. */
export function conntrackRows(
  snapshot: HostSnapshot,
  namespace: Namespace,
  entries: readonly ConntrackEntry[],
): ConntrackRow[] {
  const wiring = wiringOf(snapshot)
  return entries.map((object) => ({
    key: `${namespace.inode}/${connectionKey(object)}`,
    namespace,
    object,
    wiring,
  }))
}

function tupleText({ source, sourcePort, destination, destinationPort, icmpId }: ConntrackTuple): string {
  const text = `${formatEndpoint(source, sourcePort)} → ${formatEndpoint(destination, destinationPort)}`
  return icmpId === undefined ? text : `${text} id ${icmpId}`
}

/** What the reply direction shows to be translated: replies come from elsewhere, or go elsewhere. */
function natText({ original, reply }: ConntrackEntry): string {
  const to = formatEndpoint(reply.source, reply.sourcePort)
  const from = formatEndpoint(reply.destination, reply.destinationPort)
  return [
    to === formatEndpoint(original.destination, original.destinationPort) ? '' : `dst ${to}`,
    from === formatEndpoint(original.source, original.sourcePort) ? '' : `src ${from}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function sum(pair: readonly [number, number] | undefined): number | undefined {
  return pair === undefined ? undefined : pair[0] + pair[1]
}
