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

/**
 * How each kind is read that one namespace's netlink sockets and files give at once. Links need all namespaces
 * (inspect/inspector.ts), rule text needs tools (kernel/firewall).
 */
export const READERS: Record<Exclude<Kind, 'links' | 'firewall'>, Reader> = {
  addrs: (session) => ({ addresses: dumpAddresses(route(session)).map(toAddress) }),
  routes: (session) => ({
    routes: dumpRoutes(route(session))
      .map(toRoute)
      .filter((row) => row !== undefined),
  }),
  rules: (session) => ({ rules: dumpRules(route(session)).map(toRule) }),
  neigh: (session) => ({
    neighbours: [...dumpNeighbours(route(session)), ...dumpNeighbours(route(session), { proxy: true })].map(
      toNeighbour,
    ),
  }),
  fdb: (session) => ({ fdb: dumpFdb(route(session)).map(toFdbEntry) }),
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
