import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipUnless } from '../../../../test/helpers/skip.ts'
import { dumpLinks, getLink } from '../../src/route/link.ts'
import {
  addAltnames,
  changeLink,
  createLink,
  createVethPair,
  deleteAltnames,
  deleteLink,
  type LinkSpec,
} from '../../src/route/link-request.ts'
import { assignNsid, dumpNsids, getNsid } from '../../src/route/nsid.ts'
import type { NetlinkSocket } from '../../src/socket.ts'
import { canMake, type Row, type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let here: TestNamespace
let there: TestNamespace
let socket: NetlinkSocket

beforeAll(() => {
  here = testNamespace()
  there = testNamespace()
  socket = here.socket()
})
afterAll(() => {
  here.remove()
  there.remove()
})

function make(spec: LinkSpec): Row {
  socket.request(createLink(spec))
  return here.json(`-d link show dev ${spec.name}`)[0] as Row
}

test('a veth pair is made with one end in another namespace, with all its settings', () => {
  socket.request(
    createVethPair(
      'v0',
      { name: 'eth0', namespace: { fd: there.fd }, mac: '02:00:00:00:00:11', mtu: 1400 },
      { mac: '02:00:00:00:00:10', mtu: 1300, up: true, txQueueLength: 77, group: 5 },
    ),
  )
  const far = there.socket()
  far.request(changeLink(getLink(far, { name: 'eth0' }).index, { up: true }))
  const [near] = here.json('-d link show dev v0')
  expect(near).toMatchObject({ address: '02:00:00:00:00:10', mtu: 1300, txqlen: 77, linkinfo: { info_kind: 'veth' } })
  const [shown] = there.json('-d link show dev eth0')
  expect(shown).toMatchObject({ address: '02:00:00:00:00:11', mtu: 1400, flags: expect.arrayContaining(['UP']) })
  expect(getLink(socket, { name: 'v0' })).toMatchObject({ link: (shown as Row)['ifindex'], group: 5 })
})

test('a bridge is made with its options, and a port changed', () => {
  const bridge = make({
    kind: 'bridge',
    name: 'br0',
    up: true,
    info: { kind: 'bridge', forwardDelayMs: 4000, ageingTimeMs: 90_000, stpState: 1, multicastSnooping: false },
  })
  expect(bridge['linkinfo'].info_data).toMatchObject({
    forward_delay: 400,
    ageing_time: 9000,
    stp_state: 1,
    mcast_snooping: 0,
  })
  const port = getLink(socket, { name: 'v0' }).index
  socket.request(changeLink(port, { master: bridge['ifindex'] }))
  socket.request(
    changeLink(port, { slave: { kind: 'bridge', hairpin: true, isolated: true, cost: 55, learning: false } }),
  )
  const [shown] = here.json('-d link show dev v0')
  expect((shown as Row)['linkinfo'].info_slave_data).toMatchObject({
    hairpin: true,
    isolated: true,
    cost: 55,
    learning: false,
  })
})

test('a vxlan is made with all that ip shows of it', () => {
  const vxlan = make({
    kind: 'vxlan',
    name: 'vx0',
    info: {
      kind: 'vxlan',
      vni: 4097,
      port: 4789,
      local: '10.0.0.1',
      learning: false,
      proxy: true,
      l2miss: true,
      l3miss: true,
      ttl: 9,
      ageingS: 77,
    },
  })
  expect(vxlan['linkinfo'].info_data).toMatchObject({
    id: 4097,
    port: 4789,
    local: '10.0.0.1',
    learning: false,
    proxy: true,
    l2miss: true,
    l3miss: true,
    ttl: 9,
    ageing: 77,
  })
})

test('a macvlan is made on another device', () => {
  const parent = getLink(socket, { name: 'br0' }).index
  const macvlan = make({ kind: 'macvlan', name: 'mv0', link: parent, info: { kind: 'macvlan', mode: 'bridge' } })
  expect(macvlan).toMatchObject({ link: 'br0', linkinfo: { info_kind: 'macvlan', info_data: { mode: 'bridge' } } })
})

test('an ifb is made', () => {
  expect(make({ kind: 'ifb', name: 'ifb9' })).toMatchObject({ linkinfo: { info_kind: 'ifb' } })
})

const covered = (reason: string) => ({ reason, coveredBy: 'test/vm/netlink-ts.test.ts' })

skipUnless(canMake('type dummy'), covered('this kernel has no dummy'))('a dummy is made', () => {
  expect(make({ kind: 'dummy', name: 'dum0' })).toMatchObject({ linkinfo: { info_kind: 'dummy' } })
})

skipUnless(canMake('type bond'), covered('this kernel has no bonding'))('a bond is made', () => {
  const bond = make({ kind: 'bond', name: 'bond0', info: { kind: 'bond', mode: 'active-backup', miimonMs: 100 } })
  expect(bond['linkinfo'].info_data).toMatchObject({ mode: 'active-backup', miimon: 100 })
})

skipUnless(canMake('link ts-nl-base type vlan id 5'), covered('this kernel has no 802.1Q'))('a vlan is made', () => {
  const link = getLink(socket, { name: 'br0' }).index
  const vlan = make({ kind: 'vlan', name: 'vl0', link, info: { kind: 'vlan', id: 5, protocol: 0x8100 } })
  expect(vlan['linkinfo'].info_data).toMatchObject({ protocol: '802.1Q', id: 5 })
})

skipUnless(canMake('link ts-nl-base type ipvlan'), covered('this kernel has no IPVLAN'))('an ipvlan is made', () => {
  socket.request(createVethPair('iv', { name: 'ivpeer' }))
  const link = getLink(socket, { name: 'iv' }).index
  const ipvlan = make({ kind: 'ipvlan', name: 'iv0', link, info: { kind: 'ipvlan', mode: 'l3' } })
  expect(ipvlan['linkinfo'].info_data).toMatchObject({ mode: 'l3' })
})

test('a link is renamed, named further, described, moved and deleted', () => {
  make({ kind: 'ifb', name: 'old' })
  const { index } = getLink(socket, { name: 'old' })
  socket.request(changeLink(index, { name: 'new', alias: 'tsnet:α', mtu: 1234, up: true }))
  socket.request(addAltnames(index, ['a-much-longer-name', 'second']))
  expect(getLink(socket, { index })).toMatchObject({
    name: 'new',
    alias: 'tsnet:α',
    mtu: 1234,
    altnames: ['a-much-longer-name', 'second'],
  })
  socket.request(deleteAltnames(index, ['second']))
  socket.request(changeLink(index, { alias: '' }))
  expect(getLink(socket, { index })).toMatchObject({ altnames: ['a-much-longer-name'], alias: undefined })
  socket.request(changeLink(index, { namespace: { fd: there.fd } }))
  expect(there.json('link show dev new')[0]).toMatchObject({ mtu: 1234 })
  const remote = there.socket()
  remote.request(deleteLink({ name: 'new' }))
  expect(dumpLinks(remote).map(({ name }) => name)).not.toContain('new')
})

test('the links of a group are deleted with one request, and no others', () => {
  const pair = (name: string, group: number) => createVethPair(`${name}a`, { name: `${name}b` }, { group })
  expect(socket.batch([pair('g1', 6000), pair('g2', 6000), pair('g3', 6001)])).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  socket.request(deleteLink({ group: 6000 }))
  const left = dumpLinks(socket).map(({ name }) => name)
  // a kernel with GRE has links gre0 and gretap0 in every namespace
  expect(left.filter((name) => /^g\d/.test(name)).sort()).toEqual(['g3a', 'g3b'])
  expect(() => socket.request(deleteLink({ group: 6000 }))).toThrow('ENODEV')
  socket.request(deleteLink({ name: 'g3a' }))
})

test('a namespace gets an id, which is found again by descriptor', () => {
  const other = testNamespace()
  try {
    expect(getNsid(socket, { fd: other.fd })).toBe(-1)
    socket.request(assignNsid({ fd: other.fd }, 4711))
    expect(getNsid(socket, { fd: other.fd })).toBe(4711)
    expect(dumpNsids(socket).map(({ nsid }) => nsid)).toContain(4711)
  } finally {
    other.remove()
  }
})
