import type { Link } from '../../model/snapshot.ts'
import { addressesByLink, wiringOf } from '../../model/wiring.ts'
import { linkName, numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatCount } from '../format.ts'
import { placeName } from './who.ts'

type LinkRow = Row<Link>

const count = { wide: true, format: formatCount }

/**
 * ```
 * LINK   KIND    STATE  MTU  ADDRESS        MAC                MASTER   PEER
 * eth0   veth    up    1500  172.19.0.3/16  02:42:ac:13:00:03           host:veth1f2a ▸ br-46cf
 * ```
 */
export const LINKS: Table<LinkRow> = {
  kind: 'links',
  title: 'links',
  kinds: ['links', 'addrs'],
  context: ['links'],
  columns: [
    numberColumn('INDEX', ({ object }) => object.index, { wide: true }),
    textColumn('LINK', ({ object }) => object.name),
    textColumn('KIND', ({ object }) => linkKind(object)),
    textColumn('STATE', ({ object }) => linkState(object)),
    numberColumn('MTU', ({ object }) => object.mtu),
    textColumn('ADDRESS', (row) => addressesOf(row).join(' ')),
    textColumn('MAC', ({ object }) => (object.kind === 'loopback' ? '' : object.mac)),
    textColumn('MASTER', (row) => linkName(row, row.object.master)),
    textColumn('PEER', otherSide),
    textColumn('FLAGS', ({ object }) => object.flags.join(','), { wide: true }),
    textColumn('QDISC', ({ object }) => object.qdisc, { wide: true }),
    numberColumn('RX-PKTS', ({ object }) => object.counters.rxPackets, count),
    numberColumn('RX-BYTES', ({ object }) => object.counters.rxBytes, count),
    numberColumn('RX-DROP', ({ object }) => object.counters.rxDropped, count),
    numberColumn('RX-ERR', ({ object }) => object.counters.rxErrors, count),
    numberColumn('TX-PKTS', ({ object }) => object.counters.txPackets, count),
    numberColumn('TX-BYTES', ({ object }) => object.counters.txBytes, count),
    numberColumn('TX-DROP', ({ object }) => object.counters.txDropped, count),
    numberColumn('TX-ERR', ({ object }) => object.counters.txErrors, count),
    textColumn('MADE-BY', ({ object }) => object.madeBy, { wide: true }),
    textColumn('ALIAS', ({ object }) => object.alias, { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.links.map((object) => ({ key: `${namespace.inode}:${object.index}`, namespace, object, wiring })),
    )
  },
}

/** `vxlan 4097`, `vlan 10`, `macvlan bridge`: the kind with what tells it from others of its kind. */
function linkKind({ kind, vxlan, vlan, macvlan, ipvlan, bond }: Link): string {
  const detail = vxlan?.vni ?? vlan?.id ?? macvlan?.mode ?? ipvlan?.mode ?? bond?.mode
  if (kind === 'loopback') return '–'
  return detail === undefined ? kind : `${kind} ${detail}`
}

/** The operational state; a link without one (loopback) is as it was set. */
export function linkState({ flags, operstate }: Link): string {
  if (!flags.includes('UP')) return 'down'
  if (flags.includes('NO-CARRIER')) return 'no-carrier'
  return operstate === 'UNKNOWN' ? 'up' : operstate.toLowerCase()
}

/** Addresses of a link, IPv4 first, link-local last. */
export function addressesOf({ namespace, object }: LinkRow): string[] {
  const own = [...(addressesByLink(namespace).get(object.index) ?? [])]
  return own.sort((a, b) => rankOf(a) - rankOf(b)).map(({ address }) => address)
}

function rankOf({ address, scope }: { readonly address: string; readonly scope: string }): number {
  return (address.includes(':') ? 1 : 0) + (scope === 'link' ? 2 : 0)
}

/** What is at the other side: the veth peer and the bridge behind it, the link below, the remote VTEP. */
function otherSide({ object, namespace, wiring }: LinkRow): string {
  const peer = wiring.peerOf(object)
  if (peer !== undefined) {
    const bridge = wiring.link(peer.namespace.inode, peer.link.master)
    return placeName(peer) + (bridge === undefined ? '' : ` ▸ ${bridge.name}`)
  }
  if (object.peer !== undefined) return `not visible: #${object.peer.index}`
  const parent = wiring.parentOf(object)
  if (parent !== undefined) return `on ${placeName(parent)}`
  if (object.kind === 'bridge') return portsText(wiring.membersOf(namespace, object).length)
  return object.vxlan?.remote === undefined ? '' : `VTEP ${object.vxlan.remote}`
}

function portsText(ports: number): string {
  return ports === 1 ? '1 port' : `${ports} ports`
}
