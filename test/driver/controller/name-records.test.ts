import { describe, expect, test } from 'vitest'
import { nameRecords } from '../../../src/driver/controller/name-records.ts'
import type { Endpoint, Network, Sandbox } from '../../../src/driver/model.ts'

const id = (letter: string) => letter.repeat(64)

function network(letter: string, name: string, fields: Partial<Network> = {}): Network {
  const config = {
    id: id(letter),
    options: {},
    internal: false,
    enableIpv4: true,
    enableIpv6: false,
    ipv4: [],
    ipv6: [],
  }
  return {
    id: id(letter),
    name,
    driver: 'bridge',
    scope: 'local',
    state: 'ready',
    config,
    ipam: { driver: 'tsnet', options: {}, pools: [] },
    labels: {},
    predefined: false,
    ...fields,
  }
}

function sandbox(letter: string, name: string): Sandbox {
  return {
    id: id(letter),
    name,
    hostname: name,
    path: `/run/netns/tsnet:lab:${name}`,
    inode: 1,
    state: 'ready',
    hostNamespace: false,
    dns: { servers: ['9.9.9.9'], search: [], options: [] },
    sysctls: {},
  }
}

function endpoint(letter: string, from: Sandbox, to: Network, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    id: id(letter),
    network: to.id,
    sandbox: from.id,
    state: 'ready',
    interface: { address: '10.0.0.2/24', addressIpv6: 'fd00::2/64', name: 'eth0' },
    gateway: '10.0.0.1',
    gatewayPriority: 0,
    routes: [],
    disableGatewayService: false,
    aliases: [],
    links: [],
    exposedPorts: [],
    portBindings: [],
    driverOptions: {},
    requested: {},
    leases: [],
    ...fields,
  }
}

const a = network('a', 'a-net')
const b = network('b', 'b-net')
const web = sandbox('e', 'web')

describe('the names of a network', () => {
  test('are container, aliases and short id of each endpoint, each once, with its addresses', () => {
    const { networks } = nameRecords([a], [web], [endpoint('1', web, a, { aliases: ['www', 'web'] })])
    expect(networks).toEqual({
      [a.id]: {
        name: 'a-net',
        kind: 'local',
        enableIpv6: false,
        records: [{ names: ['web', 'www', 'eeeeeeeeeeee'], addresses: ['10.0.0.2', 'fd00::2'], pointer: 'web' }],
      },
    })
  })

  test('are not those of an endpoint that is half made', () => {
    const { networks, sandboxes } = nameRecords([a], [web], [endpoint('1', web, a, { state: 'creating' })])
    expect(networks[a.id]?.records).toEqual([])
    expect(sandboxes).toEqual([])
  })

  test.each<[string, Partial<Network>]>([
    ['host', { driver: 'host' }],
    ['none', { driver: 'none' }],
    [
      'the default bridge',
      { config: { ...a.config, options: { 'com.docker.network.bridge.default_bridge': 'true' } } },
    ],
  ])('are none on %s', (_, fields) => {
    const without = network('a', 'x', fields)
    expect(nameRecords([without], [web], [endpoint('1', web, without)])).toEqual({ networks: {}, sandboxes: [] })
  })
})

describe('a sandbox', () => {
  test('searches its networks in the order of the default route, those of several hosts first', () => {
    const swarm = network('c', 'z-net', { scope: 'global' })
    const endpoints = [endpoint('1', web, b), endpoint('2', web, a, { gatewayPriority: -1 }), endpoint('3', web, swarm)]
    const { sandboxes } = nameRecords([a, b, swarm], [web], endpoints)
    expect(sandboxes[0]?.attachments.map((each) => each.network)).toEqual([swarm.id, b.id, a.id])
  })

  test('has its links for itself alone', () => {
    const db = sandbox('f', 'db')
    const links = [{ sandbox: 'db', alias: 'store' }]
    const { sandboxes } = nameRecords([a], [web, db], [endpoint('1', web, a, { links }), endpoint('2', db, a)])
    expect(sandboxes.map(({ name, attachments }) => [name, attachments])).toEqual([
      ['web', [{ network: a.id, links: { store: 'db' } }]],
      ['db', [{ network: a.id, links: {} }]],
    ])
  })

  test('on internal networks alone does not ask outside', () => {
    const inner = network('b', 'inner', { config: { ...b.config, internal: true } })
    expect(nameRecords([inner], [web], [endpoint('1', web, inner)]).sandboxes[0]?.forward).toBe(false)
    const both = [endpoint('1', web, inner), endpoint('2', web, a)]
    expect(nameRecords([inner, a], [web], both).sandboxes[0]?.forward).toBe(true)
  })
})
