import { describe, expect, test } from 'vitest'
import type { LinkPlace } from '../../src/model/wiring.ts'
import { buildWiring, nameOf, wiringOf } from '../../src/model/wiring.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'
import { namespaceNamed, snapshotFixture } from '../helpers/snapshots.ts'

const HOST = snapshotFixture('docker-host')
const places = (found: readonly LinkPlace[]) => found.map(({ namespace, link }) => `${nameOf(namespace)}:${link.name}`)

describe('the wiring of a Docker host', () => {
  const wiring = buildWiring(HOST)
  const host = namespaceNamed(HOST, 'host')
  const linkOf = (name: string) => {
    const link = host.links.find((each) => each.name === name)
    if (link === undefined) throw new Error(`no link ${name}`)
    return link
  }

  test('leads from a port to the container behind it', () => {
    const peer = wiring.peerOf(linkOf('veth1f2a'))
    expect(peer && places([peer])).toEqual(['web:eth0'])
  })

  test('knows the ports of a bridge', () => {
    expect(wiring.membersOf(host, linkOf('br-46cf')).map(({ name }) => name)).toEqual(['veth1f2a', 'veth9c01'])
  })

  test('finds who has a MAC and who has an address', () => {
    expect(places(wiring.whoHasMac('02:42:ac:13:00:03'))).toEqual(['web:eth0'])
    expect(places(wiring.whoHasAddress('172.19.0.1'))).toEqual(['host:br-46cf'])
    expect(places(wiring.whoHasAddress('10.255.0.1'))).toEqual([])
  })

  test('does not take loopback addresses for an owner', () => {
    expect(wiring.whoHasAddress('127.0.0.1')).toEqual([])
  })

  test('is made once for a snapshot', () => {
    expect(wiringOf(HOST)).toBe(wiringOf(HOST))
  })
})

describe('of several with one MAC', () => {
  const mac = '02:42:ac:11:00:02'
  const bridge = makeLink(1, 'br0', { kind: 'bridge', mac })
  const port = makeLink(2, 'p0', { mac, master: 1 })
  const end = makeLink(3, 'eth0', { mac })
  const snapshot = makeSnapshot([
    makeNamespace('a', { inode: 1, links: [bridge, port] }),
    makeNamespace('b', { inode: 2, links: [end] }),
  ])

  test('the end of the cable comes before the port and the bridge that borrowed it', () => {
    expect(places(buildWiring(snapshot).whoHasMac(mac))).toEqual(['b:eth0', 'a:p0', 'a:br0'])
  })
})

test('links on top of another are found in every namespace', () => {
  const below = makeLink(2, 'eth0', { kind: 'ether' })
  const vlan = makeLink(3, 'eth0.7', { kind: 'vlan', parent: { namespace: 1, index: 2 } })
  const macvlan = makeLink(2, 'mv0', { kind: 'macvlan', parent: { namespace: 1, index: 2 } })
  const a = makeNamespace('a', { inode: 1, links: [below, vlan] })
  const b = makeNamespace('b', { inode: 2, links: [macvlan] })
  const wiring = buildWiring(makeSnapshot([a, b]))
  expect(places(wiring.childrenOf({ namespace: a, link: below }))).toEqual(['a:eth0.7', 'b:mv0'])
  expect(wiring.parentOf(macvlan)?.link).toBe(below)
})

test('an end that is not visible has no place', () => {
  const wiring = buildWiring(makeSnapshot([]))
  expect(wiring.peerOf(makeLink(2, 'eth0', { peer: { index: 9 } }))).toBeUndefined()
  expect(wiring.peerOf(makeLink(2, 'eth0', { peer: { namespace: 5, index: 9 } }))).toBeUndefined()
})
