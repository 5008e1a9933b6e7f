import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { binding, networkConfig, randomId } from '../../driver/networks/bridge-build.ts'
import { BridgeWorld, OUTSIDE, removeAll } from './bridge-world.ts'

let world: BridgeWorld

beforeEach(async () => {
  world = await BridgeWorld.open()
})

afterEach(() => world.close())

const BACKENDS = [{ backend: 'iptables' }, { backend: 'nft' }] as const

interface LinkFacts {
  readonly ifname: string
  readonly address: string
  readonly mtu: number
  readonly txqlen?: number
  readonly operstate: string
  readonly ifalias?: string
  readonly linkinfo?: {
    readonly info_data?: Record<string, unknown>
    readonly info_slave_data?: Record<string, unknown>
  }
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly broadcast?: string }[]
}

async function links(namespace: string): Promise<LinkFacts[]> {
  return JSON.parse(await world.ip(namespace, '-j -d addr'))
}

async function link(namespace: string, name: string): Promise<LinkFacts> {
  const found = (await links(namespace)).find(({ ifname }) => ifname === name)
  if (!found) throw new Error(`no link ${name}`)
  return found
}

describe('links', () => {
  test('are what ip shows of a bridge of Docker, and of its cable to a container', async () => {
    const driver = world.driver({ layout: 'docker20' })
    const network = networkConfig({
      subnet: '10.1.0.0/24',
      subnet6: 'fd00:1::/64',
      options: { 'driver.mtu': '1400' },
    })
    await driver.createNetwork(network)
    const { id } = await world.container(driver, network, {
      name: 'a',
      address: '10.1.0.50/24',
      addressIpv6: 'fd00:1::50/64',
    })
    const name = `br-${network.id.slice(0, 12)}`
    const bridge = await link('h1', name)
    expect(bridge).toMatchObject({ ifalias: `tsnet:test network ${network.id}`, operstate: 'UP' })
    expect(bridge.address).toMatch(/^02:42:/)
    expect(bridge.linkinfo?.info_data).toMatchObject({
      stp_state: 0,
      forward_delay: 1500,
      vlan_filtering: 0,
      ageing_time: 30000,
    })
    const addresses = bridge.addr_info.map(({ local, prefixlen, broadcast }) => [local, prefixlen, broadcast])
    expect(addresses).toEqual(
      expect.arrayContaining([
        ['10.1.0.1', 24, '10.1.0.255'],
        ['fe80::1', 64, undefined],
        ['fd00:1::1', 64, undefined],
      ]),
    )
    expect(await world.run('h1', 'cat', [`/proc/sys/net/ipv6/conf/${name}/accept_ra`])).toBe('0\n')
    const { hostLink, mac } = await driver.endpointInfo(network.id, id)
    expect(hostLink).toMatch(/^veth[0-9a-f]{7}$/)
    expect(mac).toBe('02:42:0a:01:00:32')
    const outer = await link('h1', String(hostLink))
    expect(outer).toMatchObject({
      mtu: 1400,
      ifalias: `tsnet:test endpoint ${id}`,
      linkinfo: { info_slave_data: { hairpin: true, learning: true, flood: true } },
    })
    // a queue of length 0 is not shown
    expect(outer.txqlen).toBeUndefined()
    const inner = await link('a', 'eth0')
    expect(inner).toMatchObject({ mtu: 1400, address: mac })
    expect(inner.txqlen).toBeUndefined()
  })

  test.each([false, true])('made in the host and moved: %s', async (moved) => {
    const driver = world.driver({})
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    await world.container(driver, network, { name: 'a', address: '10.1.0.2/24', moved })
    expect(await world.reach('h1', '10.1.0.2', 80)).toBe('a 10.1.0.1')
  })

  test('a bridge that is there already is used, keeps its address and stays', async () => {
    await world.ip('h1', 'link add lan0 type bridge')
    await world.ip('h1', 'addr add 10.1.0.1/24 dev lan0')
    await world.ip('h1', 'link set lan0 up')
    const before = await world.state()
    const driver = world.driver({})
    const network = networkConfig({
      subnet: '10.1.0.0/24',
      subnet6: 'fd00:1::/64',
      options: { 'bridge.name': 'lan0' },
    })
    await driver.createNetwork(network)
    const container = await world.container(driver, network, { name: 'a', address: '10.1.0.2/24' })
    expect(await world.reach('h1', '10.1.0.2', 80)).toBe('a 10.1.0.1')
    expect((await link('h1', 'lan0')).addr_info.map(({ local }) => local)).toContain('fd00:1::1')
    await removeAll(driver, [network], [container])
    expect(withoutLinkLocal(await world.state())).toBe(withoutLinkLocal(before))
  })

  test.each([
    ['of another kind', 'link add x0 type veth peer name x1', { 'bridge.name': 'x0' }, /is no bridge/],
    ['that somebody else made', 'link add br-111111111111 type bridge', {}, /this network did not make/],
  ])('a link %s is not touched', async (_, made, options, message) => {
    await world.ip('h1', made)
    const before = await world.state()
    const network = networkConfig({ subnet: '10.1.0.0/24', id: '1'.repeat(64), options })
    await expect(world.driver({}).createNetwork(network)).rejects.toThrow(message)
    expect(await world.state()).toBe(before)
  })
})

/** Of a bridge: it changes with its ports, as does its carrier. */
function withoutLinkLocal(state: string): string {
  return state
    .replaceAll(' linkdown', '')
    .split('\n')
    .filter((line) => !line.includes('fe80:') && !line.includes('lan0:'))
    .join('\n')
}

describe.each(BACKENDS)('with $backend', (firewall) => {
  test('everything repeated changes nothing', async () => {
    const driver = world.driver(firewall)
    const network = networkConfig({ subnet: '10.1.0.0/24', subnet6: 'fd00:1::/64' })
    await driver.createNetwork(network)
    const container = await world.container(driver, network, {
      name: 'a',
      address: '10.1.0.2/24',
      addressIpv6: 'fd00:1::2/64',
      ports: [binding('8080:80'), binding('0:81/udp')],
    })
    const before = await world.state()
    const info = await driver.endpointInfo(network.id, container.id)
    await driver.createNetwork(network)
    const given = { address: '10.1.0.2/24', addressIpv6: 'fd00:1::2/64' }
    const endpoint = { networkId: network.id, id: container.id, interface: given, options: {} }
    expect(await driver.createEndpoint({ ...endpoint, exposedPorts: [], portBindings: [] })).toEqual({
      mac: info['mac'],
    })
    await driver.programExternalConnectivity({
      networkId: network.id,
      endpointId: container.id,
      exposedPorts: [],
      portBindings: [binding('8080:80'), binding('0:81/udp')],
    })
    await driver.restore()
    expect(stateless(await world.state())).toBe(stateless(before))
    expect(await driver.endpointInfo(network.id, container.id)).toEqual(info)
    await removeAll(driver, [network], [container])
    await removeAll(driver, [network], [container])
  })

  test('another driver on the same folder goes on, and makes what is missing', async () => {
    const untouched = await world.state()
    const driver = world.driver(firewall)
    const networks = [networkConfig({ subnet: '10.1.0.0/24' }), networkConfig({ subnet: '10.2.0.0/24' })] as const
    for (const network of networks) await driver.createNetwork(network)
    const container = await world.container(driver, networks[1], {
      name: 'a',
      address: '10.2.0.2/24',
      ports: [binding('8080:80')],
    })
    const before = await world.state()
    driver.close()
    // what an engine that starts, or an admin, may do
    await world.run('h1', 'nft', ['flush', 'ruleset'])
    await world.ip('h1', `link delete br-${networks[0].id.slice(0, 12)}`)
    expect(await world.reach('out', OUTSIDE.host, 8080, { silent: true })).toBeUndefined()
    const next = world.driver(firewall)
    await next.restore()
    expect(withoutIndexes(stateless(await world.state()))).toBe(withoutIndexes(stateless(before)))
    expect(await world.reach('out', OUTSIDE.host, 8080)).toBe(`a ${OUTSIDE.peer}`)
    expect((await next.endpointInfo(networks[1].id, container.id))['ports']).toMatchObject([{ hostPort: 8080 }])
    await removeAll(next, networks, [container])
    expect(withoutIndexes(await world.state())).toBe(withoutIndexes(untouched))
  })

  test('rules that were removed behind its back are put again by the same driver', async () => {
    const driver = world.driver(firewall)
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    const before = stateless(await world.state())
    await world.run('h1', 'nft', ['flush', 'ruleset'])
    await driver.restore()
    expect(stateless(await world.state())).toBe(before)
  })

  test('a network that overlaps another is refused', async () => {
    const driver = world.driver(firewall)
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    const before = stateless(await world.state())
    await expect(driver.createNetwork(networkConfig({ subnet: '10.1.0.0/25' }))).rejects.toThrow(
      `conflicts with network ${network.id.slice(0, 12)} (br-${network.id.slice(0, 12)}): networks have overlapping IPv4`,
    )
    const sameName = networkConfig({
      subnet: '10.2.0.0/24',
      options: { 'bridge.name': `br-${network.id.slice(0, 12)}` },
    })
    await expect(driver.createNetwork(sameName)).rejects.toThrow('networks have same bridge name')
    expect(stateless(await world.state())).toBe(before)
  })

  test('the host forwards only for its networks, and again not at all after the last one', async () => {
    const read = async (): Promise<string> =>
      await world.run('h1', 'cat', ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'])
    await world.run('h1', 'sh', ['-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward'])
    const driver = world.driver(firewall)
    const four = networkConfig({ subnet: '10.1.0.0/24' })
    const six = networkConfig({ subnet6: 'fd00:1::/64' })
    await driver.createNetwork(four)
    expect(await read()).toBe('1\n0\n')
    await driver.createNetwork(six)
    expect(await read()).toBe('1\n1\n')
    const policy = await world.run('h1', 'nft', ['list', 'ruleset'])
    expect(policy.match(/hook forward .* policy drop/g)).toHaveLength(2)
    await driver.deleteNetwork(four.id)
    expect(await read()).toBe('1\n1\n')
    await driver.deleteNetwork(six.id)
    expect(await read()).toBe('0\n0\n')
    expect(await world.run('h1', 'nft', ['list', 'ruleset'])).toBe('')
  })

  test('a host that forwarded before keeps its policy, and goes on forwarding', async () => {
    await world.run('h1', 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
    const driver = world.driver(firewall)
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    expect(await world.run('h1', 'nft', ['list', 'ruleset'])).not.toContain('policy drop')
    await driver.deleteNetwork(network.id)
    expect(await world.run('h1', 'cat', ['/proc/sys/net/ipv4/ip_forward'])).toBe('1\n')
  })
})

describe('a network that cannot be made is not half there', () => {
  test.each([
    // nat is a transaction of its own, done before filter is refused
    ['iptables', 'add table ip filter', 'add chain ip filter FORWARD { type nat hook prerouting priority 0; }'],
    ['nft', 'add table ip docker-bridges { comment "mine"; }', 'add chain ip docker-bridges filter-FORWARD'],
  ] as const)('when %s refuses its rules', async (backend, ...foreign) => {
    await world.run('h1', 'nft', ['-f', '-'], foreign.join('\n'))
    const before = await world.state()
    const driver = world.driver({ backend })
    const network = networkConfig({ subnet: '10.1.0.0/24', subnet6: 'fd00:1::/64' })
    await expect(driver.createNetwork(network)).rejects.toThrow(/iptables-restore|belongs to somebody else/)
    expect(await world.state()).toBe(before)
    await world.run('h1', 'nft', ['flush', 'ruleset'])
    await driver.createNetwork(network)
    await driver.deleteNetwork(network.id)
  })

  test('when its bridge cannot have its address', async () => {
    await world.ip('h1', 'link add lan0 type bridge')
    await world.ip('h1', 'addr add 10.9.0.1/24 dev lan0')
    const before = await world.state()
    const network = networkConfig({ subnet: '10.1.0.0/24', options: { 'bridge.name': 'lan0' } })
    await expect(world.driver({}).createNetwork(network)).rejects.toThrow(
      'bridge lan0: its IPv4 address is 10.9.0.1/24, not 10.1.0.1/24',
    )
    expect(await world.state()).toBe(before)
  })

  test.each(['10.1.0.999/24', '10.1.0.2', '10.1.0.2/24 -j ACCEPT', 'fd00::g/64'])(
    'nor is an endpoint whose address is none: %j',
    async (address) => {
      const driver = world.driver({})
      const network = networkConfig({ subnet: '10.1.0.0/24' })
      await driver.createNetwork(network)
      const before = await world.state()
      const given = { networkId: network.id, id: randomId(), interface: { address }, options: {} }
      await expect(driver.createEndpoint({ ...given, exposedPorts: [], portBindings: [] })).rejects.toThrow(
        /address|CIDR/,
      )
      expect(await world.state()).toBe(before)
    },
  )
})

/** Whoever holds a port may have it under another descriptor. */
function stateless(state: string): string {
  return state.replace(/fd=\d+/g, '')
}

/** A link made again has another number and place. */
function withoutIndexes(state: string): string {
  return state
    .replace(/^\d+: /gm, '')
    .replace(/ether [0-9a-f:]{17}|link\/ether [0-9a-f:]{17}|if\d+/g, '')
    .split('\n')
    .filter((line) => !line.includes('fe80:') && !/^br-/.test(line))
    .sort()
    .join('\n')
}

describe('ports of the host', () => {
  async function publisher(userland = false) {
    const proxy = userland ? world.dockerProxy() : undefined
    const driver = world.driver({}, proxy)
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    const other = networkConfig({ subnet: '10.2.0.0/24' })
    await driver.createNetwork(network)
    await driver.createNetwork(other)
    let last = 1
    const publish = async (text: string, at = network): Promise<string[]> => {
      const id = randomId()
      last++
      const address = `${at === network ? '10.1' : '10.2'}.0.${last}/24`
      const given = { networkId: at.id, id, interface: { address }, exposedPorts: [], portBindings: [], options: {} }
      await driver.createEndpoint(given)
      await driver.programExternalConnectivity({
        networkId: at.id,
        endpointId: id,
        exposedPorts: [],
        portBindings: text.split(' ').map(binding),
      })
      const info = await driver.endpointInfo(at.id, id)
      const ports = info['ports'] as readonly { hostAddress: string; hostPort: number }[]
      return ports.map(({ hostAddress, hostPort }) => `${hostAddress} ${hostPort}`)
    }
    return { driver, network, other, publish, proxy }
  }

  test.each([false, true])('are each given away once, in whatever network (userland proxy: %s)', async (userland) => {
    const { publish, other } = await publisher(userland)
    const v6 = userland ? [':: 8080'] : []
    expect(await publish('8080:80')).toEqual(['0.0.0.0 8080', ...v6])
    await expect(publish('8080:81', other)).rejects.toThrow('Bind for 0.0.0.0:8080 failed: port is already allocated')
    await expect(publish('127.0.0.1:8080:81', other)).rejects.toThrow(
      'Bind for 127.0.0.1:8080 failed: port is already allocated',
    )
    expect(await publish('8080:80/udp', other)).toEqual(['0.0.0.0 8080', ...v6])
    // of a range the next one that is free, until there is none
    expect(await publish('127.0.0.1:8080-8082:80')).toEqual(['127.0.0.1 8081'])
    expect(await publish('127.0.0.1:8080-8082:80', other)).toEqual(['127.0.0.1 8082'])
    await expect(publish('127.0.0.1:8080-8082:80')).rejects.toThrow('all ports are allocated')
  })

  test.each([false, true])('that a process of the host has are not taken (userland proxy: %s)', async (userland) => {
    const { publish } = await publisher(userland)
    await world.serveTcp('h1', 8080, '0.0.0.0')
    await world.serveUdp('h1', 8080, ['0.0.0.0'])
    await expect(publish('8080:80')).rejects.toThrow('Bind for 0.0.0.0:8080 failed: port is already allocated')
    await expect(publish('8080:80/udp')).rejects.toThrow('Bind for 0.0.0.0:8080 failed: port is already allocated')
    expect(await publish('127.0.0.1:8079-8081:80 127.0.0.1:8079-8081:81')).toEqual(['127.0.0.1 8079', '127.0.0.1 8081'])
    await expect(publish('192.0.2.77:80:80')).rejects.toThrow(/EADDRNOTAVAIL|cannot assign/)
  })

  test('are not there for a process of the host', async () => {
    const { publish, driver, network } = await publisher()
    await publish('8080:80 8080:80/udp')
    await expect(world.serveTcp('h1', 8080, '0.0.0.0')).rejects.toThrow(/EADDRINUSE/)
    await expect(world.serveUdp('h1', 8080, ['0.0.0.0'])).rejects.toThrow(/EADDRINUSE/)
    await driver.deleteNetwork(network.id)
    await world.serveTcp('h1', 8080, '0.0.0.0')
    await world.serveUdp('h1', 8080, ['0.0.0.0'])
  })

  test("without a number are taken from the kernel's range, one after another", async () => {
    await world.run('h1', 'sh', ['-c', 'echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range'])
    await world.serveTcp('h1', 40001, '0.0.0.0')
    const { publish } = await publisher()
    expect(await publish('0:80')).toEqual(['0.0.0.0 40000'])
    expect(await publish('0:80 0:81')).toEqual(['0.0.0.0 40002', '0.0.0.0 40003'])
    await expect(publish('0:80')).rejects.toThrow('already allocated')
  })

  test('of an endpoint are all published or none', async () => {
    const { publish, driver, network } = await publisher()
    await world.serveTcp('h1', 8081, '0.0.0.0')
    const before = stateless(await world.state())
    await expect(publish('8080:80 8081:81')).rejects.toThrow('0.0.0.0:8081')
    expect(stateless(await world.state()).replace(/^-A PREROUTING -d 10.1.0.2\/32 .*\n/gm, '')).toContain(
      before.split('---\n')[6] ?? '',
    )
    expect(await world.rules()).not.toContain('8080')
    expect(await publish('8080:80')).toEqual(['0.0.0.0 8080'])
    await driver.deleteNetwork(network.id)
  })

  test('behind a userland proxy answer on every way, and the proxies end with the endpoint', async () => {
    const before = await world.state()
    const proxy = world.dockerProxy()
    const driver = world.driver({ layout: 'docker20' }, proxy)
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    const web = await world.container(driver, network, {
      name: 'web',
      address: '10.1.0.2/24',
      ports: [binding('8080:80'), binding('8053:53/udp')],
      listen: ['tcp 80', 'udp 53'],
    })
    const peer = await world.container(driver, network, { name: 'peer', address: '10.1.0.3/24' })
    expect(proxy.running.size).toBe(4)
    expect(await world.reach('out', OUTSIDE.host, 8080)).toBe(`web ${OUTSIDE.peer}`)
    expect(await world.reach('out', OUTSIDE.host6, 8080)).toBe('web 10.1.0.1')
    expect(await world.reach('h1', '127.0.0.1', 8080)).toBe('web 10.1.0.1')
    expect(await world.reach('h1', '127.0.0.1', 8053, { protocol: 'udp' })).toBe('web 10.1.0.1')
    expect(await world.reach('web', OUTSIDE.host, 8080)).toBe('web 10.1.0.1')
    expect(await world.reach('peer', OUTSIDE.host, 8080)).toBe('web 10.1.0.1')
    await driver.revokeExternalConnectivity(network.id, web.id)
    expect(proxy.running.size).toBe(0)
    await removeAll(driver, [network], [web, peer])
    expect(await world.state()).toBe(before)
  })
})

describe('connections', () => {
  test('of an address that goes are forgotten, and a client of datagrams reaches the port published later', async () => {
    const driver = world.driver({})
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    const web = await world.container(driver, network, {
      name: 'web',
      address: '10.1.0.2/24',
      listen: ['tcp 80', 'udp 53'],
    })
    const tracked = async (): Promise<string> => await world.run('h1', 'conntrack', ['-L'])
    // one socket that goes on asking, from before the port is there
    const answered = world.reach('out', OUTSIDE.host, 8053, { protocol: 'udp' })
    await until(async () => (await tracked()).includes('dport=8053'))
    await driver.programExternalConnectivity({
      networkId: network.id,
      endpointId: web.id,
      exposedPorts: [],
      portBindings: [binding('8053:53/udp')],
    })
    expect(await answered).toBe(`web ${OUTSIDE.peer}`)
    expect(await tracked()).toContain('src=10.1.0.2')
    await driver.revokeExternalConnectivity(network.id, web.id)
    expect(await tracked()).not.toContain('10.1.0.2')
  })
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come about in time')
  }
}

test('two hundred containers come and go in a few transactions', async () => {
  const driver = world.driver({})
  const network = networkConfig({ subnet: '10.1.0.0/16' })
  await driver.createNetwork(network)
  await world.addNamespace('all')
  const place = world.namespace('all')
  const ids = Array.from({ length: 200 }, () => randomId())
  const begun = performance.now()
  await Promise.all(
    ids.map(async (id, at) => {
      const address = `10.1.1.${at + 1}/16`
      const given = {
        networkId: network.id,
        id,
        interface: { address },
        exposedPorts: [],
        portBindings: [],
        options: {},
      }
      await driver.createEndpoint(given)
      await driver.join({
        networkId: network.id,
        endpointId: id,
        sandboxKey: place.path,
        options: {},
        sandboxFd: place.fd,
      })
    }),
  )
  const made = performance.now()
  expect((await links('h1')).filter(({ ifname }) => ifname.startsWith('veth'))).toHaveLength(200)
  expect((await world.rules()).match(/^-A PREROUTING -d 10\.1\.1\./gm)).toHaveLength(200)
  const again = performance.now()
  await Promise.all(ids.map((id) => driver.deleteEndpoint(network.id, id)))
  const gone = performance.now()
  expect((await links('h1')).filter(({ ifname }) => ifname.startsWith('veth'))).toHaveLength(0)
  console.info(`200 endpoints: made in ${Math.round(made - begun)} ms, gone in ${Math.round(gone - again)} ms`)
  // one at a time, making takes the kernel 4 s of moving links and deleting 3 s of grace periods
  expect(made - begun).toBeLessThan(2000)
  expect(gone - again).toBeLessThan(2000)
})
