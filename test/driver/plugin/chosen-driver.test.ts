import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NetworkConfig } from '../../../src/driver/network-driver.ts'
import { ChosenDriver } from '../../../src/driver/plugin/chosen-driver.ts'
import { MemoryDriver } from './memory-driver.ts'

let stateFolder: string
let bridge: MemoryDriver
let macvlan: MemoryDriver

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'tsnet-chosen-'))
  bridge = new MemoryDriver()
  macvlan = new MemoryDriver()
})

afterEach(() => rmSync(stateFolder, { recursive: true }))

function open(): ChosenDriver {
  const drivers = new Map([
    ['bridge', bridge],
    ['macvlan', macvlan],
  ])
  return new ChosenDriver({ drivers, defaultName: 'bridge', stateFolder })
}

function network(id: string, options: Readonly<Record<string, string>> = {}): NetworkConfig {
  return { id, options, internal: false, enableIpv4: true, enableIpv6: false, ipv4: [], ipv6: [] }
}

const endpoint = (networkId: string, id: string) => {
  return { networkId, id, interface: {}, exposedPorts: [], portBindings: [], options: {} }
}

test('a network goes to the driver that it names, or to the first one, and so does all that belongs to it', async () => {
  await open().createNetwork(network('n1'))
  await open().createNetwork(network('n2', { 'tsnet.driver': 'macvlan' }))
  expect([[...bridge.networks.keys()], [...macvlan.networks.keys()]]).toEqual([['n1'], ['n2']])
  const chosen = open()
  await chosen.createEndpoint(endpoint('n2', 'e1e1e1e1'))
  await chosen.join({ networkId: 'n2', endpointId: 'e1e1e1e1', sandboxKey: '/x', options: {} })
  expect([bridge.endpoints.size, macvlan.endpoints.size, macvlan.joined.size]).toEqual([0, 1, 1])
  await chosen.leave('n2', 'e1e1e1e1')
  await chosen.deleteEndpoint('n2', 'e1e1e1e1')
  await chosen.deleteNetwork('n2')
  expect([macvlan.endpoints.size, macvlan.joined.size, macvlan.networks.size]).toEqual([0, 0, 0])
  await expect(open().createEndpoint(endpoint('n2', 'e2'))).rejects.toThrow('network n2: is unknown')
})

test('a driver that there is not is refused, and so is another one for a network that there is', async () => {
  await expect(open().createNetwork(network('n1', { 'tsnet.driver': 'token-ring' }))).rejects.toThrow('"token-ring"')
  await open().createNetwork(network('n1'))
  await open().createNetwork(network('n1'))
  const other = open().createNetwork(network('n1', { 'tsnet.driver': 'macvlan' }))
  await expect(other).rejects.toThrow('of the driver bridge')
})

test('a network that its driver could not make is unknown afterwards', async () => {
  macvlan.createNetwork = async () => {
    throw new Error('no parent')
  }
  await expect(open().createNetwork(network('n1', { 'tsnet.driver': 'macvlan' }))).rejects.toThrow('no parent')
  await open().createNetwork(network('n1'))
  expect(bridge.networks.has('n1')).toBe(true)
})

test('what nobody knows any more is taken from every driver', async () => {
  bridge.endpoints.set('e1', endpoint('n9', 'e1'))
  macvlan.networks.set('n9', network('n9'))
  await open().deleteEndpoint('n9', 'e1')
  await open().deleteNetwork('n9')
  expect([bridge.endpoints.size, macvlan.networks.size]).toEqual([0, 0])
})
