import type { BridgePortInfo, FdbEntry, Link, Namespace } from '../../model/snapshot.ts'
import { nameOf, type Wiring, wiringOf } from '../../model/wiring.ts'
import type { Column } from '../../report/columns.ts'
import { formatAge, formatCount, formatSwitch } from '../../report/format.ts'
import { sanitise } from '../../report/sanitise.ts'
import { type Deltas, linkKey, type Rate } from '../deltas.ts'
import { type Health, linkHealth } from '../doctor/health.ts'
import { formatRate } from '../rate.ts'
import { shownPlace, toLink, toMac } from './jumps.ts'
import type { Item, Target, View, ViewFacts } from './view.ts'

/** A bridge, one of its ports, or a MAC that was learnt behind one. */
interface BridgeRow {
  readonly name: string
  readonly state: string
  /** What the cable leads to, or who has the MAC. */
  readonly behind: string
  readonly port?: BridgePortInfo
  readonly rate?: Rate
  readonly drops?: number
  readonly age?: number
  readonly note: string
  readonly link: Link
  readonly entry?: FdbEntry
}

/**
 * ```
 *   BRIDGE / PORT / MAC    STATE       BEHIND IT   HAIRPIN ISOL LEARN  RX        TX  DROPS AGE  NOTE
 * ▾ br-46cf (pets)         up          172.19.0.1/16                                            stp off
 *     veth1f2a             forwarding  web eth0    off     off  on     1.2 kB/s        0
 *       02:42:ac:13:00:03              web eth0                                           2s
 * ```
 */
export const BRIDGES: View<BridgeRow> = {
  id: 'bridges',
  title: 'bridges',
  aliases: ['bridge', 'br'],
  kinds: ['links', 'addrs', 'fdb'],
  inputs: ['deltas'],
  topic: 'link',
  empty: 'No bridge here. The port of one may be in another namespace: 0 shows all of them.',
  columns: () => COLUMNS,
  items: (facts) => facts.namespaces.flatMap((namespace) => bridgesOf(namespace, facts)),
  enter: bridgeTarget,
}

const COLUMNS: readonly Column<BridgeRow>[] = [
  { name: 'BRIDGE/PORT/MAC', align: 'left', text: ({ name }) => name, sort: ({ name }) => name },
  { name: 'STATE', align: 'left', text: ({ state }) => state, sort: ({ state }) => state },
  { name: 'BEHIND IT', align: 'left', text: ({ behind }) => behind, sort: ({ behind }) => behind },
  flagColumn('HAIRPIN', (port) => port.hairpin),
  flagColumn('ISOL', (port) => port.isolated),
  flagColumn('LEARN', (port) => port.learning),
  rateColumn('RX', (rate) => rate.rxBytesPerS),
  rateColumn('TX', (rate) => rate.txBytesPerS),
  {
    name: 'DROPS',
    align: 'right',
    text: ({ drops }) => (drops === undefined ? '' : formatCount(drops)),
    sort: ({ drops }) => drops ?? -1,
  },
  {
    name: 'AGE',
    align: 'right',
    text: ({ age }) => (age === undefined ? '' : formatAge(age)),
    sort: ({ age }) => age ?? -1,
  },
  { name: 'NOTE', align: 'left', text: ({ note }) => note, sort: ({ note }) => note },
]

function flagColumn(name: string, flag: (port: BridgePortInfo) => boolean): Column<BridgeRow> {
  const text = ({ port }: BridgeRow): string => formatSwitch(port === undefined ? undefined : flag(port))
  return { name, align: 'left', text, sort: text }
}

/** `1.2 kB/s`: a column that does not move when rates come and go. */
const RATE_WIDTH = 8

function rateColumn(name: string, bytesPerS: (rate: Rate) => number): Column<BridgeRow> {
  const value = ({ rate }: BridgeRow): number => (rate === undefined ? 0 : bytesPerS(rate))
  return { name, align: 'right', text: (row) => formatRate(value(row)).padStart(RATE_WIDTH), sort: value }
}

function bridgesOf(namespace: Namespace, facts: ViewFacts): readonly Item<BridgeRow>[] {
  const entries = groupByPort(namespace.fdb)
  const wiring = wiringOf(facts.snapshot)
  const prefix = facts.namespaces.length > 1 ? `${sanitise(nameOf(namespace))}: ` : ''
  return namespace.links
    .filter(({ kind }) => kind === 'bridge')
    .flatMap((bridge) => {
      const id = linkKey(namespace.inode, bridge.index)
      const open = !facts.folded.has(`bridge ${id}`)
      const heading = bridgeItem(namespace, bridge, { facts, open, prefix })
      if (!open) return [heading]
      const below = wiring
        .membersOf(namespace, bridge)
        .flatMap((port) => [
          portItem(namespace, port, { wiring, deltas: facts.deltas }),
          ...(entries.get(port.index) ?? []).map((entry) => entryItem(namespace, { port, entry }, wiring)),
        ])
      return [heading, ...below]
    })
}

/** Learnt and static entries; the port's own permanent address says nothing about who is behind it. */
function groupByPort(fdb: readonly FdbEntry[]): ReadonlyMap<number, readonly FdbEntry[]> {
  const groups = new Map<number, FdbEntry[]>()
  for (const entry of fdb) {
    const isOwn = entry.states.includes('permanent') && entry.destination === undefined
    if (!isOwn) groups.set(entry.link, [...(groups.get(entry.link) ?? []), entry])
  }
  return groups
}

interface BridgeFacts {
  readonly facts: ViewFacts
  readonly open: boolean
  readonly prefix: string
}

function bridgeItem(namespace: Namespace, bridge: Link, { facts, open, prefix }: BridgeFacts): Item<BridgeRow> {
  const id = linkKey(namespace.inode, bridge.index)
  const network = facts.snapshot.networks.find((each) => each.bridge === bridge.name)
  const addresses = namespace.addresses.filter(({ link }) => link === bridge.index).map(({ address }) => address)
  const row: BridgeRow = {
    name: prefix + sanitise(bridge.name) + (network === undefined ? '' : ` (${sanitise(network.name)})`),
    state: bridge.flags.includes('UP') ? 'up' : 'down',
    behind: addresses.find((address) => !address.startsWith('fe80:')) ?? '',
    ...rateOf(facts.deltas, id),
    drops: bridge.counters.rxDropped + bridge.counters.txDropped,
    note: bridgeNote(bridge, namespace),
    link: bridge,
  }
  return { id, namespace: namespace.inode, row, object: bridge, depth: 0, open, health: linkHealth(bridge, namespace) }
}

function bridgeNote({ bridge, madeBy }: Link, { sysctls }: Namespace): string {
  if (bridge === undefined) return ''
  const hostWide = sysctls['net.bridge.bridge-nf-call-iptables']
  const filtered = bridge.nfCallIptables === true || hostWide === '1'
  const isKnown = bridge.nfCallIptables !== undefined || hostWide !== undefined
  return [
    `stp ${formatSwitch(bridge.stp)}`,
    `vlan ${formatSwitch(bridge.vlanFiltering)}`,
    isKnown ? `nf-call-iptables ${formatSwitch(filtered)}` : '',
    madeBy === undefined ? '' : `made by ${sanitise(madeBy)}`,
  ]
    .filter((part) => part !== '')
    .join(' · ')
}

interface PortFacts {
  readonly wiring: Wiring
  readonly deltas: Deltas
}

function portItem(namespace: Namespace, link: Link, { wiring, deltas }: PortFacts): Item<BridgeRow> {
  const id = linkKey(namespace.inode, link.index)
  const peer = wiring.peerOf(link)
  const row: BridgeRow = {
    name: sanitise(link.name),
    state: link.port?.state ?? link.operstate.toLowerCase(),
    behind: peer === undefined ? behindNothing(link) : shownPlace(peer),
    ...(link.port === undefined ? {} : { port: link.port }),
    ...rateOf(deltas, id),
    drops: link.counters.rxDropped + link.counters.txDropped,
    note: link.kind === 'vxlan' ? `vni ${link.vxlan?.vni ?? '?'}` : '',
    link,
  }
  return { id, namespace: namespace.inode, row, object: link, depth: 1, health: portHealth(link, namespace) }
}

function behindNothing({ kind, peer }: Link): string {
  if (kind === 'veth') return peer === undefined ? 'peer hidden' : `link ${peer.index}, namespace hidden`
  return kind
}

function portHealth(link: Link, namespace: Namespace): Health {
  const { state } = link.port ?? {}
  if (state === undefined || state === 'forwarding') return linkHealth(link, namespace)
  return { mark: '▲', reasons: [`${link.name} is ${state}: it passes no frame`] }
}

interface Learnt {
  readonly port: Link
  readonly entry: FdbEntry
}

function entryItem(namespace: Namespace, { port, entry }: Learnt, wiring: Wiring): Item<BridgeRow> {
  const [who] = wiring.whoHasMac(entry.mac)
  const row: BridgeRow = {
    name: entry.mac,
    state: entry.states.includes('static') ? 'static' : 'learnt',
    behind: who === undefined ? '' : shownPlace(who),
    ...(entry.updatedS === undefined ? {} : { age: entry.updatedS }),
    note: [
      entry.vlan === undefined ? '' : `vlan ${entry.vlan}`,
      entry.destination === undefined ? '' : `at ${entry.destination}`,
    ]
      .join(' ')
      .trim(),
    link: port,
    entry,
  }
  const id = `${linkKey(namespace.inode, port.index)}/${entry.mac}/${entry.vlan ?? ''}/${entry.destination ?? ''}`
  return { id, namespace: namespace.inode, row, object: entry, depth: 2, topic: 'fdb' }
}

function rateOf(deltas: Deltas, id: string): { readonly rate?: Rate } {
  const rate = deltas.links.get(id)
  return rate === undefined ? {} : { rate }
}

/** A port leads to the namespace behind it, a MAC to who has it. */
function bridgeTarget(item: Item<BridgeRow>, { snapshot }: ViewFacts): Target | undefined {
  const { link, entry } = item.row
  if (item.open !== undefined)
    return { kind: 'fold', id: `bridge ${item.id}`, label: item.open ? 'fold its ports' : 'unfold its ports' }
  if (entry !== undefined) return toMac(wiringOf(snapshot), entry.mac)
  const peer = wiringOf(snapshot).peerOf(link)
  return peer === undefined ? undefined : toLink(peer, 'behind this port')
}
