import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { canMake } from '../../../packages/netlink-ts/test/helpers/namespace.ts'
import type { NetworkRequest } from '../../../src/driver/model.ts'
import type { DockerRules } from '../../../src/driver/networks/parented-network.ts'
import { skipUnless } from '../../helpers/skip.ts'
import type { RemoteController } from './guest/controller-client.ts'
import { NetworkWorld } from './guest/network-world.ts'
import { TAG } from './guest/setting.ts'
import { sandbox } from './guest/world-facts.ts'

const COVERED = { coveredBy: 'test/vm/driver-networks.test.ts' }
const testIpvlan = skipUnless(canMake('link ts-nl-base type ipvlan'), {
  reason: 'this kernel has no ipvlan',
  ...COVERED,
})
const hasDummy = canMake('type dummy') && canMake('link ts-nl-base type ipvlan')
const testDummy = skipUnless(hasDummy, { reason: 'this kernel has no dummy links or no ipvlan', ...COVERED })

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

function ipvlan(options: Record<string, string> = {}, fields: Partial<NetworkRequest> = {}): NetworkRequest {
  return { name: 'iv', driver: 'ipvlan', options: { parent: 'up0', ...options }, ipam: { pools: [POOL] }, ...fields }
}

const defaults = async (name: string) =>
  (await world.ip('route', sandbox(name))).split('\n').filter((line) => line.startsWith('default'))

describe('containers of one ipvlan network', () => {
  testIpvlan('share the MAC of the parent and have a gateway in mode l2, which is the usual one', async () => {
    await world.connected(controller, ipvlan(), 'a', 'b')
    const parent = await world.link('up0')
    expect(await world.link('eth0', 'a')).toMatchObject({
      address: parent?.address,
      linkinfo: { info_kind: 'ipvlan', info_data: { mode: 'l2' } },
    })
    expect(await defaults('a')).toEqual(['default via 10.9.0.1 dev eth0 '])
    expect(await world.reaches('a', '10.9.0.65')).toBe(true)
    expect(await world.reaches('a', '10.9.0.1')).toBe(true)
  })

  testIpvlan('of mode l3 reach those of another subnet of the network, everything being on link', async () => {
    const pools = [{ subnet: '10.9.0.0/24' }, { subnet: '10.19.0.0/24' }]
    await controller.createNetwork(ipvlan({ ipvlan_mode: 'l3' }, { ipam: { pools } }))
    for (const [name, ipv4] of [
      ['a', '10.9.0.50'],
      ['b', '10.19.0.50'],
    ] as const) {
      await controller.createSandbox({ name })
      await controller.connect({ sandbox: name, network: 'iv', ipv4 })
    }
    expect(await defaults('a')).toEqual(['default dev eth0 scope link '])
    expect(await world.link('eth0', 'a')).toMatchObject({ linkinfo: { info_data: { mode: 'l3' } } })
    expect(await world.reaches('a', '10.19.0.50')).toBe(true)
    expect(await world.reaches('b', '10.9.0.50')).toBe(true)
  })

  testIpvlan('of mode l3s do as well', async () => {
    await world.connected(controller, ipvlan({ ipvlan_mode: 'l3s' }), 'a', 'b')
    expect(await world.link('eth0', 'a')).toMatchObject({ linkinfo: { info_data: { mode: 'l3s' } } })
    expect(await world.reaches('a', '10.9.0.65')).toBe(true)
  })

  testIpvlan('do not reach each other with the flag private', async () => {
    await world.connected(controller, ipvlan({ ipvlan_flag: 'private' }), 'a', 'b')
    expect(await world.reaches('a', '10.9.0.65')).toBe(false)
    expect(await world.reaches('a', '10.9.0.1')).toBe(true)
  })

  testIpvlan('have IPv6 as well', async () => {
    const pools = [POOL, { subnet: 'fd00:9::/64', gateway: 'fd00:9::1' }]
    await world.connected(controller, ipvlan({}, { enableIpv6: true, ipam: { pools } }), 'a', 'b')
    expect(await world.reaches('a', 'fd00:9::3')).toBe(true)
    expect(await world.reaches('a', 'fd00:9::1')).toBe(true)
  })

  testIpvlan('have no MAC to choose', async () => {
    await controller.createNetwork(ipvlan())
    await controller.createSandbox({ name: 'a' })
    await expect(controller.connect({ sandbox: 'a', network: 'iv', mac: '02:42:00:00:00:01' })).rejects.toThrow(
      'ipvlan interfaces do not support custom mac address assignment',
    )
  })

  testIpvlan('of an internal network have no way out', async () => {
    await world.connected(controller, ipvlan({ ipvlan_mode: 'l3' }, { internal: true }), 'a')
    expect(await defaults('a')).toEqual([])
  })

  testDummy('without a parent have a link that leads nowhere', async () => {
    const { id } = await controller.createNetwork(ipvlan({ parent: '' }))
    expect(await world.link(`di-${id.slice(0, 12)}`)).toMatchObject({
      linkinfo: { info_kind: 'dummy' },
      ifalias: `${TAG} network ${id}`,
    })
    for (const name of ['a', 'b']) {
      await controller.createSandbox({ name })
      await controller.connect({ sandbox: name, network: 'iv' })
    }
    expect(await world.reaches('a', '10.9.0.65')).toBe(true)
  })
})

describe('a parent', () => {
  test('serves one network', async () => {
    const { id } = await controller.createNetwork(ipvlan())
    const second = ipvlan({}, { name: 'iv2', ipam: { pools: [{ subnet: '10.10.0.0/24' }] } })
    await expect(controller.createNetwork(second)).rejects.toThrow(
      `network di-${id.slice(0, 12)} is already using parent interface up0`,
    )
  })

  testIpvlan('does not serve macvlan and ipvlan at once', async () => {
    await world.connected(controller, ipvlan(), 'a')
    const ipam = { pools: [{ subnet: '10.10.0.0/24' }] }
    await controller.createNetwork({ name: 'mv', driver: 'macvlan', options: { parent: 'up0' }, ipam })
    await expect(controller.connect({ sandbox: 'a', network: 'mv' })).rejects.toThrow('macvlan link on up0: make it')
  })

  test('that is lo is refused', async () => {
    await expect(controller.createNetwork(ipvlan({ parent: 'lo' }))).rejects.toThrow(
      'loopback interface is not a valid ipvlan parent link',
    )
  })
})

describe('a mode or flag that there is not', () => {
  test.each<[DockerRules, Record<string, string>, string]>([
    ['28', { ipvlan_mode: 'l4' }, "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default"],
    ['28', { ipvlan_flag: 'x' }, "requested ipvlan flag 'x' is not valid"],
    ['20.10', { ipvlan_mode: 'l3s' }, "requested ipvlan mode 'l3s' is not valid"],
    ['20.10', { ipvlan_flag: 'vepa' }, "requested ipvlan flag 'vepa' is not valid"],
  ])('is refused by Docker %s: %j', async (rules, options, message) => {
    await controller.close()
    controller = await world.controller(rules)
    await expect(controller.createNetwork(ipvlan(options))).rejects.toThrow(message)
  })
})
