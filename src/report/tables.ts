import { TsnetError } from '../errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { type Row, SHOW_KINDS, type ShowKind, type Table } from './columns.ts'
import { ADDRS } from './tables/addrs.ts'
import { BRIDGES } from './tables/bridges.ts'
import { CONNTRACK } from './tables/conntrack.ts'
import { DNS } from './tables/dns.ts'
import { FDB } from './tables/fdb.ts'
import { IPTABLES, NFT } from './tables/firewall.ts'
import { IPSET } from './tables/ipset.ts'
import { IPVS } from './tables/ipvs.ts'
import { LINKS } from './tables/links.ts'
import { NEIGH } from './tables/neigh.ts'
import { NS } from './tables/ns.ts'
import { QDISC } from './tables/qdisc.ts'
import { ROUTES } from './tables/routes.ts'
import { RULES } from './tables/rules.ts'
import { SOCKETS } from './tables/sockets.ts'
import { SYSCTL } from './tables/sysctl.ts'
import { VETH } from './tables/veth.ts'
import { XFRM } from './tables/xfrm.ts'

/** Every table there is, by its kind. */
export const TABLES = {
  ns: NS,
  links: LINKS,
  bridges: BRIDGES,
  veth: VETH,
  fdb: FDB,
  addrs: ADDRS,
  routes: ROUTES,
  rules: RULES,
  neigh: NEIGH,
  iptables: IPTABLES,
  nft: NFT,
  ipset: IPSET,
  ipvs: IPVS,
  conntrack: CONNTRACK,
  sockets: SOCKETS,
  xfrm: XFRM,
  qdisc: QDISC,
  sysctl: SYSCTL,
  dns: DNS,
} as const

/**
 * The table of a kind, for code that shows any.
 * @throws TsnetError `usage` with the nearest names
 */
export function tableFor(kind: string): Table {
  const known = SHOW_KINDS.find((one): one is ShowKind => one === kind)
  if (known === undefined) {
    throw new TsnetError('usage', `show ${kind}: no such kind${didYouMean(kind, SHOW_KINDS)}`, {
      hint: `Kinds: ${SHOW_KINDS.join(' ')}`,
    })
  }
  return anyTable(known)
}

/** Each table makes the rows that its own columns read, so it may stand for a table of any rows. */
export function anyTable(kind: ShowKind | 'ns'): Table {
  return TABLES[kind] as unknown as Table<Row>
}
