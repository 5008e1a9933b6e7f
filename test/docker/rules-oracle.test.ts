import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { BridgeDriver } from '../../src/driver/networks/bridge/bridge-driver.ts'
import { binding, networkConfig, randomId } from '../driver/networks/bridge-build.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'
import { BridgeWorld } from '../system/driver/bridge-world.ts'

interface WantedNetwork {
  readonly name: string
  readonly bridge: string
  readonly subnet: string
  readonly internal?: boolean
  /** Without their common beginning. */
  readonly options?: Readonly<Record<string, string>>
}

interface WantedContainer {
  readonly network: string
  readonly address: string
  readonly ports?: readonly string[]
}

/** docker0 is there first; the engine gives it its own address. */
const DOCKER0: WantedNetwork = { name: 'bridge', bridge: 'docker0', subnet: '172.17.0.0/16' }

const NETWORKS: readonly WantedNetwork[] = [
  { name: 'plain', bridge: 'br-plain', subnet: '10.210.1.0/24' },
  { name: 'noicc', bridge: 'br-noicc', subnet: '10.210.2.0/24', options: { 'bridge.enable_icc': 'false' } },
  { name: 'inner', bridge: 'br-inner', subnet: '10.210.3.0/24', internal: true },
  {
    name: 'innernoicc',
    bridge: 'br-innernoicc',
    subnet: '10.210.4.0/24',
    internal: true,
    options: { 'bridge.enable_icc': 'false' },
  },
  { name: 'nomasq', bridge: 'br-nomasq', subnet: '10.210.5.0/24', options: { 'bridge.enable_ip_masquerade': 'false' } },
  {
    name: 'snat',
    bridge: 'br-snat',
    subnet: '10.210.6.0/24',
    options: { host_ipv4: '192.0.2.2', 'driver.mtu': '1400' },
  },
  {
    name: 'bound',
    bridge: 'br-bound',
    subnet: '10.210.7.0/24',
    options: { 'bridge.host_binding_ipv4': '127.0.0.1', container_iface_prefix: 'foo' },
  },
]

/** The engine publishes the ports of one container in an order of its own, so each has one or they are compared as a set. */
const CONTAINERS: readonly WantedContainer[] = [
  {
    network: 'plain',
    address: '10.210.1.50',
    ports: ['18080:80', '127.0.0.1:18081:80', '18082:81/udp', '18090-18099:82'],
  },
  { network: 'noicc', address: '10.210.2.2', ports: ['192.0.2.2:18083:80'] },
  { network: 'inner', address: '10.210.3.2' },
  { network: 'nomasq', address: '10.210.5.2', ports: ['18085:80/udp'] },
  { network: 'snat', address: '10.210.6.2', ports: ['18086:80'] },
  { network: 'bound', address: '10.210.7.2', ports: ['18087:80'] },
]

describe.each([
  { proxy: true, daemonOptions: [] },
  { proxy: false, daemonOptions: ['--userland-proxy=false'] },
])('as an engine 20.10 does it (userland proxy: $proxy)', ({ proxy, daemonOptions }) => {
  let engine: DockerEngine
  let world: BridgeWorld
  let driver: BridgeDriver
  const ids = new Map<string, string>()

  beforeAll(async () => {
    engine = await startDockerEngine({ daemonOptions })
    // published on, and translated to
    await engine.inside('ip', 'addr', 'add', '192.0.2.2/32', 'dev', 'lo')
  })

  afterAll(() => engine?.stop())

  beforeEach(async () => {
    world = await BridgeWorld.open()
    await world.ip('h1', 'addr add 192.0.2.2/32 dev lo')
    driver = world.driver({ layout: 'docker20' }, proxy ? world.dockerProxy() : undefined)
    ids.clear()
    await ours(DOCKER0)
  })

  afterEach(async () => {
    const names = (await engine.docker('ps', '-aq')).split('\n').filter(Boolean)
    if (names.length > 0) await engine.docker('rm', '-f', ...names)
    for (const name of (await engine.docker('network', 'ls', '--filter', 'type=custom', '-q'))
      .split('\n')
      .filter(Boolean)) {
      await engine.docker('network', 'rm', name)
    }
    await world.close()
  })

  async function ours({ name, bridge, subnet, internal = false, options = {} }: WantedNetwork): Promise<void> {
    const config = networkConfig({ subnet, internal, options: { 'bridge.name': bridge, ...options } })
    ids.set(name, config.id)
    await driver.createNetwork(config)
  }

  async function theirs({ name, bridge, subnet, internal, options = {} }: WantedNetwork): Promise<void> {
    const all = { 'bridge.name': bridge, ...options }
    const words = Object.entries(all).flatMap(([key, value]) => ['-o', `com.docker.network.${key}=${value}`])
    await engine.docker('network', 'create', ...words, ...(internal ? ['--internal'] : []), '--subnet', subnet, name)
  }

  async function publishOurs({ network, address, ports = [] }: WantedContainer): Promise<string> {
    const networkId = ids.get(network) ?? ''
    const id = randomId()
    const length = network === 'bridge' ? 16 : 24
    await driver.createEndpoint({
      networkId,
      id,
      interface: { address: `${address}/${length}` },
      exposedPorts: [],
      portBindings: [],
      options: {},
    })
    await driver.join({ networkId, endpointId: id, sandboxKey: '', options: {} })
    const portBindings = ports.map(binding)
    await driver.programExternalConnectivity({ networkId, endpointId: id, exposedPorts: [], portBindings })
    return id
  }

  async function publishTheirs({ network, address, ports = [] }: WantedContainer): Promise<void> {
    const name = `c-${address}`
    const place = network === 'bridge' ? [] : ['--ip', address]
    await engine.runContainer(name, '--network', network, ...place, ...ports.flatMap((port) => ['-p', port]))
  }

  async function compare(): Promise<void> {
    const [their, our] = [await engine.inside('iptables-save'), await world.rules()]
    expect(chainsOf(our)).toEqual(chainsOf(their))
  }

  test('the rules are those of the engine, in the same order in every chain', async () => {
    for (const network of NETWORKS) {
      await theirs(network)
      await ours(network)
      await compare()
    }
    for (const container of CONTAINERS) {
      const ports = container.ports ?? []
      await publishTheirs(container)
      // one order for both: the one in which the engine put the rules
      const order = orderOf(await engine.inside('iptables-save', '-t', 'nat'))
      await publishOurs({ ...container, ports: [...ports].sort((a, b) => order(a) - order(b)) })
      await compare()
    }
  })

  test('they stay the same when networks and containers go', async () => {
    const [plain, noicc, inner, , nomasq] = NETWORKS as readonly [WantedNetwork, ...WantedNetwork[]]
    for (const network of [plain, noicc, inner, nomasq]) {
      if (!network) continue
      await theirs(network)
      await ours(network)
    }
    const first: WantedContainer = { network: 'plain', address: '10.210.1.50', ports: ['18080:80'] }
    const second: WantedContainer = { network: 'plain', address: '10.210.1.51', ports: ['18081:80'] }
    await publishTheirs(first)
    await publishTheirs(second)
    const id = await publishOurs(first)
    await publishOurs(second)
    await compare()
    await engine.docker('rm', '-f', 'c-10.210.1.50')
    await driver.revokeExternalConnectivity(ids.get('plain') ?? '', id)
    await driver.leave(ids.get('plain') ?? '', id)
    await driver.deleteEndpoint(ids.get('plain') ?? '', id)
    await compare()
    for (const name of ['noicc', 'inner']) {
      await engine.docker('network', 'rm', name)
      await driver.deleteNetwork(ids.get(name) ?? '')
      await compare()
    }
  })

  test('bridges, cables and settings of the kernel are those of the engine', async () => {
    const [plain, noicc] = NETWORKS as readonly [WantedNetwork, WantedNetwork, ...WantedNetwork[]]
    for (const network of [plain, noicc]) {
      await theirs(network)
      await ours(network)
    }
    const container: WantedContainer = { network: 'plain', address: '10.210.1.50' }
    await publishTheirs(container)
    await publishOurs(container)
    const [theirLinks, ourLinks] = [
      JSON.parse(await engine.inside('ip', '-j', '-d', 'addr')),
      JSON.parse(await world.ip('h1', '-j -d addr')),
    ]
    for (const name of ['br-plain', 'br-noicc'])
      expect(bridgeFacts(ourLinks, name)).toEqual(bridgeFacts(theirLinks, name))
    expect(portFacts(ourLinks, 'br-plain')).toEqual(portFacts(theirLinks, 'br-plain'))
    const settings = [
      'ipv4/ip_forward',
      'ipv4/conf/br-plain/route_localnet',
      'ipv6/conf/br-plain/accept_ra',
      'bridge/bridge-nf-call-iptables',
    ]
    for (const name of settings) {
      const path = `/proc/sys/net/${name}`
      expect(`${name} ${await world.run('h1', 'cat', [path])}`.trim()).toBe(
        `${name} ${await engine.inside('cat', path)}`,
      )
    }
  })
})

/** Rules by chain, in their order, and the policies; without counters, comments and the order of chains. */
function chainsOf(saved: string): Record<string, readonly string[]> {
  const chains: Record<string, string[]> = {}
  let table = ''
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1)
    const [, name = '', policy = ''] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (name !== '') chains[`${table} ${name} ${policy}`] = []
    const [, chain = '', text = ''] = /^-A (\S+) (.*)$/.exec(line) ?? []
    const key = Object.keys(chains).find((one) => one.startsWith(`${table} ${chain} `))
    if (key !== undefined && chain !== '') chains[key]?.push(text)
  }
  // a table that was looked at once is there for good
  return Object.fromEntries(
    Object.entries(chains).filter(([key, rules]) => rules.length > 0 || !key.endsWith(' ACCEPT')),
  )
}

/** Where the engine put the translation of `[HOST:]PORT[-PORT]:CONTAINERPORT[/PROTOCOL]`. */
function orderOf(saved: string): (port: string) => number {
  const lines = saved.split('\n').filter((line) => line.includes('-j DNAT'))
  return (port) => {
    const { protocol, hostPort, hostPortEnd } = binding(port)
    return lines.findIndex((line) => {
      const [, found] = /--dport (\d+)/.exec(line) ?? []
      const isPort = Number(found) >= hostPort && Number(found) <= hostPortEnd
      return isPort && line.includes(`-p ${protocol} `)
    })
  }
}

interface LinkFacts {
  readonly ifname: string
  readonly ifindex: number
  readonly master?: string
  readonly mtu: number
  readonly qdisc?: string
  readonly txqlen?: number
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: object; readonly info_slave_data?: object }
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly broadcast?: string }[]
}

function bridgeFacts(links: readonly LinkFacts[], name: string): object {
  const link = links.find(({ ifname }) => ifname === name)
  if (!link) throw new Error(`no link ${name}`)
  const { mtu, qdisc, txqlen, linkinfo, addr_info } = link
  // ids are made of MAC addresses, and timers run
  const changing = /_id$|timer$|^(?:root|bridge|topology)/
  const data = Object.entries(linkinfo?.info_data ?? {}).filter(([key]) => !changing.test(key))
  const addresses = addr_info.filter(({ local }) => !local.startsWith('fe80:'))
  return {
    mtu,
    qdisc,
    txqlen,
    data: Object.fromEntries(data),
    addresses: addresses.map(({ local, prefixlen, broadcast }) => ({ local, prefixlen, broadcast })),
  }
}

function portFacts(links: readonly LinkFacts[], bridge: string): object[] {
  const changing = /_id$|^(?:no|id|state|root|designated|.*timer)/
  return links
    .filter(({ master }) => master === bridge)
    .map(({ mtu, qdisc, txqlen, linkinfo }) => ({
      mtu,
      qdisc,
      txqlen,
      kind: linkinfo?.info_kind,
      port: Object.fromEntries(Object.entries(linkinfo?.info_slave_data ?? {}).filter(([key]) => !changing.test(key))),
    }))
}
