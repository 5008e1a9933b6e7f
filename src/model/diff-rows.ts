import type { EndpointReference, Kind, Link, Namespace, Route } from './snapshot.ts'

/** A row of a table with what tells it from others, and the fields that matter when it is compared. */
export interface Row {
  readonly key: string
  readonly fields: Fields
}

export type Fields = Readonly<Record<string, unknown>>

/** What is needed to say names instead of numbers that are given anew at every start. */
export interface Names {
  link(index: number | undefined): string | undefined
  reference(reference: EndpointReference | undefined): string | undefined
  namespace(inode: number | undefined): string | undefined
}

type RowsOf = (namespace: Namespace, names: Names) => Row[]

/** Tables without an order of their own, by kind. Counters, ages, queues, handles and indexes are left out. */
export const ROWS: { readonly [kind in Exclude<Kind, 'firewall'>]: RowsOf } = {
  links: ({ links }, names) => links.map((link) => ({ key: link.name, fields: linkFields(link, names) })),
  addrs: ({ addresses }, names) =>
    addresses.map(({ link, address, validS: _, preferredS: __, ...fields }) => ({
      key: `${address} dev ${names.link(link)}`,
      fields,
    })),
  routes: ({ routes }, names) => routes.map((route) => routeRow(route, names)),
  rules: ({ rules }) =>
    rules.map(({ action, table, goto, ...selector }) => ({ key: describe(selector), fields: { action, table, goto } })),
  neigh: ({ neighbours }, names) =>
    neighbours.map(({ link, address, states, ...fields }) => ({
      key: `${address} dev ${names.link(link)}${fields.proxy === true ? ' proxy' : ''}`,
      fields: { ...fields, states: settled(states) },
    })),
  fdb: ({ fdb }, names) =>
    fdb.map(({ link, mac, vlan, destination, vni, master, usedS: _, updatedS: __, states, ...fields }) => ({
      key: describe({ mac, dev: names.link(link), vlan, destination, vni, master: names.link(master) }),
      fields: { ...fields, states: settled(states) },
    })),
  ipset: ({ ipsets }) =>
    ipsets.map(({ name, references: _, members, ...fields }) => ({
      key: name,
      fields: { ...fields, members: members.map(withoutAges).toSorted() },
    })),
  ipvs: ipvsRows,
  conntrack: ({ conntrack }) => [{ key: 'max', fields: { max: conntrack.max } }],
  sockets: ({ sockets }, names) =>
    sockets
      // connections are traffic and come and go; what listens is configuration
      .filter(({ state }) => state === 'LISTEN' || state === 'UNCONN')
      .map(({ protocol, family, local, localPort, link, v6only, uid, processes }) => ({
        key: describe({ protocol, family, local, localPort, dev: names.link(link) }),
        fields: { v6only, uid, processes: processes?.map(({ command }) => command).toSorted() },
      })),
  xfrm: xfrmRows,
  qdisc: ({ qdiscs }, names) =>
    qdiscs.map(({ link, parent, kind, handle }) => ({
      key: `dev ${names.link(link)} ${parent}`,
      fields: { kind, handle: isGivenHandle(handle) ? handle : undefined },
    })),
  sysctl: ({ sysctls }) => Object.entries(sysctls).map(([key, value]) => ({ key, fields: { value } })),
  dns: ({ dns }) =>
    dns === undefined ? [] : [{ key: dns.path.replace(/\d+$/, 'N'), fields: { ...dns, path: undefined } }],
}

function linkFields(link: Link, names: Names): Fields {
  const { index: _, name: __, counters: ___, netnsid: ____, madeBy: _____, ...rest } = link
  return {
    ...rest,
    flags: link.flags.toSorted(),
    master: names.link(link.master),
    peer: names.reference(link.peer),
    parent: names.reference(link.parent),
    ...(link.vxlan && { vxlan: { ...link.vxlan, underlay: names.namespace(link.vxlan.underlay) } }),
    ...(link.port && { port: { ...link.port, number: undefined } }),
    ...(link.bond && { bond: { ...link.bond, activeSlave: names.link(link.bond.activeSlave) } }),
  }
}

function routeRow(
  { table, family, destination, from, tos, metric, link, nexthops, ...fields }: Route,
  names: Names,
): Row {
  const key = describe({
    destination: destination === 'default' ? `default (IPv${family})` : destination,
    from,
    table,
    tos,
    metric,
    type: fields.type === 'unicast' ? undefined : fields.type,
    // IPv6 keeps the next hops of one destination as routes of their own
    dev: family === 6 || fields.type === 'broadcast' || fields.type === 'multicast' ? names.link(link) : undefined,
  })
  const hops = nexthops?.map((hop) => ({ ...hop, link: names.link(hop.link) }))
  return { key, fields: { ...fields, dev: names.link(link), nexthops: hops } }
}

function ipvsRows({ ipvs }: Namespace): Row[] {
  return ipvs.flatMap((service) => {
    const { protocol, family, address, port, fwmark, scheduler, flags, persistentS } = service
    const key = fwmark === undefined ? `${protocol} ${address}:${port}` : `fwmark ${fwmark} IPv${family}`
    const destinations = service.destinations.map(({ address: to, port: toPort, weight, forward }) => ({
      key: `${key} -> ${to}:${toPort}`,
      fields: { weight, forward },
    }))
    return [{ key, fields: { scheduler, flags, persistentS } }, ...destinations]
  })
}

function xfrmRows({ xfrm }: Namespace): Row[] {
  const states = xfrm.states.map(({ source, destination, protocol, spi, packets: _, bytes: __, ...fields }) => ({
    key: `state ${source} -> ${destination} ${protocol} spi 0x${spi.toString(16)}`,
    fields,
  }))
  const policies = xfrm.policies.map(({ templates, action, priority, ...selector }) => ({
    key: `policy ${describe(selector)}`,
    fields: { action, priority, templates },
  }))
  return [...states, ...policies]
}

/** `from 10.0.0.0/8 table 100`, without what is absent. */
function describe(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => (PLAIN_KEYS.has(name) ? String(value) : `${name} ${value}`))
    .join(' ')
}

/** Fields whose value says by itself what it is. */
const PLAIN_KEYS: ReadonlySet<string> = new Set(['destination', 'type', 'mac', 'protocol', 'local', 'direction'])

/** Reachability goes round by itself; what differs is whether an entry is known, fixed, failed. */
const PASSING: ReadonlySet<string> = new Set([
  'REACHABLE',
  'STALE',
  'DELAY',
  'PROBE',
  'reachable',
  'stale',
  'delay',
  'probe',
])
const FAILING: ReadonlySet<string> = new Set(['INCOMPLETE', 'FAILED'])

function settled(states: readonly string[]): string[] {
  const lasting = states.filter((state) => !PASSING.has(state)).map((state) => (FAILING.has(state) ? 'FAILED' : state))
  return lasting.toSorted()
}

/** `10.0.0.1 timeout 42 packets 3 bytes 180` → `10.0.0.1`. */
function withoutAges(member: string): string {
  return member.replace(/ (?:timeout|packets|bytes) \d+/g, '')
}

/** The kernel hands out handles from 8001: on; lower ones were chosen. */
function isGivenHandle(handle: string): boolean {
  return Number.parseInt(handle, 16) < 0x8000
}
