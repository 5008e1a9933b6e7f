import type { Link, Namespace } from '../../model/snapshot.ts'
import { type LinkPlace, wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { linkState } from './links.ts'
import { placeName } from './who.ts'

/** A pair; the row stands where its first end is. */
export interface VethRow extends Row<Link> {
  readonly peer: LinkPlace | undefined
}

/**
 * ```
 * END       STATE  PEER            STATE-2  BRIDGE    MTU
 * web:eth0  up     host:veth1f2a   up       br-46cf  1500
 * ```
 */
export const VETH: Table<VethRow> = {
  kind: 'veth',
  title: 'veth pairs',
  kinds: ['links'],
  context: ['links'],
  columns: [
    textColumn('END', ({ namespace, object }) => placeName({ namespace, link: object })),
    textColumn('STATE', ({ object }) => linkState(object)),
    textColumn('PEER', ({ object, peer }) => (peer === undefined ? notVisible(object) : placeName(peer))),
    textColumn('STATE-2', ({ peer }) => (peer === undefined ? '' : linkState(peer.link))),
    textColumn('BRIDGE', bridgeOf),
    textColumn('MTU', ({ object, peer }) => mtus(object, peer?.link), { align: 'right' }),
    textColumn('MAC', ({ object }) => object.mac, { wide: true }),
    textColumn('MAC-2', ({ peer }) => peer?.link.mac, { wide: true }),
    numberColumn('RX-PKTS', ({ object }) => object.counters.rxPackets, { wide: true }),
    numberColumn('TX-PKTS', ({ object }) => object.counters.txPackets, { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    const shown = new Set(namespaces)
    const ends = namespaces.flatMap((namespace) =>
      namespace.links
        .filter(({ kind }) => kind === 'veth')
        .map((object) => {
          return { key: `${namespace.inode}:${object.index}`, namespace, object, wiring, peer: wiring.peerOf(object) }
        }),
    )
    return ends.filter((row) => row.peer === undefined || !shown.has(row.peer.namespace) || isFirst(row, row.peer))
  },
}

/** Of two ends that are both shown, the row is the one that is no port of a bridge (the container's end). */
function isFirst(
  { namespace, object }: { readonly namespace: Namespace; readonly object: Link },
  peer: LinkPlace,
): boolean {
  const ports = Number(object.master !== undefined) - Number(peer.link.master !== undefined)
  if (ports !== 0) return ports < 0
  return namespace.inode === peer.namespace.inode
    ? object.index < peer.link.index
    : namespace.inode < peer.namespace.inode
}

function notVisible({ peer }: Link): string {
  return peer === undefined ? 'not visible' : `not visible: #${peer.index}`
}

function bridgeOf({ namespace, object, peer, wiring }: VethRow): string {
  const own = wiring.link(namespace.inode, object.master)?.name
  const other = peer === undefined ? undefined : wiring.link(peer.namespace.inode, peer.link.master)?.name
  return [own, other].filter((name) => name !== undefined).join(' – ')
}

/** Two ends that differ drop what only one of them takes. */
function mtus(a: Link, b: Link | undefined): string {
  return b === undefined || a.mtu === b.mtu ? String(a.mtu) : `${a.mtu}≠${b.mtu}`
}
