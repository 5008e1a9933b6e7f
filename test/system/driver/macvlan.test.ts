import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { canMake } from '../../../packages/netlink-ts/test/helpers/namespace.ts'
import type { NetworkRequest } from '../../../src/driver/model.ts'
import { skipUnless } from '../../helpers/skip.ts'
import type { RemoteController } from './guest/controller-client.ts'
import { NetworkWorld } from './guest/network-world.ts'
import { TAG } from './guest/setting.ts'
import { sandbox } from './guest/world-facts.ts'

const COVERED = { coveredBy: 'test/vm/driver-networks.test.ts' }
const testVlan = skipUnless(canMake('link ts-nl-base type vlan id 5'), {
  reason: 'this kernel has no 802.1Q',
  ...COVERED,
})
const testDummy = skipUnless(canMake('type dummy'), { reason: 'this kernel has no dummy links', ...COVERED })

let world: NetworkWorld
let controller: RemoteController

beforeAll(async () => {
  world = await NetworkWorld.open()
})
afterAll(() => world.close())

beforeEach(async () => {
  controller = await world.controller()
})
afterEach(async () => {
  const { before, after } = await world.clear(controller)
  expect(after).toEqual(before)
})

const POOL = { subnet: '10.9.0.0/24', gateway: '10.9.0.1', ipRange: '10.9.0.64/26' }

function macvlan(options: Record<string, string> = {}, fields: Partial<NetworkRequest> = {}): NetworkRequest {
  return { name: 'mv', driver: 'macvlan', options: { parent: 'up0', ...options }, ipam: { pools: [POOL] }, ...fields }
}

/** On a subnet of its own. */
const another = (options: Record<string, string>, name = 'mv2') =>
  macvlan(options, { name, ipam: { pools: [{ subnet: '10.10.0.0/24' }] } })

const addFar = (words: string) => world.ip(words, 'far')

describe('containers of one macvlan network', () => {
  test('reach each other and the world outside in mode bridge, which is the usual one', async () => {
    await world.connected(controller, macvlan(), 'a', 'b')
    expect(await world.reaches('a', '10.9.0.65')).toBe(true)
    expect(await world.reaches('a', '10.9.0.1')).toBe(true)
    expect(await world.link('eth0', 'a')).toMatchObject({ linkinfo: { info_data: { mode: 'bridge' } } })
  })

  test.each(['private', 'vepa'])('reach the world outside alone in mode %s', async (mode) => {
    await world.connected(controller, macvlan({ macvlan_mode: mode }), 'a', 'b')
    expect(await world.link('eth0', 'a')).toMatchObject({ linkinfo: { info_data: { mode } } })
    expect(await world.reaches('a', '10.9.0.1')).toBe(true)
    expect(await world.reaches('a', '10.9.0.65')).toBe(false)
  })

  test('are one in mode passthru', async () => {
    await world.connected(controller, macvlan({ macvlan_mode: 'passthru' }), 'a')
    expect(await world.reaches('a', '10.9.0.1')).toBe(true)
    await controller.createSandbox({ name: 'b' })
    await expect(controller.connect({ sandbox: 'b', network: 'mv' })).rejects.toThrow(
      'macvlan link on up0: one in mode passthru has its parent for itself',
    )
    expect(await world.links('b')).toHaveLength(1)
  })

  test('do not reach the host by way of its own link', async () => {
    await world.ip('addr add 10.9.0.200/24 dev up0')
    try {
      await world.connected(controller, macvlan(), 'a')
      expect(await world.reaches('a', '10.9.0.200')).toBe(false)
    } finally {
      await world.ip('addr del 10.9.0.200/24 dev up0')
    }
  })

  test('reach each other with IPv6 as well', async () => {
    const pools = [POOL, { subnet: 'fd00:9::/64', gateway: 'fd00:9::1' }]
    await world.connected(controller, macvlan({}, { enableIpv6: true, ipam: { pools } }), 'a', 'b')
    expect(await world.reaches('a', 'fd00:9::1')).toBe(true)
    expect(await world.reaches('a', 'fd00:9::3')).toBe(true)
  })

  test('of two networks on one parent do not reach each other without a router', async () => {
    await world.connected(controller, macvlan(), 'a')
    await world.connected(controller, another({}), 'b')
    expect(await world.reaches('a', '10.10.0.2')).toBe(false)
  })

  test('of an internal network have no way out', async () => {
    await world.connected(controller, macvlan({}, { internal: true }), 'a', 'b')
    expect(await world.ip('route', sandbox('a'))).not.toContain('default')
    expect(await world.reaches('a', '10.9.0.65')).toBe(true)
  })

  test('have the MTU that was asked for, up to that of the parent', async () => {
    await world.connected(controller, macvlan({ 'com.docker.network.driver.mtu': '1400' }), 'a')
    expect((await world.link('eth0', 'a'))?.mtu).toBe(1400)
    await controller.createNetwork(another({ 'com.docker.network.driver.mtu': '9000' }))
    await expect(controller.connect({ sandbox: 'a', network: 'mv2' })).rejects.toThrow(
      'MTU 9000: the parent up0 has no more than 1500',
    )
  })

  test('publish no ports: a binding is taken and does nothing', async () => {
    await controller.createNetwork(macvlan())
    await controller.createSandbox({ name: 'a' })
    const portBindings = [{ protocol: 'tcp', port: 80, hostPort: 8080, hostPortEnd: 8080 }] as const
    await controller.connect({ sandbox: 'a', network: 'mv', portBindings })
    expect(await world.world.run('iptables-save', [])).not.toMatch(/^-A/m)
  })
})

describe('the MAC of a container', () => {
  test('is random since Docker 28, unless it is asked for', async () => {
    await world.connected(controller, macvlan(), 'a')
    const mac = (await world.link('eth0', 'a'))?.address
    expect(mac).toMatch(/^02:42:/)
    expect(mac).not.toBe('02:42:0a:09:00:40')
    await controller.disconnect('a', 'mv')
    await controller.connect({ sandbox: 'a', network: 'mv', mac: '02:42:00:00:00:07' })
    expect((await world.link('eth0', 'a'))?.address).toBe('02:42:00:00:00:07')
  })

  test('followed from the address before', async () => {
    await controller.close()
    controller = await world.controller('20.10')
    await world.connected(controller, macvlan(), 'a')
    expect((await world.link('eth0', 'a'))?.address).toBe('02:42:0a:09:00:40')
  })
})

describe('a parent', () => {
  test.each<[Record<string, string>, string]>([
    [
      { macvlan_mode: 'bogus' },
      "requested macvlan mode 'bogus' is not valid, 'bridge' mode is the macvlan driver default",
    ],
    [{ parent: 'nosuch' }, 'invalid subinterface vlan name nosuch, example formatting is eth0.10'],
    [{ parent: 'up0.x' }, 'invalid subinterface vlan name up0.x, example formatting is eth0.10'],
    [{ parent: 'up0.1.2' }, 'invalid subinterface vlan name up0.1.2, example formatting is eth0.10'],
    [{ parent: 'up0.5000' }, 'vlan id must be between 1-4094, received: 5000'],
    [{ parent: 'up0.0' }, 'vlan id must be between 1-4094, received: 0'],
    [{ parent: 'eth9.10' }, 'failed to find master interface eth9 on the Docker host: '],
    [{ parent: 'lo' }, 'loopback interface is not a valid macvlan parent link'],
    [{ 'com.docker.network.driver.mtu': 'big' }, 'com.docker.network.driver.mtu=big: not a number of bytes'],
  ])('%j is refused', async (options, message) => {
    await expect(controller.createNetwork(macvlan(options))).rejects.toThrow(message)
    expect(await controller.networks()).toEqual([])
  })

  test('needs a subnet above it', async () => {
    await expect(controller.createNetwork(macvlan({}, { ipam: { driver: 'null' } }))).rejects.toThrow(
      'ipv4 pool is empty',
    )
  })

  test('served one network in Docker 20.10', async () => {
    await controller.close()
    controller = await world.controller('20.10')
    const { id } = await controller.createNetwork(macvlan())
    await expect(controller.createNetwork(another({}))).rejects.toThrow(
      `network dm-${id.slice(0, 12)} is already using parent interface up0`,
    )
  })

  test('serves many since, but in mode passthru one alone', async () => {
    const { id } = await controller.createNetwork(macvlan())
    await controller.createNetwork(another({}))
    await expect(controller.createNetwork(another({ macvlan_mode: 'passthru' }, 'mv3'))).rejects.toThrow(
      `cannot use mode passthru, macvlan network ${id} is already using parent interface up0`,
    )
    for (const name of ['mv', 'mv2']) await controller.removeNetwork(name)
    const { id: passthru } = await controller.createNetwork(macvlan({ macvlan_mode: 'passthru' }))
    await expect(controller.createNetwork(another({}))).rejects.toThrow(
      `macvlan network ${passthru} is already using parent interface up0 in mode passthru`,
    )
  })
})

describe('a VLAN sub-interface', () => {
  const onVlan = (name: string, pool: string) =>
    macvlan({ parent: 'up0.10' }, { name, ipam: { pools: [{ subnet: pool }] } })

  testVlan('is made with the network that names it, and removed with the last that uses it', async () => {
    const { id } = await controller.createNetwork(onVlan('v1', '10.30.0.0/24'))
    expect(await world.link('up0.10')).toMatchObject({
      flags: expect.arrayContaining(['UP']),
      ifalias: `${TAG} network ${id}`,
      linkinfo: { info_kind: 'vlan', info_data: { id: 10, protocol: '802.1Q' } },
    })
    const { id: second } = await controller.createNetwork(onVlan('v2', '10.31.0.0/24'))
    await controller.removeNetwork('v1')
    expect((await world.link('up0.10'))?.ifalias).toBe(`${TAG} network ${second}`)
    await controller.removeNetwork('v2')
    expect(await world.link('up0.10')).toBeUndefined()
  })

  testVlan('carries the containers to the same VLAN elsewhere, and to no other', async () => {
    await addFar('link add link far0 name far0.10 type vlan id 10')
    await addFar('addr add 10.30.0.9/24 dev far0.10')
    await addFar('link set far0.10 up')
    await world.connected(controller, onVlan('v1', '10.30.0.0/24'), 'a')
    const other = macvlan({ parent: 'up0.20' }, { name: 'v2', ipam: { pools: [{ subnet: '10.30.0.0/24' }] } })
    await controller.createSandbox({ name: 'b' })
    expect(await world.reaches('a', '10.30.0.9')).toBe(true)
    await controller.removeSandbox('a')
    await controller.removeNetwork('v1')
    await controller.createNetwork(other)
    await controller.connect({ sandbox: 'b', network: 'v2' })
    expect(await world.reaches('b', '10.30.0.9')).toBe(false)
    await addFar('link delete far0.10')
  })

  testVlan('that was there is used and left', async () => {
    await world.ip('link add link up0 name up0.10 type vlan id 10')
    await world.ip('link set up0.10 up')
    await world.connected(controller, onVlan('v1', '10.30.0.0/24'), 'a')
    await controller.removeSandbox('a')
    await controller.removeNetwork('v1')
    expect(await world.link('up0.10')).toBeDefined()
    await world.ip('link delete up0.10')
  })

  testVlan('that cannot come up leaves nothing', async () => {
    await world.ip('link set up0 down')
    try {
      await expect(controller.createNetwork(onVlan('v1', '10.30.0.0/24'))).rejects.toThrow('link up0.10: set it up')
      expect(await world.link('up0.10')).toBeUndefined()
    } finally {
      await world.ip('link set up0 up')
    }
  })

  testVlan('that was deleted meanwhile is made again at the next start, with the containers on it', async () => {
    await world.connected(controller, onVlan('v1', '10.30.0.0/24'), 'a', 'b')
    await controller.kill()
    await world.ip('link delete up0.10')
    controller = await world.controller()
    expect((await controller.recovery()).map(({ action }) => action)).toEqual(['repaired', 'repaired'])
    expect(await world.reaches('a', '10.30.0.3')).toBe(true)
  })
})

describe('without a parent', () => {
  testDummy('a network has a link that leads nowhere, and its containers each other', async () => {
    const request = macvlan({ parent: '' })
    const { id } = await controller.createNetwork(request)
    const dummy = `dm-${id.slice(0, 12)}`
    expect(await world.link(dummy)).toMatchObject({ linkinfo: { info_kind: 'dummy' }, ifalias: `${TAG} network ${id}` })
    for (const name of ['a', 'b']) {
      await controller.createSandbox({ name })
      await controller.connect({ sandbox: name, network: 'mv' })
    }
    expect(await world.reaches('a', '10.9.0.65')).toBe(true)
    expect(await world.reaches('a', '10.9.0.1')).toBe(false)
    for (const name of ['a', 'b']) await controller.removeSandbox(name)
    await controller.removeNetwork('mv')
    expect(await world.link(dummy)).toBeUndefined()
  })
})
