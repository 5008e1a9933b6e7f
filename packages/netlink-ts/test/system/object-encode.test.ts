import { afterAll, beforeAll, expect, test } from 'vitest'
import { addAddress, deleteAddress, dumpAddresses, IFA_F } from '../../src/route/address.ts'
import { dumpFdb, type FdbEntry } from '../../src/route/fdb.ts'
import { getLink } from '../../src/route/link.ts'
import { dumpNeighbours, NTF, NUD } from '../../src/route/neighbour.ts'
import {
  addFdbEntry,
  addNeighbour,
  appendFdbEntry,
  deleteFdbEntry,
  deleteNeighbour,
  replaceNeighbour,
} from '../../src/route/neighbour-request.ts'
import { deleteNexthop, dumpNexthops, replaceNexthop } from '../../src/route/nexthop.ts'
import { dumpRoutes } from '../../src/route/route.ts'
import { addRoute, deleteRoute, replaceRoute } from '../../src/route/route-request.ts'
import { dumpRules } from '../../src/route/rule.ts'
import { addRule, deleteRule } from '../../src/route/rule-request.ts'
import { dumpClasses, dumpQdiscs } from '../../src/route/traffic-control.ts'
import { addClass, addQdisc, replaceQdisc } from '../../src/route/traffic-control-request.ts'
import type { NetlinkSocket } from '../../src/socket.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let here: TestNamespace
let socket: NetlinkSocket
let br0: number
let v0: number
let vx0: number

beforeAll(() => {
  here = testNamespace()
  socket = here.socket()
  here.ip('link set lo up')
  here.ip('link add br0 type bridge')
  here.ip('link add v0 type veth peer name v1')
  here.ip('link set v0 master br0 up')
  here.ip('link set v1 up')
  here.ip('link set br0 up')
  here.ip('link add vx0 type vxlan dstport 4789 external')
  const index = (name: string) => getLink(socket, { name }).index
  br0 = index('br0')
  v0 = index('v0')
  vx0 = index('vx0')
})
afterAll(() => here.remove())

test('addresses are added, changed and deleted as ip does it', () => {
  socket.request(
    addAddress({ index: br0, address: '10.0.0.1', prefixLength: 24, broadcast: '10.0.0.255', label: 'br0:a' }),
  )
  socket.request(addAddress({ index: br0, address: '192.168.7.1', prefixLength: 32, peer: '192.168.7.2' }))
  socket.request(
    addAddress({ index: br0, address: 'fd00::1', prefixLength: 64, flags: IFA_F.NODAD, validS: 500, preferredS: 100 }),
  )
  const [{ addr_info: shown } = {}] = here.json('addr show dev br0')
  expect(shown).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ local: '10.0.0.1', prefixlen: 24, broadcast: '10.0.0.255', label: 'br0:a' }),
      expect.objectContaining({ local: '192.168.7.1', address: '192.168.7.2', prefixlen: 32 }),
      expect.objectContaining({ local: 'fd00::1', nodad: true, preferred_life_time: 100 }),
    ]),
  )
  socket.request(
    addAddress({ index: br0, address: 'fd00::1', prefixLength: 64, flags: IFA_F.NODAD }, { replace: true }),
  )
  const changed = dumpAddresses(socket, { index: br0 }).find(({ address }) => address === 'fd00::1')
  expect(changed).toMatchObject({ validS: undefined, flagNames: ['nodad', 'permanent'] })
  for (const address of dumpAddresses(socket, { index: br0, family: 4 })) socket.request(deleteAddress(address))
  expect(here.json('-4 addr show dev br0')).toEqual([])
  socket.request(addAddress({ index: br0, address: '10.0.0.1', prefixLength: 24 }))
})

test('routes are added, replaced and deleted: plain, multipath, encapsulated, by nexthop object, of other tables', () => {
  const add = (spec: Parameters<typeof addRoute>[0]) => socket.request(addRoute(spec))
  add({ family: 4, destination: '10.1.0.0/16', gateway: '10.0.0.2', metrics: { mtu: 1400, advertisedMss: 1360 } })
  add({ family: 4, destination: 'default', gateway: '10.0.0.254', metric: 100, protocol: 'dhcp', source: '10.0.0.1' })
  const ways = [
    { index: br0, gateway: '10.0.0.2', weight: 2 },
    { index: br0, gateway: '10.0.0.3', weight: 5 },
  ]
  add({ family: 4, destination: '10.2.0.0/16', nexthops: ways })
  add({ family: 4, destination: '10.3.0.0/16', type: 'blackhole', table: 2000 })
  add({ family: 4, destination: '10.4.0.0/16', gateway: 'fd00::2', index: br0 })
  add({ family: 6, destination: 'fd01::/64', gateway: 'fd00::2', preference: 'high' })
  const encap = { type: 'seg6', mode: 'encap', segments: ['fd00::a', 'fd00::b'] }
  add({ family: 6, destination: 'fd03::/64', gateway: 'fd00::2', index: br0, encap })
  socket.request(replaceNexthop({ id: 5, gateway: '10.0.0.2', index: br0 }))
  socket.request(replaceNexthop({ id: 6, gateway: '10.0.0.3', index: br0 }))
  socket.request(
    replaceNexthop({
      id: 7,
      group: [
        { id: 5, weight: 2 },
        { id: 6, weight: 3 },
      ],
    }),
  )
  add({ family: 4, destination: '10.5.0.0/16', nexthopId: 7 })
  const shown = here.json('-d route show table all')
  const route = (dst: string) => shown.find((row) => row['dst'] === dst)
  expect(route('10.1.0.0/16')).toMatchObject({
    gateway: '10.0.0.2',
    dev: 'br0',
    metrics: [{ mtu: 1400, advmss: 1360 }],
  })
  expect(route('default')).toMatchObject({ metric: 100, protocol: 'dhcp', prefsrc: '10.0.0.1' })
  expect(route('10.2.0.0/16')?.['nexthops']).toMatchObject([{ weight: 2 }, { gateway: '10.0.0.3', weight: 5 }])
  expect(route('10.3.0.0/16')).toMatchObject({ type: 'blackhole', table: '2000' })
  expect(route('10.4.0.0/16')).toMatchObject({ via: { family: 'inet6', host: 'fd00::2' } })
  expect(route('10.5.0.0/16')).toMatchObject({ nhid: 7 })
  const shown6 = here.json('-6 -d route show')
  expect(shown6.find((row) => row['dst'] === 'fd01::/64')).toMatchObject({ pref: 'high' })
  const decoded = dumpRoutes(socket, { family: 6 }).find(({ destination }) => destination === 'fd03::/64')
  expect(decoded?.encap).toEqual(encap)
  expect(dumpNexthops(socket).find(({ id }) => id === 7)?.group).toEqual([
    { id: 5, weight: 2 },
    { id: 6, weight: 3 },
  ])
  socket.request(replaceRoute({ family: 4, destination: '10.1.0.0/16', gateway: '10.0.0.9' }))
  expect(here.json('route show 10.1.0.0/16')[0]).toMatchObject({ gateway: '10.0.0.9' })
  for (const old of dumpRoutes(socket, { table: 2000 })) socket.request(deleteRoute(old))
  expect(dumpRoutes(socket, { table: 2000 })).toEqual([])
  socket.request(deleteRoute({ family: 4, destination: '10.2.0.0/16' }))
  expect(here.json('route show 10.2.0.0/16')).toEqual([])
  socket.request(deleteNexthop(7))
  expect(dumpNexthops(socket).map(({ id }) => id)).toEqual([5, 6])
})

test('rules are added and deleted as ip does it', () => {
  const rules = [
    { family: 4, priority: 100, from: '10.1.0.0/16', to: '10.2.0.0/16', inputInterface: 'br0', table: 2000 },
    { family: 4, priority: 101, fwmark: 0x10, fwmask: 0xff, not: true, table: 254, suppressPrefixLength: 0 },
    {
      family: 4,
      priority: 102,
      action: 'blackhole',
      ipProtocol: 6,
      sourcePorts: [100, 200],
      destinationPorts: [443, 443],
    },
    { family: 4, priority: 103, action: 'prohibit', uids: [1000, 2000] },
    { family: 4, priority: 104, action: 'goto', goto: 32766 },
    { family: 6, priority: 105, from: 'fd00::/8', action: 'unreachable' },
  ] as const
  for (const rule of rules) socket.request(addRule(rule))
  const shown = here.json('rule show')
  const rule = (priority: number) => shown.find((row) => row['priority'] === priority)
  expect(rule(100)).toMatchObject({
    src: '10.1.0.0',
    srclen: 16,
    dst: '10.2.0.0',
    dstlen: 16,
    iif: 'br0',
    table: '2000',
  })
  expect(rule(101)).toMatchObject({ not: null, fwmark: '0x10', fwmask: '0xff', suppress_prefixlen: 0 })
  expect(rule(102)).toMatchObject({ ipproto: 'tcp', sport_start: 100, sport_end: 200, dport: 443, action: 'blackhole' })
  expect(rule(103)).toMatchObject({ uid_start: 1000, uid_end: 2000, action: 'prohibit' })
  expect(rule(104)).toMatchObject({ goto: 32766 })
  expect(here.json('-6 rule show').find((row) => row['priority'] === 105)).toMatchObject({ action: 'unreachable' })
  for (const old of dumpRules(socket).filter(({ priority }) => priority >= 100 && priority < 200)) {
    socket.request(deleteRule(old))
  }
  expect(dumpRules(socket).map(({ priority }) => priority)).toEqual([0, 32766, 32767, 0, 32766])
})

test('neighbours are added, replaced and deleted, proxy entries too', () => {
  socket.request(addNeighbour({ index: br0, address: '10.0.0.2', mac: '02:00:00:00:01:02' }))
  socket.request(
    addNeighbour({ index: br0, address: 'fd00::2', mac: '02:00:00:00:01:03', state: NUD.STALE, router: true }),
  )
  socket.request(addNeighbour({ index: br0, address: '10.0.0.77', proxy: true }))
  expect(here.json('neigh show to 10.0.0.2')[0]).toMatchObject({ lladdr: '02:00:00:00:01:02', state: ['PERMANENT'] })
  expect(here.json('-6 neigh show to fd00::2')[0]).toMatchObject({ state: ['STALE'], router: null })
  expect(here.json('neigh show proxy')).toMatchObject([{ dst: '10.0.0.77', dev: 'br0' }])
  socket.request(replaceNeighbour({ index: br0, address: '10.0.0.2', mac: '02:00:00:00:01:99' }))
  expect(here.json('neigh show to 10.0.0.2')[0]).toMatchObject({ lladdr: '02:00:00:00:01:99' })
  socket.request(deleteNeighbour({ index: br0, address: '10.0.0.2' }))
  const own = ['10.0.0.2', '10.0.0.77']
  expect(dumpNeighbours(socket, { index: br0 }).filter(({ address }) => own.includes(address))).toEqual([])
})

test('FDB entries of a bridge and of a vxlan are added and deleted', () => {
  socket.request(addFdbEntry({ index: v0, mac: '02:00:00:00:02:01', flags: NTF.MASTER, state: NUD.NOARP }))
  socket.request(
    addFdbEntry({ index: vx0, mac: '02:00:00:00:02:02', destination: '10.0.0.9', vni: 99, sourceVni: 7, port: 1234 }),
  )
  const zero = '00:00:00:00:00:00'
  socket.request(appendFdbEntry({ index: vx0, mac: zero, destination: '10.0.0.9', sourceVni: 7 }))
  socket.request(appendFdbEntry({ index: vx0, mac: zero, destination: '10.0.0.10', sourceVni: 7 }))
  const shown = JSON.parse(here.run('bridge -j -d fdb show')) as Record<string, unknown>[]
  expect(shown).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ mac: '02:00:00:00:02:01', ifname: 'v0', master: 'br0', state: 'static' }),
      expect.objectContaining({ mac: '02:00:00:00:02:02', dst: '10.0.0.9', vni: 99, src_vni: 7, port: 1234 }),
      expect.objectContaining({ mac: zero, dst: '10.0.0.9' }),
      expect.objectContaining({ mac: zero, dst: '10.0.0.10' }),
    ]),
  )
  const isMine = ({ mac }: FdbEntry) => mac.startsWith('02:00:00:00:02') || mac === zero
  const mine = dumpFdb(socket).filter(isMine)
  // one more for each VLAN of the port, where the kernel has VLANs
  expect(mine.length).toBeGreaterThanOrEqual(4)
  for (const error of socket.batch(mine.map(deleteFdbEntry))) expect(error).toBeUndefined()
  expect(dumpFdb(socket).filter(isMine)).toEqual([])
})

test('a token bucket and an htb with a class are what tc shows', () => {
  const tbf = { kind: 'tbf', rate: 125_000, burst: 10_000, limit: 20_000 } as const
  socket.request(addQdisc({ index: v0, kind: 'tbf', handle: 0x8010000, options: tbf }))
  const [shown] = JSON.parse(here.run('tc -j -s qdisc show dev v0')) as Record<string, unknown>[]
  expect(shown).toMatchObject({ kind: 'tbf', root: true, options: { rate: 125_000 } })
  const [root] = dumpQdiscs(socket, { index: v0 })
  expect(root).toMatchObject({
    kind: 'tbf',
    parentText: 'root',
    handleText: '801:',
    options: { rate: 125_000, limit: 20_000 },
  })
  socket.request(
    replaceQdisc({ index: vx0, kind: 'htb', handle: 0x10000, options: { kind: 'htb', defaultClass: 0x10 } }),
  )
  const options = { kind: 'htb', rate: 125_000, ceil: 250_000, burst: 5000, priority: 3 } as const
  socket.request(addClass({ index: vx0, kind: 'htb', parent: 0x10000, handle: 0x10010, options }))
  const classes = here.run('tc class show dev vx0')
  expect(classes).toContain('class htb 1:10 root prio 3 rate 1Mbit ceil 2Mbit')
  expect(dumpClasses(socket, { index: vx0 })[0]).toMatchObject({
    handleText: '1:10',
    options: { rate: 125_000, ceil: 250_000, burst: 5000, priority: 3 },
  })
})
