import type * as kernel from 'netlink-ts'
import { dumpAddresses, dumpFdb, dumpNeighbours, dumpRoutes, dumpRules, NETLINK } from 'netlink-ts'
import type { DiscoveredNamespace } from '../kernel/namespaces.ts'
import { readResolvConf } from '../kernel/resolv-conf.ts'
import type { SocketProcess } from '../kernel/socket-processes.ts'
import { readSoftnet } from '../kernel/softnet.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import type { Kind, Namespace, NamespaceIdentity } from '../model/snapshot.ts'
import { readConntrackUse } from './conntrack.ts'
import { readIpSets } from './ipsets.ts'
import { readIpvs } from './ipvs.ts'
import { readQdiscs } from './qdiscs.ts'
import { toAddress, toFdbEntry, toNeighbour, toRoute, toRule } from './rows.ts'
import type { NamespaceSession } from './session.ts'
import { readSockets } from './sockets.ts'
import { readXfrm } from './xfrm.ts'

export type Tables = Omit<Namespace, keyof NamespaceIdentity>

/** Tables of a namespace of which nothing was read. */
export const NO_TABLES: Tables = {
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  neighbours: [],
  fdb: [],
  firewall: [],
  chains: [],
  ipsets: [],
  ipvs: [],
  conntrack: { count: 0, max: 0 },
  sockets: [],
  xfrm: { states: [], policies: [] },
  qdiscs: [],
  sysctls: {},
}

/** What several namespaces of one reading share, found out when the first needs it. */
export interface Shared {
  readonly socketProcesses: () => ReadonlyMap<number, readonly SocketProcess[]>
}

type Reader = (
  session: NamespaceSession,
  identity: Pick<DiscoveredNamespace, 'names' | 'pids' | 'host'>,
  shared: Shared,
) => Partial<Tables>

function route(session: NamespaceSession) {
  return session.socket(NETLINK.ROUTE)
}

const toAddresses = (addresses: readonly kernel.Address[]) => addresses.map(toAddress)
const toRoutes = (routes: readonly kernel.Route[]) => routes.map(toRoute).filter((row) => row !== undefined)
const toRules = (rules: readonly kernel.Rule[]) => rules.map(toRule)
const toNeighbours = (neighbours: readonly kernel.Neighbour[]) => neighbours.map(toNeighbour)
const toProxied = (neighbours: readonly kernel.Neighbour[]) => neighbours.map(toNeighbour)
const toFdb = (entries: readonly kernel.FdbEntry[]) => entries.map(toFdbEntry)

/**
 * How each kind is read that one namespace's netlink sockets and files give at once. Links need all namespaces
 * (inspect/inspector.ts), rule text needs tools (kernel/firewall).
 */
export const READERS: Record<Exclude<Kind, 'links' | 'firewall'>, Reader> = {
  addrs: (session) => ({ addresses: session.rows(dumpAddresses(route(session)), toAddresses) }),
  routes: (session) => ({ routes: session.rows(dumpRoutes(route(session)), toRoutes) }),
  rules: (session) => ({ rules: session.rows(dumpRules(route(session)), toRules) }),
  neigh: (session) => {
    const neighbours = session.rows(dumpNeighbours(route(session)), toNeighbours)
    const proxied = session.rows(dumpNeighbours(route(session), { proxy: true }), toProxied)
    return { neighbours: proxied.length === 0 ? neighbours : [...neighbours, ...proxied] }
  },
  fdb: (session) => ({ fdb: session.rows(dumpFdb(route(session)), toFdb) }),
  ipset: (session) => ({ ipsets: readIpSets(session) }),
  ipvs: (session) => ({ ipvs: readIpvs(session) }),
  conntrack: (session) => ({ conntrack: readConntrackUse(session) }),
  sockets: (session, _identity, { socketProcesses }) => ({
    sockets: readSockets(session, (inode) => socketProcesses().get(inode)),
  }),
  xfrm: (session) => ({ xfrm: readXfrm(session) }),
  qdisc: (session, { host }) => {
    const softnet = host ? readSoftnet() : undefined
    return { qdiscs: readQdiscs(session), ...(softnet === undefined ? {} : { softnet }) }
  },
  sysctl: (session) => ({ sysctls: session.inside(readSysctls) }),
  dns: (_session, { names, pids }) => {
    const dns = readResolvConf(names, pids)
    return dns ? { dns } : {}
  },
}
