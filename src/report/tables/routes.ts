import { routeKey } from '../../model/entry-key.ts'
import type { Route } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { linkName, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { whoHasAddress } from './who.ts'

type RouteRow = Row<Route>

/**
 * ```
 * DESTINATION    TYPE     VIA         LINK  SOURCE      METRIC  TABLE  PROTOCOL  WHO
 * default        unicast  172.19.0.1  eth0                      main   boot      host:br-46cf
 * ```
 */
export const ROUTES: Table<RouteRow> = {
  kind: 'routes',
  title: 'routes',
  kinds: ['links', 'addrs', 'routes'],
  context: ['links', 'addrs'],
  columns: [
    textColumn('DESTINATION', ({ object }) => object.destination),
    textColumn('TYPE', ({ object }) => object.type),
    textColumn('VIA', via),
    textColumn('LINK', (row) => linkName(row, row.object.link)),
    textColumn('SOURCE', ({ object }) => object.source),
    numberColumn('METRIC', ({ object }) => object.metric),
    { name: 'TABLE', align: 'left', text: ({ object }) => tableName(object.table), sort: ({ object }) => object.table },
    textColumn('PROTOCOL', ({ object }) => object.protocol),
    textColumn('WHO', (row) => (row.object.gateway === undefined ? '' : whoHasAddress(row, row.object.gateway))),
    textColumn('SCOPE', ({ object }) => object.scope, { wide: true }),
    numberColumn('MTU', ({ object }) => object.mtu, { wide: true }),
    textColumn('FROM', ({ object }) => object.from, { wide: true }),
    textColumn('ENCAP', ({ object }) => object.encap, { wide: true }),
    textColumn('FLAGS', ({ object }) => object.flags?.join(','), { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      [...namespace.routes]
        .sort((a, b) => rankOf(a) - rankOf(b))
        .map((object) => ({ key: `${namespace.inode}/${routeKey(object)}`, namespace, object, wiring })),
    )
  },
}

/** Numbers of linux/rtnetlink.h (enum rt_class_t). */
const TABLE_NAMES: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' }

export function tableName(table: number): string {
  return TABLE_NAMES[table] ?? String(table)
}

/** People look for main; the local table, which the kernel fills, comes last. */
function rankOf({ table, family }: Route): number {
  const place = table === 254 ? 0 : table === 255 ? 2 : 1
  return place * 2 + (family === 6 ? 1 : 0)
}

function via(row: RouteRow): string {
  const { gateway, nexthops = [], nexthopId } = row.object
  if (gateway !== undefined) return gateway
  if (nexthops.length === 0) return nexthopId === undefined ? '' : `nexthop ${nexthopId}`
  return nexthops.map((hop) => `${hop.gateway ?? ''} ${linkName(row, hop.link)} weight ${hop.weight}`.trim()).join(', ')
}
