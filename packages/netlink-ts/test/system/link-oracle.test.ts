import { afterAll, beforeAll, expect, test } from 'vitest'
import { dumpLinks, type Link } from '../../src/route/link.ts'
import type { NetlinkSocket } from '../../src/socket.ts'
import { type Row, type TestNamespace, testNamespace } from '../helpers/namespace.ts'
import { asIpShows, bridgeAsIpShows, ofIp, portAsIpShows } from '../helpers/oracle-links.ts'

let here: TestNamespace
let there: TestNamespace
let socket: NetlinkSocket

/** What every kernel has, then what this one may lack. */
const ALWAYS = [
  'link set lo up',
  'link add br0 type bridge forward_delay 200 ageing_time 12000 mcast_querier 1 nf_call_iptables 1 priority 100',
  'link add p0 type veth peer name p1',
  'link set p0 master br0 up',
  'link set dev p0 type bridge_slave hairpin on isolated on cost 77 priority 5 guard on learning off flood off',
  'link set br0 up mtu 1400 alias tsnet:bridge',
  'link property add dev br0 altname a-rather-long-alternative-name',
  'link add vx0 type vxlan id 4097 dstport 4789 local 10.0.0.1 nolearning proxy rsc l2miss l3miss ttl 9 ageing 99',
  'link add vx1 type vxlan id 7 dstport 8472 group 239.1.1.1 dev br0 srcport 1000 2000 udpcsum',
  'link add vx2 type vxlan id 8 dstport 8472 remote fd00::2 local fd00::1 maxaddress 100',
  'link add mv0 link p1 type macvlan mode bridge',
  'link add mv1 link p1 type macvtap mode private',
  'link add ifb9 type ifb',
  'link set p1 promisc on allmulticast on group 7 txqueuelen 55',
]
const MAYBE = [
  'link add dum0 type dummy',
  'link add bond0 type bond mode active-backup miimon 100',
  'link add vrf0 type vrf table 100',
  'link add gre1 type gretap local 10.0.0.1 remote 10.0.0.2 key 5 ttl 64',
  'link add gnv0 type geneve id 42 remote 10.0.0.9',
  'link add vl0 link p1 type vlan id 5',
  'link add ipv0 link p1 type ipvlan mode l3',
]

beforeAll(() => {
  here = testNamespace()
  there = testNamespace()
  socket = here.socket()
  for (const line of ALWAYS) here.ip(line)
  here.ip(`link add far0 type veth peer name eth0 netns ${there.name}`)
  for (const line of MAYBE) {
    try {
      here.ip(line)
    } catch (error) {
      console.info(`not compared: ${(error as Error).message.trim()}`)
    }
  }
})
afterAll(() => {
  here.remove()
  there.remove()
})

/** Ours and ip's at one moment: again if anything moved in between (a counter, an operstate). */
function both(): { ours: Link[]; shown: Row[] } {
  for (let attempt = 0; ; attempt++) {
    const ours = dumpLinks(socket)
    const shown = here.json('-d -s link show')
    if (attempt === 20 || JSON.stringify(dumpLinks(socket)) === JSON.stringify(ours)) return { ours, shown }
  }
}

function find(links: readonly Link[], name: string): Link {
  const link = links.find((each) => each.name === name)
  if (!link) throw new Error(`no link ${name}`)
  return link
}

test('every link has the fields that ip shows', () => {
  const { ours, shown } = both()
  const nameOf = (index: number) => ours.find((link) => link.index === index)?.name ?? `if${index}`
  expect(ours.map(({ name }) => name)).toEqual(shown.map((row) => row['ifname']))
  const known = shown.map((row) => row['ifname'])
  for (const row of shown) {
    const link = find(ours, row['ifname'])
    expect(JSON.parse(JSON.stringify(asIpShows(link, nameOf)))).toEqual(JSON.parse(JSON.stringify(ofIp(row))))
  }
  expect(known).toContain('far0')
})

test('the options of a bridge are those that ip shows', () => {
  const { ours, shown } = both()
  const row = shown.find(({ ifname }) => ifname === 'br0')
  expect(row?.['linkinfo'].info_data).toMatchObject(bridgeAsIpShows(find(ours, 'br0')))
})

test('the options of a bridge port are those that ip shows', () => {
  const { ours, shown } = both()
  const row = shown.find(({ ifname }) => ifname === 'p0')
  expect(row?.['linkinfo'].info_slave_data).toMatchObject(portAsIpShows(find(ours, 'p0')))
})

test('the options of each vxlan are those that ip shows', () => {
  const { ours, shown } = both()
  for (const name of ['vx0', 'vx1', 'vx2']) {
    const { info } = find(ours, name)
    if (info?.kind !== 'vxlan') throw new Error(`${name}: ${info?.kind}`)
    const data = shown.find(({ ifname }) => ifname === name)?.['linkinfo'].info_data
    const { sourcePorts: [low, high] = [0, 0] } = info
    expect(data).toMatchObject({
      id: info.vni,
      port: info.port,
      port_range: { low, high },
      learning: info.learning,
      ageing: info.ageingS,
      udp_csum: info.udpChecksum,
      ...(info.ttl ? { ttl: info.ttl } : {}),
      ...(info.limit ? { limit: info.limit } : {}),
    })
    expect(data.local ?? data.local6).toBe(info.local ?? info.local6)
    expect(data.group ?? data.group6 ?? data.remote ?? data.remote6).toBe(info.remote ?? info.remote6)
    for (const flag of ['proxy', 'rsc', 'l2miss', 'l3miss'] as const) expect(info[flag]).toBe(data[flag] === true)
    expect(data.link).toBe(info.link ? ours.find(({ index }) => index === info.link)?.name : undefined)
  }
})

test('macvlan modes, and of any other kind the fields that ip shows by the same name', () => {
  const { ours, shown } = both()
  for (const row of shown) {
    const { info } = find(ours, row['ifname'])
    if (!info || info.kind === 'bridge' || info.kind === 'vxlan') continue
    const data = row['linkinfo'].info_data
    for (const name of ['mode', 'id', 'table', 'ttl', 'local', 'remote'] as const) {
      if (!(name in info) || data[name] === undefined) continue
      const own = (info as Row)[name]
      expect([name, own === '0.0.0.0' ? 'any' : own]).toEqual([name, data[name]])
    }
  }
})

test('the kernel filters by master and by kind', () => {
  const br0 = find(dumpLinks(socket), 'br0')
  expect(dumpLinks(socket, { master: br0.index }).map(({ name }) => name)).toEqual(['p0'])
  expect(dumpLinks(socket, { kind: 'vxlan' }).map(({ name }) => name)).toEqual(['vx0', 'vx1', 'vx2'])
})
