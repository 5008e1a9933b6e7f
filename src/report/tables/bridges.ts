import type { Link } from '../../model/snapshot.ts'
import { groupBy, wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatAge, formatCount, formatSwitch } from '../format.ts'
import { addressesOf, linkState } from './links.ts'
import { placeName } from './who.ts'

/** A bridge, or one of its ports. */
export interface BridgeRow extends Row<Link> {
  readonly bridge: Link
  /** Entries that the bridge learnt or was given behind this port; of all ports for the bridge itself. */
  readonly fdbEntries: number
}

/**
 * ```
 * BRIDGE   PORT      STATE       BEHIND         HAIRPIN  ISOL  LEARN  FDB   RX   TX  DROPS
 * br-46cf            up          172.19.0.1/16                          4  12k  14k      0
 * br-46cf  veth1f2a  forwarding  web:eth0       off      off   on       2 1.2k 1.1k      0
 * ```
 */
export const BRIDGES: Table<BridgeRow> = {
  kind: 'bridges',
  title: 'bridges',
  kinds: ['links', 'addrs', 'fdb'],
  context: ['links'],
  columns: [
    textColumn('BRIDGE', ({ bridge }) => bridge.name),
    textColumn('PORT', ({ object, bridge }) => (object === bridge ? '' : object.name)),
    textColumn('STATE', ({ object }) => object.port?.state ?? linkState(object)),
    textColumn('BEHIND', behind),
    textColumn('HAIRPIN', ({ object }) => formatSwitch(object.port?.hairpin)),
    textColumn('ISOL', ({ object }) => formatSwitch(object.port?.isolated)),
    textColumn('LEARN', ({ object }) => formatSwitch(object.port?.learning)),
    numberColumn('FDB', ({ fdbEntries }) => fdbEntries),
    numberColumn('RX', ({ object }) => object.counters.rxPackets, { format: formatCount }),
    numberColumn('TX', ({ object }) => object.counters.txPackets, { format: formatCount }),
    numberColumn('DROPS', ({ object }) => object.counters.rxDropped + object.counters.txDropped, {
      format: formatCount,
    }),
    numberColumn('MTU', ({ object }) => object.mtu, { wide: true }),
    textColumn('STP', ({ object }) => formatSwitch(object.bridge?.stp), { wide: true }),
    textColumn('VLAN', vlans, { wide: true }),
    textColumn('NF-CALL', ({ object }) => formatSwitch(object.bridge?.nfCallIptables), { wide: true }),
    textColumn('AGEING', ({ object }) => ageing(object), { wide: true }),
    numberColumn('COST', ({ object }) => object.port?.cost, { wide: true }),
    textColumn('FLOOD', ({ object }) => formatSwitch(object.port?.flood), { wide: true }),
    textColumn('MAC', ({ object }) => object.mac, { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.links
        .filter(({ kind }) => kind === 'bridge')
        .flatMap((bridge) => {
          const row = (object: Link, fdbEntries: number): BridgeRow => {
            return {
              key: `${namespace.inode}:${bridge.index}:${object.index}`,
              namespace,
              object,
              wiring,
              bridge,
              fdbEntries,
            }
          }
          const entries = namespace.fdb.filter(({ master }) => master === bridge.index)
          const behindPort = groupBy(entries, ({ link }) => link)
          const ports = wiring.membersOf(namespace, bridge)
          return [
            row(bridge, entries.length),
            ...ports.map((port) => row(port, behindPort.get(port.index)?.length ?? 0)),
          ]
        }),
    )
  },
}

/** The namespace at the other end of a port; the addresses of a bridge. */
function behind(row: BridgeRow): string {
  const { object, bridge, wiring } = row
  if (object === bridge) return addressesOf(row).join(' ')
  const place = wiring.peerOf(object) ?? wiring.parentOf(object)
  if (place !== undefined) return placeName(place)
  if (object.vxlan !== undefined) return `VTEPs, VNI ${object.vxlan.vni}`
  return object.peer === undefined ? object.kind : 'not visible'
}

function vlans({ object }: BridgeRow): string {
  if (object.bridge !== undefined) return formatSwitch(object.bridge.vlanFiltering)
  return (object.port?.vlans ?? [])
    .map(({ id, pvid, untagged }) => `${id}${pvid ? '*' : ''}${untagged ? 'u' : ''}`)
    .join(',')
}

function ageing({ bridge }: Link): string {
  return bridge === undefined ? '' : formatAge(bridge.ageingTimeMs / 1_000)
}
