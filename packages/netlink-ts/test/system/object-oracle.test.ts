import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Address, dumpAddresses } from '../../src/route/address.ts'
import { dumpBridgeVlans } from '../../src/route/bridge-vlan.ts'
import { dumpFdb, type FdbEntry } from '../../src/route/fdb.ts'
import { dumpLinks } from '../../src/route/link.ts'
import { dumpMdb } from '../../src/route/mdb.ts'
import { dumpNeighbours, type Neighbour } from '../../src/route/neighbour.ts'
import { dumpRoutes, type Route } from '../../src/route/route.ts'
import { dumpRules, type Rule } from '../../src/route/rule.ts'
import type { NetlinkSocket } from '../../src/socket.ts'
import { type Row, type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let here: TestNamespace
let socket: NetlinkSocket
let names: Map<number, string>

const LINES = [
  'link set lo up',
  'link add br0 type bridge',
  'link add p0 type veth peer name p1',
  'link set p0 master br0 up',
  'link set p1 up',
  'link set br0 up',
  'link add vx0 type vxlan id 5 dstport 4789 local 10.0.0.1 nolearning',
  'link set vx0 up',
  'addr add 10.0.0.1/24 brd + dev br0 label br0:x',
  'addr add 10.0.0.5/24 dev br0',
  'addr add 192.168.7.1 peer 192.168.7.2/32 dev br0 metric 9',
  'addr add 10.9.0.1/24 dev lo scope host noprefixroute',
  'addr add fd00::1/64 dev br0 nodad',
  'addr add fd00::99/64 dev br0 nodad home mngtmpaddr',
  'addr add fd00::98/64 dev br0 nodad valid_lft 3000 preferred_lft 0',
  'route add 10.1.0.0/16 via 10.0.0.2 tos 0x10',
  'route add default via 10.0.0.254 metric 100 proto dhcp src 10.0.0.5 mtu 1400 advmss 1360',
  'route add 10.2.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3 weight 5',
  'route add blackhole 10.3.0.0/16',
  'route add unreachable 10.4.0.0/16 table 200',
  'route add prohibit 10.5.0.0/16 metric 7',
  'route add throw 10.6.0.0/16 table 2000',
  'route add 10.11.0.0/16 via inet6 fd00::2 dev br0',
  'route add 10.12.0.0/16 via 1.2.3.4 dev br0 onlink proto static',
  'route add fd01::/64 via fd00::2 pref high',
  'route add default via fd00::fe metric 1024',
  'route add fd02::/64 nexthop via fd00::2 nexthop via fd00::3 weight 4',
  'route add unreachable fd05::/64 table 300',
  'rule add from 10.1.0.0/16 to 10.2.0.0/16 iif br0 fwmark 0x10/0xff table 200 pref 100',
  'rule add not from 10.9.0.0/24 oif nosuch lookup main pref 101',
  'rule add pref 102 goto 32766',
  'rule add pref 103 blackhole ipproto tcp sport 100-200 dport 443',
  'rule add pref 104 uidrange 1000-2000 prohibit',
  'rule add pref 105 lookup main suppress_prefixlength 0 suppress_ifgroup 9',
  'rule add pref 106 l3mdev',
  'rule add pref 108 tos 0x10 lookup 1000 protocol static',
  '-6 rule add pref 107 from fd00::/8 unreachable',
  'neigh add 10.0.0.2 lladdr 02:00:00:00:01:02 dev br0',
  'neigh add 10.0.0.3 lladdr 02:00:00:00:01:03 nud stale dev br0',
  'neigh add 10.0.0.4 lladdr 02:00:00:00:01:05 extern_learn dev br0',
  'neigh add fd00::2 lladdr 02:00:00:00:01:04 nud noarp router dev br0',
  'neigh add proxy 10.0.0.77 dev br0',
  'neigh add proxy fd00::77 dev br0',
]
const BRIDGE_LINES = [
  'bridge fdb add 02:00:00:00:02:01 dev vx0 dst 10.0.0.9 self permanent',
  'bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.9',
  'bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.10 port 1234 vni 99 via br0',
  'bridge fdb add 02:00:00:00:02:02 dev p0 master static',
  'bridge fdb add 02:00:00:00:02:03 dev p0 master dynamic',
  'bridge fdb add 02:00:00:00:02:04 dev p0 master dynamic extern_learn',
  'bridge fdb add 02:00:00:00:02:05 dev p0 master static sticky',
  'bridge mdb add dev br0 port p0 grp 239.5.5.5 permanent',
  'bridge mdb add dev br0 port p0 grp ff15::5 permanent',
]

beforeAll(() => {
  here = testNamespace()
  socket = here.socket()
  for (const line of LINES) here.ip(line)
  for (const line of BRIDGE_LINES) here.run(line)
  names = new Map(dumpLinks(socket).map(({ index, name }) => [index, name]))
})
afterAll(() => here.remove())

/** The properties of every object by name. */
function inOrder(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Compares two reads of things that move (timers, states): until they agree, at most 20 times. */
function agree(ours: () => readonly Row[], shown: () => readonly Row[]): void {
  const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row, inOrder)).sort()
  for (let attempt = 0; attempt < 19; attempt++) {
    if (JSON.stringify(sorted(ours())) === JSON.stringify(sorted(shown()))) break
  }
  const rows = ours()
  expect(sorted(rows)).toEqual(sorted(shown()))
  expect(rows.length).toBeGreaterThan(0)
}

/** Without the properties that are undefined. */
const plain = (row: Row): Row => JSON.parse(JSON.stringify(row))
const device = (index: number | undefined) => (index === undefined ? undefined : names.get(index))

function address(own: Address): Row {
  const flags = own.flagNames.filter((flag) => flag !== 'permanent')
  return plain({
    dev: device(own.index),
    local: own.address,
    address: own.peer,
    prefixlen: own.prefixLength,
    scope: own.scope,
    broadcast: own.broadcast,
    label: own.label,
    metric: own.metric,
    ...Object.fromEntries(flags.map((flag) => [flag, true])),
    dynamic: own.flagNames.includes('permanent') ? undefined : true,
    lasts: own.validS === undefined ? 'forever' : 'a while',
  })
}

test('addresses are those of ip addr', () => {
  agree(
    () => dumpAddresses(socket).map(address),
    () =>
      here.json('-d addr show').flatMap((link) =>
        link['addr_info'].map(({ family, valid_life_time, preferred_life_time, deprecated, protocol, ...row }: Row) =>
          plain({
            dev: link['ifname'],
            ...row,
            ...(deprecated ? { deprecated } : {}),
            lasts: valid_life_time === 0xffff_ffff ? 'forever' : 'a while',
          }),
        ),
      ),
  )
})

const TABLES = new Map([
  [253, 'default'],
  [254, 'main'],
  [255, 'local'],
])

const tableName = (table: number) => TABLES.get(table) ?? String(table)

/** `10.0.0.1/32` → `10.0.0.1`, as ip prints a host. */
function host(prefix: string, family: number): string {
  return prefix.replace(family === 4 ? /\/32$/ : /\/128$/, '')
}

function gateway(way: { readonly gateway: string | undefined }, family: 4 | 6): Row {
  if (way.gateway === undefined) return {}
  const isOther = way.gateway.includes(':') !== (family === 6)
  return isOther ? { via: { family: 'inet6', host: way.gateway } } : { gateway: way.gateway }
}

function route(own: Route): Row {
  const family = own.family as 4 | 6
  return plain({
    type: own.type,
    dst: host(own.destination, family),
    dev: device(own.index),
    ...gateway(own, family),
    table: tableName(own.table),
    protocol: own.protocol,
    scope: own.scope,
    tos: own.tos === 0 ? undefined : `0x${own.tos.toString(16)}`,
    prefsrc: own.source,
    metric: own.metric,
    pref: own.preference,
    flags: own.flagNames,
    mtu: own.metrics?.mtu,
    advmss: own.metrics?.advertisedMss,
    nexthops: own.nexthops?.map((way) =>
      plain({ dev: device(way.index), weight: way.weight, flags: way.flagNames, ...gateway(way, family) }),
    ),
  })
}

test('routes of all tables and both families are those of ip route', () => {
  agree(
    () => dumpRoutes(socket).map(route),
    () =>
      [...here.json('-d -4 route show table all'), ...here.json('-d -6 route show table all')].map(
        ({ metrics, expires, ...row }) => plain({ ...row, mtu: metrics?.[0]?.mtu, advmss: metrics?.[0]?.advmss }),
      ),
  )
})

test('the kernel filters routes by table, link and family', () => {
  const destinations = (options: Parameters<typeof dumpRoutes>[1]) =>
    dumpRoutes(socket, options).map(({ destination }) => destination)
  expect(destinations({ table: 200 })).toEqual(['10.4.0.0/16'])
  expect(destinations({ table: 300 })).toEqual(['fd05::/64'])
  expect(destinations({ table: 4711 })).toEqual([])
  const lo = [...names].find(([, name]) => name === 'lo')?.[0] as number
  expect(dumpRoutes(socket, { index: lo, family: 4 }).every(({ index }) => index === lo)).toBe(true)
})

const hex = (value: number | undefined) => (value === undefined ? undefined : `0x${value.toString(16)}`)

/** Only there, without a value, when it is true. */
const flag = (value: boolean) => (value ? null : undefined)

function range(name: string, ports: readonly [number, number] | undefined): Row {
  if (!ports) return {}
  return ports[0] === ports[1] ? { [name]: ports[0] } : { [`${name}_start`]: ports[0], [`${name}_end`]: ports[1] }
}

function prefix(name: string, text: string | undefined): Row {
  if (text === undefined) return {}
  const [address, length] = text.split('/')
  return { [name]: address, ...(length === undefined ? {} : { [`${name}len`]: Number(length) }) }
}

function rule(own: Rule): Row {
  return plain({
    priority: own.priority,
    not: flag(own.not),
    ...prefix('src', own.from ?? 'all'),
    ...prefix('dst', own.to),
    iif: own.inputInterface,
    oif: own.outputInterface,
    iif_detached: flag(own.inputDetached),
    oif_detached: flag(own.outputDetached),
    fwmark: hex(own.fwmark),
    fwmask: own.fwmask === 0xffff_ffff ? undefined : hex(own.fwmask),
    tos: hex(own.tos),
    ipproto: own.ipProtocol === 6 ? 'tcp' : undefined,
    ...range('sport', own.sourcePorts),
    ...range('dport', own.destinationPorts),
    uid_start: own.uids?.[0],
    uid_end: own.uids?.[1],
    suppress_prefixlen: own.suppressPrefixLength,
    suppress_ifgroup: own.suppressGroup?.toString(),
    table: own.action === 'lookup' && own.table ? tableName(own.table) : undefined,
    l3mdev: flag(own.l3mdev),
    goto: own.goto,
    action: own.action === 'lookup' || own.action === 'goto' ? undefined : own.action,
    protocol: own.protocol,
  })
}

test('rules are those of ip rule, in their order', () => {
  agree(
    () => dumpRules(socket).map(rule),
    () => [...here.json('-d -4 rule show'), ...here.json('-d -6 rule show')].map(plain),
  )
  const priorities = dumpRules(socket, { family: 4 }).map(({ priority }) => priority)
  expect(priorities).toEqual(here.json('-4 rule show').map((row) => row['priority']))
})

function neighbour(own: Neighbour): Row {
  return plain({
    dst: own.address,
    dev: device(own.index),
    lladdr: own.mac,
    router: own.router ? null : undefined,
    extern_learn: own.externLearn ? null : undefined,
    proxy: own.proxy ? null : undefined,
    state: own.stateNames,
  })
}

test('neighbours and proxy entries are those of ip neigh', () => {
  const all = (more: string) => [...here.json(`-4 neigh show ${more}`), ...here.json(`-6 neigh show ${more}`)]
  agree(
    () => dumpNeighbours(socket).map(neighbour),
    () => all('nud all').map(plain),
  )
  const proxies = (rows: readonly Row[]) => rows.map(({ dst, dev }) => `${dst} ${dev}`).sort()
  expect(proxies(dumpNeighbours(socket, { proxy: true }).map(neighbour))).toEqual(proxies(all('proxy')))
})

function fdbEntry(own: FdbEntry): Row {
  return plain({
    mac: own.mac,
    ifname: device(own.index),
    vlan: own.vlan,
    dst: own.destination,
    port: own.port,
    vni: own.vni,
    src_vni: own.sourceVni,
    viaIf: device(own.viaIndex),
    master: device(own.master),
    flags: own.flagNames.filter((flag) => flag !== 'master'),
    state: own.stateName === 'reachable' ? '' : own.stateName,
  })
}

test('FDB entries of bridges and of devices are those of bridge fdb', () => {
  agree(
    () => dumpFdb(socket).map(fdbEntry),
    () => (JSON.parse(here.run('bridge -j -d fdb show')) as Row[]).map(({ ...row }) => plain(row)),
  )
  const port = [...names].find(([, name]) => name === 'p0')?.[0] as number
  expect(dumpFdb(socket, { index: port }).length).toBeGreaterThan(3)
  expect(new Set(dumpFdb(socket, { index: port }).map(({ index }) => index))).toEqual(new Set([port]))
})

test('multicast groups are those of bridge mdb', () => {
  const [{ mdb = [] } = {}] = JSON.parse(here.run('bridge -j -d mdb show')) as Row[]
  agree(
    () =>
      dumpMdb(socket)
        .flatMap(({ entries }) => entries)
        .map((entry) => ({
          dev: device(entry.bridge),
          port: device(entry.index),
          grp: entry.group,
          state: entry.permanent ? 'permanent' : 'temp',
        })),
    () => mdb.map(({ dev, port, grp, state }: Row) => ({ dev, port, grp, state })),
  )
})

test('the VLANs of bridge ports are those of bridge vlan', () => {
  const shown = JSON.parse(here.run('bridge -j -compressvlans vlan show') || '[]') as Row[]
  const rows = shown.flatMap(({ ifname, vlans = [] }) =>
    vlans.map(({ vlan, vlanEnd = vlan }: Row) => [ifname, vlan, vlanEnd]),
  )
  expect(dumpBridgeVlans(socket).map(({ index, first, last }) => [device(index), first, last])).toEqual(rows)
})
