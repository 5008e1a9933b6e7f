import {
  type Address,
  addAddress,
  addBridgeVlan,
  addRoute,
  addRule,
  appendFdbEntry,
  type BridgeVlan,
  deleteAddress,
  deleteBridgeVlan,
  deleteFdbEntry,
  deleteNeighbour,
  deleteRoute,
  deleteRule,
  dumpAddresses,
  dumpBridgeVlans,
  dumpFdb,
  dumpNeighbours,
  dumpRoutes,
  dumpRules,
  type FdbEntry,
  type Neighbour,
  type NetlinkSocket,
  NUD,
  type Request,
  type Route,
  type Rule,
  replaceNeighbour,
} from 'netlink-ts'

/** A kind of entry that is kept: what of it is anybody's doing, and how one is made and taken away. */
export interface KeptTable<T> {
  readonly read: (socket: NetlinkSocket) => readonly T[]
  readonly add: (entry: T) => Request
  readonly remove: (entry: T) => Request
}

/** RFC 4291: what the kernel gives each link by itself. */
const LINK_LOCAL = /^fe[89ab]/
/** linux/if_addr.h: what somebody asked for, unlike tentative, secondary and the like. */
const IFA_WISHES = 0x02 | 0x200
/** linux/rtnetlink.h */
const RTNH_F_ONLINK = 4
const TABLE_LOCAL = 255

const ADDRESSES: KeptTable<Address> = {
  read: (socket) =>
    dumpAddresses(socket)
      .filter(({ address }) => !LINK_LOCAL.test(address))
      .map(({ protocol: _, flagNames: _names, ...entry }) => ({
        ...entry,
        protocol: undefined,
        flagNames: [],
        flags: entry.flags & IFA_WISHES,
      })),
  add: (entry) => addAddress(entry),
  remove: (entry) => deleteAddress(entry),
}

/** Of IPv6 the kernel makes its own routes when a link comes up, a while later. */
const ROUTES: KeptTable<Route> = {
  read: (socket) =>
    dumpRoutes(socket)
      .filter(
        ({ table, cached, family, protocol }) =>
          !cached && table !== TABLE_LOCAL && family !== 'mpls' && !(family === 6 && protocol === 'kernel'),
      )
      .map((route) => ({ ...route, flags: route.flags & RTNH_F_ONLINK, flagNames: [], expiresS: undefined }))
      // the way to a gateway comes before what leads over it
      .toSorted((a, b) => Number(a.gateway !== undefined) - Number(b.gateway !== undefined)),
  add: (entry) => addRoute(entry),
  remove: (entry) => deleteRoute(entry),
}

const RULES: KeptTable<Rule> = {
  read: (socket) =>
    dumpRules(socket).map((rule) => ({
      ...rule,
      inputDetached: false,
      outputDetached: false,
      unresolved: false,
      flags: 0,
    })),
  add: (entry) => addRule(entry),
  remove: (entry) => deleteRule(entry),
}

const NEIGHBOURS: KeptTable<Neighbour> = {
  read: (socket) =>
    [...dumpNeighbours(socket), ...dumpNeighbours(socket, { proxy: true })]
      .filter(({ state, proxy }) => proxy || (state & NUD.PERMANENT) !== 0)
      .map((entry) => ({
        ...entry,
        usedS: undefined,
        confirmedS: undefined,
        updatedS: undefined,
        references: undefined,
        probes: undefined,
      })),
  add: (entry) => replaceNeighbour(entry),
  remove: (entry) => deleteNeighbour(entry),
}

const FDB: KeptTable<FdbEntry> = {
  read: (socket) =>
    dumpFdb(socket)
      .filter(({ state, mac }) => (state & (NUD.PERMANENT | NUD.NOARP)) !== 0 && !isMulticast(mac))
      .map((entry) => ({ ...entry, usedS: undefined, updatedS: undefined })),
  // of the MAC of zeros there is one entry a destination
  add: (entry) => appendFdbEntry(entry),
  remove: (entry) => deleteFdbEntry(entry),
}

/** The kernel keeps those of a device in step with the groups that it listens to. */
function isMulticast(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) !== 0
}

const VLANS: KeptTable<BridgeVlan> = {
  read: (socket) => dumpBridgeVlans(socket),
  add: (entry) => addBridgeVlan(entry),
  remove: (entry) => deleteBridgeVlan(entry),
}

/** In the order in which they are put back: a route needs its address, an entry its VLAN. */
export const KEPT_TABLES = {
  addresses: ADDRESSES,
  rules: RULES,
  routes: ROUTES,
  neighbours: NEIGHBOURS,
  vlans: VLANS,
  fdb: FDB,
} as const
export type KeptTableName = keyof typeof KEPT_TABLES

/** An entry of any table, as JSON: two are the same when their texts are. */
export type KeptEntry = Readonly<Record<string, unknown>>
