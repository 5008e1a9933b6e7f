import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leaseAddresses, releaseLeases } from '../../../src/driver/controller/endpoint-addresses.ts'
import { IpamCalls } from '../../../src/driver/controller/ipam-calls.ts'
import { type PoolsWish, releasePools, requestPools } from '../../../src/driver/controller/network-pools.ts'
import { NativeIpam } from '../../../src/driver/ipam/native-ipam.ts'
import { NullIpam } from '../../../src/driver/ipam/null-ipam.ts'
import type { IpamRequest, Network } from '../../../src/driver/model.ts'
import { ObjectStore } from '../../../src/driver/object-store.ts'
import { UndoStack } from '../../../src/driver/undo.ts'
import { anything } from '../../../src/model/schema.ts'

let folder: string
let ipam: NativeIpam
let calls: IpamCalls
let undo: UndoStack

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-pools-'))
  ipam = new NativeIpam({ stateFolder: folder })
  calls = new IpamCalls([ipam, new NullIpam()])
  undo = new UndoStack()
})
afterEach(() => rmSync(folder, { recursive: true }))

const poolsInUse = () => [...new ObjectStore<object>(folder, anything as never).all().keys()]

function pools(ipamRequest: IpamRequest = {}, wish: Partial<PoolsWish> = {}) {
  const usual = { enableIpv4: true, enableIpv6: false, scope: 'local', avoid: [] } as const
  return requestPools(calls, { ...usual, ...wish, ipam: ipamRequest }, undo)
}

async function network(ipamRequest: IpamRequest = {}, wish: Partial<PoolsWish> = {}): Promise<Network> {
  const { ipam: held, ipv4, ipv6 } = await pools(ipamRequest, wish)
  const config = { id: 'n', options: {}, internal: false, enableIpv4: true, enableIpv6: true, ipv4, ipv6 }
  const rest = { scope: wish.scope ?? 'local', state: 'ready', labels: {}, predefined: false } as const
  return { id: 'n', name: 'net', driver: 'macvlan', ...rest, config, ipam: held }
}

test('without a wish a network gets the first default pool, its first address as gateway', async () => {
  const { ipam: held, ipv4, ipv6 } = await pools()
  expect(ipv4).toEqual([
    { addressSpace: 'LocalDefault', pool: '172.17.0.0/16', gateway: '172.17.0.1/16', auxAddresses: {} },
  ])
  expect(ipv6).toEqual([])
  expect(held.pools).toMatchObject([{ chosen: false, gateway: '172.17.0.1', reserved: [] }])
})

test('a pool of the defaults avoids what the host has routes to', async () => {
  const { ipv4 } = await pools({}, { avoid: ['172.17.5.0/24', '172.18.0.1/32'] })
  expect(ipv4[0]?.pool).toBe('172.19.0.0/16')
})

test('a network of several hosts gets its pool from the other list', async () => {
  const { ipv4 } = await pools({}, { scope: 'global' })
  expect(ipv4[0]).toMatchObject({ addressSpace: 'GlobalDefault', pool: '10.0.0.0/24' })
})

test('subnets of both families, gateways and auxiliary addresses are as wished', async () => {
  const request = {
    pools: [
      {
        subnet: '10.77.0.0/24',
        ipRange: '10.77.0.64/26',
        gateway: '10.77.0.254',
        auxAddresses: { router: '10.77.0.5' },
      },
      { subnet: 'fd00:77::/64' },
    ],
  }
  const { ipv4, ipv6 } = await pools(request, { enableIpv6: true })
  expect(ipv4).toEqual([
    {
      addressSpace: 'LocalDefault',
      pool: '10.77.0.0/24',
      gateway: '10.77.0.254/24',
      auxAddresses: { router: '10.77.0.5/24' },
    },
  ])
  expect(ipv6).toMatchObject([{ pool: 'fd00:77::/64', gateway: 'fd00:77::1/64' }])
})

test('what was requested is given back, by undo as well as by release', async () => {
  const request = { pools: [{ subnet: '10.77.0.0/24', auxAddresses: { a: '10.77.0.5' } }] }
  await pools(request)
  expect(poolsInUse()).toHaveLength(1)
  expect(await undo.unwind()).toEqual([])
  expect(poolsInUse()).toEqual([])
  const { ipam: held } = await pools(request)
  await releasePools(calls, held)
  await releasePools(calls, held)
  expect(poolsInUse()).toEqual([])
})

test('a second step that fails takes the first back', async () => {
  const request = { pools: [{ subnet: '10.1.0.0/24' }, { subnet: '10.1.0.0/25' }] }
  await expect(pools(request)).rejects.toThrow('Pool overlaps')
  await undo.unwind()
  expect(poolsInUse()).toEqual([])
})

test.each<[string, IpamRequest, string]>([
  ['a range without its subnet', { pools: [{ ipRange: '10.0.0.0/25' }] }, 'must have a corresponding subnet'],
  ['an IPv6 subnet where IPv6 is off', { pools: [{ subnet: 'fd00::/64' }] }, 'IPv6 is off'],
  ['an IPAM driver that is not there', { driver: 'nosuch' }, 'IPAM driver nosuch: not known'],
])('%s is refused', async (_, request, message) => {
  await expect(pools(request)).rejects.toThrow(message)
})

test('the null driver gives a network without addresses', async () => {
  const without = await network({ driver: 'null' })
  expect(without.config.ipv4).toEqual([{ addressSpace: 'null', pool: '0.0.0.0/0', auxAddresses: {} }])
  expect(await leaseAddresses(calls, without, { wish: {}, undo })).toEqual({ leases: [] })
})

test('an endpoint gets an address of each family, which comes back', async () => {
  const both = await network({ pools: [{ subnet: '10.1.0.0/30' }, { subnet: 'fd00::/64' }] }, { enableIpv6: true })
  const first = await leaseAddresses(calls, both, { wish: {}, undo })
  expect(first).toMatchObject({ address: '10.1.0.2/30', addressIpv6: 'fd00::2/64' })
  await expect(leaseAddresses(calls, both, { wish: {}, undo })).rejects.toThrow('no available addresses')
  await releaseLeases(calls, both, first.leases)
  expect((await leaseAddresses(calls, both, { wish: {}, undo })).address).toBe('10.1.0.2/30')
})

test('a chosen address comes from the subnet that it is in, and needs one that was chosen', async () => {
  const two = await network({ pools: [{ subnet: '10.1.0.0/24' }, { subnet: '10.2.0.0/24' }] })
  const lease = (wanted: Network, ipv4: string) => leaseAddresses(calls, wanted, { wish: { ipv4 }, undo })
  expect((await lease(two, '10.2.0.9')).address).toBe('10.2.0.9/24')
  await expect(lease(two, '10.2.0.9')).rejects.toThrow('Address already in use')
  await expect(lease(two, '10.3.0.9')).rejects.toThrow('no available addresses')
  await expect(lease(await network(), '172.17.0.9')).rejects.toThrow(
    'user specified IP address is supported only when connecting to networks with user configured subnets',
  )
})

test('a full first subnet leads to the second', async () => {
  const two = await network({ pools: [{ subnet: '10.1.0.0/30' }, { subnet: '10.2.0.0/24' }] })
  const addresses = []
  for (let count = 0; count < 2; count++) addresses.push((await leaseAddresses(calls, two, { wish: {}, undo })).address)
  expect(addresses).toEqual(['10.1.0.2/30', '10.2.0.2/24'])
})

test('what a crash kept from being written down is given back, and nothing else', async () => {
  const held = await network({ pools: [{ subnet: '10.1.0.0/24', auxAddresses: { a: '10.1.0.9' } }] })
  const kept = await leaseAddresses(calls, held, { wish: {}, undo })
  await leaseAddresses(calls, held, { wish: {}, undo })
  await pools({ pools: [{ subnet: '10.5.0.0/24' }] })
  const addresses = ['10.1.0.9', ...kept.leases.map(({ address }) => address)]
  await ipam.retain([{ poolId: 'LocalDefault/10.1.0.0/24', references: 1, addresses, gateways: ['10.1.0.1'] }])
  const again = new IpamCalls([new NativeIpam({ stateFolder: folder })])
  const next = async (ipv4?: string) => {
    const wish = ipv4 === undefined ? {} : { ipv4 }
    return (await leaseAddresses(again, held, { wish, undo })).address
  }
  expect(await next()).toBe('10.1.0.3/24')
  for (const taken of ['10.1.0.1', '10.1.0.2', '10.1.0.9']) await expect(next(taken)).rejects.toThrow('already in use')
  expect(poolsInUse()).toHaveLength(1)
  await releasePools(again, held.ipam)
  expect(poolsInUse()).toEqual([])
})
