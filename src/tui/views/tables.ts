import type { Address, FdbEntry, Link, Neighbour, PolicyRule, Route } from '../../model/snapshot.ts'
import { type Row, textColumn } from '../../report/columns.ts'
import { ADDRS } from '../../report/tables/addrs.ts'
import { FDB } from '../../report/tables/fdb.ts'
import { addressesOf, LINKS } from '../../report/tables/links.ts'
import { NEIGH } from '../../report/tables/neigh.ts'
import { ROUTES } from '../../report/tables/routes.ts'
import { RULES } from '../../report/tables/rules.ts'
import { VETH, type VethRow } from '../../report/tables/veth.ts'
import { linkHealth } from '../doctor/health.ts'
import { linkId, toAddress, toLink, toMac, toOwnLink } from './jumps.ts'
import { tableView } from './table-view.ts'
import type { Item, Target, ViewFacts } from './view.ts'

const ADDRESS = textColumn<Row<Link>>('ADDRESS', mainAddress)

/** Enter: the other end of a veth, the link below, the ports of a bridge. */
export const LINKS_VIEW = tableView<Row<Link>>({
  id: 'links',
  aliases: ['link', 'l'],
  table: { ...LINKS, columns: LINKS.columns.map((column) => (column.name === 'ADDRESS' ? ADDRESS : column)) },
  topic: 'link',
  empty: 'No link here.',
  enter: linkTarget,
  decorate: quickHealth,
})

/** What the link alone says, until the examination has found more. */
function quickHealth({ object, namespace }: Row<Link>, { doctor }: ViewFacts): Pick<Item, 'health'> {
  return doctor.asked.answer === undefined ? { health: linkHealth(object, namespace) } : {}
}

/** The address that people know a link by, and how many more there are. */
function mainAddress(row: Row<Link>): string {
  const [first = '', ...more] = addressesOf(row)
  return more.length === 0 ? first : `${first} +${more.length}`
}

function linkTarget({ object, namespace, wiring }: Row<Link>): Target | undefined {
  const peer = wiring.peerOf(object)
  if (peer !== undefined) return toLink(peer, 'the other end')
  const parent = wiring.parentOf(object)
  if (parent !== undefined) return toLink(parent, 'below it')
  if (object.kind !== 'bridge') return undefined
  const row = linkId({ namespace, link: object })
  return { kind: 'place', place: { scope: namespace.inode, view: 'bridges', row }, label: 'to its ports' }
}

/** Enter: the other end. */
export const VETH_VIEW = tableView<VethRow>({
  id: 'veth',
  aliases: ['veths', 'pairs'],
  table: VETH,
  topic: 'link',
  empty: 'No veth pair has an end here.',
  enter: ({ peer }) => (peer === undefined ? undefined : toLink(peer, 'the other end')),
  decorate: quickHealth,
})

/** Enter: the container that has the MAC, or the port it is behind. */
export const FDB_VIEW = tableView<Row<FdbEntry>>({
  id: 'fdb',
  aliases: ['macs'],
  table: FDB,
  topic: 'fdb',
  empty: 'No FDB entry here: only bridges and vxlan devices have a forwarding database.',
  enter: ({ object, namespace, wiring }) =>
    toMac(wiring, object.mac) ?? toOwnLink({ namespace, wiring }, object.link) ?? toAddress(wiring, object.destination),
})

/** Enter: the link that has the address. */
export const ADDRS_VIEW = tableView<Row<Address>>({
  id: 'addrs',
  aliases: ['addr', 'addresses', 'a'],
  table: ADDRS,
  topic: 'address',
  empty: 'No address here.',
  enter: (row) => toOwnLink(row, row.object.link),
})

/** Enter: who has the gateway, else the link the packet leaves by. */
export const ROUTES_VIEW = tableView<Row<Route>>({
  id: 'routes',
  aliases: ['route', 'r'],
  table: ROUTES,
  topic: 'route',
  empty: 'No route here: packets to anywhere else are refused (network is unreachable).',
  enter: (row) => toAddress(row.wiring, row.object.gateway) ?? toOwnLink(row, row.object.link),
})

export const RULES_VIEW = tableView<Row<PolicyRule>>({
  id: 'rules',
  aliases: ['rule'],
  table: RULES,
  topic: 'policy rule',
  empty: 'No policy rule here: not even the three that every namespace begins with.',
  enter: ({ namespace }) => ({
    kind: 'place',
    place: { scope: namespace.inode, view: 'routes' },
    label: 'to the routes',
  }),
})

/** Enter: who has the MAC, else who has the address. */
export const NEIGH_VIEW = tableView<Row<Neighbour>>({
  id: 'neigh',
  aliases: ['neighbours', 'neighbors', 'arp', 'nd'],
  table: NEIGH,
  topic: 'neighbour',
  empty: 'No neighbour here: nothing has been asked for by ARP or ND.',
  enter: ({ object, wiring }) => toMac(wiring, object.mac) ?? toAddress(wiring, object.address),
  decorate: ({ object }) =>
    object.states.includes('FAILED') || object.states.includes('INCOMPLETE')
      ? { health: { mark: '▲', reasons: [`nobody answers for ${object.address}`] } }
      : {},
})
