import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { openRemote, type RemoteController } from './guest/controller-client.ts'
import { TAG } from './guest/setting.ts'
import { type Leftovers, leftovers, sandbox, settledLeftovers } from './guest/world-facts.ts'

const SANDBOXES = 200
const FEW = 2

let program: string
let world: World
let controller: RemoteController
let before: Leftovers

beforeAll(async () => {
  program = await bundleProgram('test/system/driver/guest/controller-server.ts')
  world = await openWorld()
  await world.run('sh', ['-ec', UPLINK])
  before = await leftovers(world)
})
afterAll(() => world.close())

/** A link to the world outside, which answers as 10.9.0.1. */
const UPLINK = `
ip link add up0 type veth peer name far0
ip link set up0 up; ip link set far0 up; ip addr add 10.9.0.1/24 dev far0
`

beforeEach(async () => {
  controller = await openRemote(world, program)
})

/** Every test ends as it began. */
afterEach(async () => {
  for (const { name } of await controller.sandboxes()) await controller.removeSandbox(name)
  for (const { name } of await controller.networks()) await controller.removeNetwork(name, { predefined: true })
  await controller.close()
  expect(await settledLeftovers(world, before)).toEqual(before)
})

type Row = Record<string, unknown>

async function json<T = Row[]>(name: string, ...words: string[]): Promise<T> {
  return JSON.parse((await world.run('ip', ['-n', sandbox(name), '-j', '-d', ...words])) || '[]') as T
}

async function routes(name: string): Promise<string[]> {
  const rows = [...(await json(name, 'route')), ...(await json(name, '-6', 'route'))]
  return rows
    .filter(({ dst }) => dst === 'default')
    .map(({ gateway, dev }) => (gateway === undefined ? `${dev}` : `${gateway} ${dev}`))
}

const addresses = async (name: string, link: string) =>
  (await json<{ addr_info: { local: string; prefixlen: number }[] }[]>(name, 'addr', 'show', link)).flatMap((row) =>
    row.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  )

const sysctl = async (name: string, setting: string) =>
  (await world.run('cat', [`/proc/sys/net/${setting}`], { namespace: sandbox(name) })).trim()

async function reaches(from: string, address: string): Promise<boolean> {
  const { status } = await world.tryRun('ping', ['-c1', '-W2', address], { namespace: sandbox(from) })
  return status === 0
}

const MACVLAN = {
  name: 'mv',
  driver: 'macvlan',
  options: { parent: 'up0' },
  ipam: { pools: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1', ipRange: '10.9.0.128/25' }] },
}
const bridge = (name: string, subnet: string) => ({ name, driver: 'bridge', ipam: { pools: [{ subnet }] } })

/** Sandboxes connected to one network. */
async function connected(network: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    await controller.createSandbox({ name })
    await controller.connect({ sandbox: name, network })
  }
}

describe('a sandbox', () => {
  test('is a namespace with lo up and IPv6 off, as Docker makes them', async () => {
    const { id, path, inode } = await controller.createSandbox({ name: 'a' })
    expect(path).toBe(`/run/netns/${sandbox('a')}`)
    expect(Number((await world.run('stat', ['-L', '-c', '%i', path])).trim())).toBe(inode)
    const links = await json('a', 'link')
    expect(links).toMatchObject([{ ifname: 'lo', flags: expect.arrayContaining(['UP']) }])
    expect(links[0]?.['ifalias']).toContain(`${TAG} sandbox ${id}`)
    for (const [setting, value] of [
      ['ipv6/conf/all/disable_ipv6', '1'],
      ['ipv6/conf/default/disable_ipv6', '1'],
      ['ipv4/ip_unprivileged_port_start', '0'],
      ['ipv4/ping_group_range', '0\t2147483647'],
    ] as const) {
      expect(await sysctl('a', setting)).toBe(value)
    }
  })

  test('has the sysctls that were asked for, and is not made with one that there is not', async () => {
    await controller.createSandbox({ name: 'a', sysctls: { 'net.ipv4.ip_default_ttl': '33' } })
    expect(await sysctl('a', 'ipv4/ip_default_ttl')).toBe('33')
    await expect(controller.createSandbox({ name: 'b', sysctls: { 'net.nosuch.x': '1' } })).rejects.toThrow(
      'there is no such setting',
    )
    await expect(controller.createSandbox({ name: 'b', sysctls: { 'kernel.panic': '1' } })).rejects.toThrow(
      'only settings below net',
    )
    expect((await controller.sandboxes()).map(({ name }) => name)).toEqual(['a'])
    expect((await leftovers(world)).namespaces).toEqual([sandbox('a')])
  })

  test('has a name of its own, and none that would be a path', async () => {
    await controller.createSandbox({ name: 'a' })
    await expect(controller.createSandbox({ name: 'a' })).rejects.toThrow('sandbox name a is already in use')
    for (const name of ['../a', 'a/b', '', '.', 'a b']) {
      await expect(controller.createSandbox({ name })).rejects.toThrow('invalid sandbox name')
    }
  })

  test('does not take the place of a namespace that somebody else made', async () => {
    await world.run('ip', ['netns', 'add', sandbox('a')])
    try {
      await expect(controller.createSandbox({ name: 'a' })).rejects.toThrow('EEXIST')
      expect((await leftovers(world)).namespaces).toEqual([sandbox('a')])
    } finally {
      await world.run('ip', ['netns', 'delete', sandbox('a')])
    }
  })
})

describe('two sandboxes', () => {
  test('of a bridge network reach each other and their gateway', async () => {
    await controller.createNetwork(bridge('br', '10.8.0.0/24'))
    await connected('br', 'a', 'b')
    expect(await reaches('a', '10.8.0.3')).toBe(true)
    expect(await reaches('b', '10.8.0.1')).toBe(true)
    expect(await routes('a')).toEqual(['10.8.0.1 eth0'])
    expect(await addresses('a', 'eth0')).toEqual(['10.8.0.2/24'])
  })

  test('of a macvlan network reach each other', async () => {
    await controller.createNetwork(MACVLAN)
    await connected('mv', 'a', 'b')
    expect(await reaches('a', '10.9.0.129')).toBe(true)
    expect(await routes('a')).toEqual(['10.9.0.1 eth0'])
    expect(await json('a', 'link', 'show', 'eth0')).toMatchObject([
      { mtu: 1500, operstate: 'UP', linkinfo: { info_kind: 'macvlan', info_data: { mode: 'bridge' } } },
    ])
  })

  test('of an IPv6 network have addresses without duplicate detection, and reach each other', async () => {
    const request = bridge('six', '10.8.0.0/24')
    const pools = [...request.ipam.pools, { subnet: 'fd00:8::/64' }]
    await controller.createNetwork({ ...request, enableIpv6: true, ipam: { pools } })
    await connected('six', 'a', 'b')
    expect(await addresses('a', 'eth0')).toEqual(
      expect.arrayContaining(['10.8.0.2/24', 'fd00:8::2/64', expect.stringMatching(/^fe80:/)]),
    )
    expect(await sysctl('a', 'ipv6/conf/eth0/disable_ipv6')).toBe('0')
    expect(await sysctl('a', 'ipv6/conf/lo/disable_ipv6')).toBe('0')
    expect(await reaches('a', 'fd00:8::3')).toBe(true)
    expect(await routes('a')).toEqual(['10.8.0.1 eth0', 'fd00:8::1 eth0'])
  })
})

describe('an endpoint', () => {
  test('has the address, MAC and name that were asked for', async () => {
    await controller.createNetwork(bridge('br', '10.8.0.0/24'))
    await controller.createSandbox({ name: 'a' })
    const wish = { ipv4: '10.8.0.77', mac: '02:42:0A:08:00:77', interfaceName: 'front' }
    const endpoint = await controller.connect({ sandbox: 'a', network: 'br', ...wish })
    expect(endpoint.interface).toEqual({ name: 'front', address: '10.8.0.77/24', mac: '02:42:0a:08:00:77' })
    expect(await json('a', 'link', 'show', 'front')).toMatchObject([{ address: '02:42:0a:08:00:77' }])
    expect(await addresses('a', 'front')).toEqual(['10.8.0.77/24'])
  })

  test('carries the tag on its links on both sides', async () => {
    await controller.createNetwork(bridge('br', '10.8.0.0/24'))
    await connected('br', 'a')
    const [endpoint] = await controller.endpoints()
    const alias = `${TAG} endpoint ${endpoint?.id}`
    expect(await json('a', 'link', 'show', 'eth0')).toMatchObject([{ ifalias: alias }])
    const host = JSON.parse(await world.run('ip', ['-j', 'link'])) as { ifalias?: string }[]
    expect(host.filter(({ ifalias }) => ifalias === alias)).toHaveLength(1)
  })

  test('gets the lowest number that is free', async () => {
    await controller.createSandbox({ name: 'a' })
    for (const number of [1, 2, 3]) await controller.createNetwork(bridge(`n${number}`, `10.${number}.0.0/24`))
    const names = async (...networks: string[]) => {
      const made = []
      for (const network of networks) made.push((await controller.connect({ sandbox: 'a', network })).interface.name)
      return made
    }
    expect(await names('n1', 'n2')).toEqual(['eth0', 'eth1'])
    await controller.disconnect('a', 'n1')
    expect(await names('n3', 'n1')).toEqual(['eth0', 'eth2'])
  })

  test('with the address of one that is gone is reached at once by those who knew that one', async () => {
    await controller.createNetwork(bridge('br', '10.8.0.0/24'))
    await connected('br', 'a', 'b')
    expect(await reaches('a', '10.8.0.3')).toBe(true)
    const macOf = async () => {
      const neighbours = await json<{ dst: string; lladdr?: string }[]>('a', 'neigh')
      return neighbours.find(({ dst }) => dst === '10.8.0.3')?.lladdr
    }
    const before = await macOf()
    await controller.removeSandbox('b')
    await controller.createSandbox({ name: 'c' })
    const { interface: placed } = await controller.connect({ sandbox: 'c', network: 'br' })
    expect(placed).toMatchObject({ address: '10.8.0.3/24', mac: expect.not.stringMatching(before ?? '-') })
    await expect.poll(macOf, { timeout: 5000 }).toBe(placed.mac)
    expect(await reaches('a', '10.8.0.3')).toBe(true)
  })

  test('is not made twice, and not with a name that is in use', async () => {
    await controller.createNetwork(bridge('n1', '10.1.0.0/24'))
    await controller.createNetwork(bridge('n2', '10.2.0.0/24'))
    await connected('n1', 'a')
    await expect(controller.connect({ sandbox: 'a', network: 'n1' })).rejects.toThrow(
      'endpoint with name a already exists in network n1',
    )
    await expect(controller.connect({ sandbox: 'a', network: 'n2', interfaceName: 'eth0' })).rejects.toThrow(
      'there is a link of that name in the sandbox',
    )
    expect(await controller.endpoints()).toHaveLength(1)
  })

  test('is not made where its subnet is in the way of a route that is there', async () => {
    await controller.createNetwork(bridge('n1', '10.1.0.0/24'))
    await controller.createSandbox({ name: 'a' })
    await world.run('ip', ['-n', sandbox('a'), 'route', 'add', '10.1.0.0/16', 'dev', 'lo'])
    await expect(controller.connect({ sandbox: 'a', network: 'n1' })).rejects.toThrow(
      'cannot program address 10.1.0.2/24 in sandbox interface because it conflicts with existing route 10.1.0.0/16',
    )
    expect(await json('a', 'link')).toHaveLength(1)
  })
})

describe('the default route of a sandbox with several networks', () => {
  test('is that of the network whose name comes first, and moves as they come and go', async () => {
    for (const [name, number] of [
      ['m', 1],
      ['a', 2],
      ['z', 3],
    ] as const) {
      await controller.createNetwork(bridge(name, `10.${number}.0.0/24`))
    }
    await connected('m', 'box')
    expect(await routes('box')).toEqual(['10.1.0.1 eth0'])
    await controller.connect({ sandbox: 'box', network: 'a' })
    expect(await routes('box')).toEqual(['10.2.0.1 eth1'])
    await controller.connect({ sandbox: 'box', network: 'z' })
    expect(await routes('box')).toEqual(['10.2.0.1 eth1'])
    await controller.disconnect('box', 'a')
    expect(await routes('box')).toEqual(['10.1.0.1 eth0'])
    await controller.disconnect('box', 'm')
    expect(await routes('box')).toEqual(['10.3.0.1 eth2'])
    await controller.disconnect('box', 'z')
    expect(await routes('box')).toEqual([])
  })

  test('is that with the highest priority, and never that of an internal one', async () => {
    await controller.createNetwork(bridge('a', '10.1.0.0/24'))
    await controller.createNetwork({ ...bridge('b', '10.2.0.0/24') })
    await controller.createNetwork({ ...bridge('inner', '10.3.0.0/24'), internal: true })
    await controller.createSandbox({ name: 'box' })
    await controller.connect({ sandbox: 'box', network: 'inner', gatewayPriority: 9 })
    expect(await routes('box')).toEqual([])
    await controller.connect({ sandbox: 'box', network: 'a' })
    await controller.connect({ sandbox: 'box', network: 'b', gatewayPriority: 1 })
    expect(await routes('box')).toEqual(['10.2.0.1 eth2'])
  })

  test('takes the published ports with it', async () => {
    await controller.createNetwork(bridge('b', '10.2.0.0/24'))
    await controller.createNetwork(bridge('a', '10.1.0.0/24'))
    await controller.createSandbox({ name: 'box' })
    const portBindings = [{ protocol: 'tcp', port: 80, hostPort: 8080, hostPortEnd: 8080 }] as const
    const translated = async () =>
      (await world.run('iptables-save', ['-t', 'nat'])).match(/--to-destination \S+/g)?.map((word) => word.slice(17))
    await controller.connect({ sandbox: 'box', network: 'b', portBindings })
    expect(await translated()).toEqual(['10.2.0.2:80'])
    await controller.connect({ sandbox: 'box', network: 'a', portBindings })
    expect(await translated()).toEqual(['10.1.0.2:80'])
    await controller.disconnect('box', 'a')
    expect(await translated()).toEqual(['10.2.0.2:80'])
  })
})

describe('the networks host and none', () => {
  test('give the namespace of the host, and lo alone', async () => {
    await controller.createNetwork({ name: 'host', driver: 'host', predefined: true })
    await controller.createNetwork({ name: 'none', driver: 'null', predefined: true })
    const { inode } = await controller.createSandbox({ name: 'shared', hostNamespace: true })
    await controller.connect({ sandbox: 'shared', network: 'host' })
    expect(await world.run('readlink', ['/proc/self/ns/net'])).toContain(String(inode))
    expect((await json('shared', 'link')).map((row) => row['ifname'])).toContain('up0')
    await connected('none', 'alone')
    expect((await json('alone', 'link')).map((row) => row['ifname'])).toEqual(['lo'])
    expect((await controller.endpoints()).map((each) => each.interface)).toEqual([{}, {}])
  })

  test('are one each, go with no other, and stay unless they are meant', async () => {
    await controller.createNetwork({ name: 'host', driver: 'host', predefined: true })
    await controller.createNetwork({ name: 'none', driver: 'none' })
    await controller.createNetwork(bridge('br', '10.8.0.0/24'))
    await connected('none', 'a')
    await connected('br', 'b')
    await controller.createSandbox({ name: 'h', hostNamespace: true })
    await expect(controller.connect({ sandbox: 'h', network: 'host', ipv4: '10.0.0.1' })).rejects.toThrow(
      'network host gives neither addresses nor links',
    )
    await controller.connect({ sandbox: 'h', network: 'host' })
    const refusals: [() => Promise<unknown>, string][] = [
      [
        () => controller.createNetwork({ name: 'host2', driver: 'host' }),
        'only one instance of "host" network is allowed',
      ],
      [
        () => controller.createNetwork({ name: 'none2', driver: 'none' }),
        'only one instance of "null" network is allowed',
      ],
      [
        () => controller.connect({ sandbox: 'a', network: 'br' }),
        'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      ],
      [() => controller.connect({ sandbox: 'b', network: 'none' }), 'in private (none) mode'],
      [
        () => controller.connect({ sandbox: 'b', network: 'host' }),
        'container cannot be disconnected from host network or',
      ],
      [
        () => controller.connect({ sandbox: 'h', network: 'br' }),
        'container cannot be disconnected from host network or',
      ],
      [
        () => controller.disconnect('h', 'host'),
        'container cannot be disconnected from host network or connected to host',
      ],
      [() => controller.removeNetwork('host'), 'host is a pre-defined network and cannot be removed'],
    ]
    for (const [refusal, message] of refusals) await expect(refusal()).rejects.toThrow(message)
  })
})

describe('a network', () => {
  test('with endpoints is not removed', async () => {
    const { id } = await controller.createNetwork(MACVLAN)
    await connected('mv', 'a')
    await expect(controller.removeNetwork('mv')).rejects.toThrow(
      `error while removing network: network mv id ${id} has active endpoints`,
    )
    await controller.disconnect('a', 'mv')
    expect((await json('a', 'link')).map((row) => row['ifname'])).toEqual(['lo'])
    await controller.removeNetwork('mv')
  })

  test('has a name and a subnet of its own', async () => {
    await controller.createNetwork(bridge('n', '10.8.0.0/24'))
    await expect(controller.createNetwork(bridge('n', '10.7.0.0/24'))).rejects.toThrow(
      'network with name n already exists',
    )
    await expect(controller.createNetwork(bridge('m', '10.8.0.128/25'))).rejects.toThrow('Pool overlaps with other one')
    expect((await controller.networks()).map(({ name }) => name)).toEqual(['n'])
  })

  test('without a subnet gets one that the host has no route to', async () => {
    await world.run('ip', ['route', 'add', '172.17.0.0/24', 'dev', 'up0'])
    try {
      const { config } = await controller.createNetwork({ name: 'auto', driver: 'bridge' })
      expect(config.ipv4[0]).toMatchObject({ pool: '172.18.0.0/16', gateway: '172.18.0.1/16' })
    } finally {
      await world.run('ip', ['route', 'del', '172.17.0.0/24'])
    }
  })

  test('is found by name, id and the beginning of its id', async () => {
    const { id } = await controller.createNetwork(MACVLAN)
    await controller.createSandbox({ name: 'a' })
    for (const word of ['mv', id, id.slice(0, 12)]) {
      await controller.connect({ sandbox: 'a', network: word })
      await controller.disconnect('a', word)
    }
    await expect(controller.connect({ sandbox: 'a', network: 'x' })).rejects.toThrow('network x: not found')
  })
})

describe('much at once', () => {
  test(`${SANDBOXES} sandboxes go up and down without a grace period for each, and leave no descriptor open`, async () => {
    await controller.createNetwork({ name: 'br', driver: 'bridge' })
    const few = await controller.upAndDown('br', FEW)
    const descriptors = await controller.openDescriptors()
    const { upMs, downMs } = await controller.upAndDown('br', SANDBOXES)
    console.info(`${SANDBOXES} sandboxes: up ${upMs.toFixed(0)} ms, down ${downMs.toFixed(0)} ms`)
    expect(await controller.openDescriptors()).toBe(descriptors)
    // beside what a few of them take on the same machine, busy as it may be
    expect(upMs / SANDBOXES).toBeLessThan(few.upMs / FEW)
    expect(downMs / SANDBOXES).toBeLessThan(few.downMs / FEW)
  })

  test('everybody gets an address of his own, and what overlaps in time does not mix', async () => {
    await Promise.all([
      controller.createNetwork(bridge('n1', '10.1.0.0/24')),
      controller.createNetwork(bridge('n2', '10.2.0.0/24')),
      controller.createNetwork(MACVLAN),
    ])
    const names = Array.from({ length: 20 }, (_, number) => `s${number}`)
    await Promise.all(names.map((name) => controller.createSandbox({ name })))
    const networks = ['n1', 'n2', 'mv']
    await Promise.all(
      names.flatMap((name) => networks.map((network) => controller.connect({ sandbox: name, network }))),
    )
    const endpoints = await controller.endpoints()
    expect(new Set(endpoints.map((each) => each.interface.address)).size).toBe(60)
    for (const name of names.slice(0, 3)) {
      expect((await json(name, 'link')).map((row) => row['ifname'])).toEqual(['lo', 'eth0', 'eth1', 'eth2'])
      expect(await routes(name)).toEqual([expect.stringContaining('10.9.0.1 ')])
    }
  })

  test('the same name twice at once is taken once', async () => {
    const results = await Promise.allSettled([
      controller.createNetwork(bridge('n', '10.1.0.0/24')),
      controller.createNetwork(bridge('n', '10.2.0.0/24')),
      controller.createSandbox({ name: 'a' }),
      controller.createSandbox({ name: 'a' }),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
  })

  test('a sandbox that is removed while it is being connected ends as removed', async () => {
    await controller.createNetwork(bridge('n', '10.1.0.0/24'))
    await controller.createSandbox({ name: 'a' })
    const [connect, remove] = await Promise.allSettled([
      controller.connect({ sandbox: 'a', network: 'n' }),
      controller.removeSandbox('a'),
    ])
    expect([connect.status, remove.status]).toEqual(['fulfilled', 'fulfilled'])
    expect(await controller.endpoints()).toEqual([])
  })
})

test('the names of a sandbox are told with its networks and their addresses', async () => {
  await controller.createNetwork(bridge('front', '10.1.0.0/24'))
  await controller.createNetwork(bridge('back', '10.2.0.0/24'))
  const { id: web } = await controller.createSandbox({ name: 'web', dns: { servers: ['9.9.9.9'] } })
  const { id: db } = await controller.createSandbox({ name: 'db' })
  await controller.connect({ sandbox: 'web', network: 'front', links: [{ sandbox: 'db', alias: 'store' }] })
  await controller.connect({ sandbox: 'db', network: 'front', aliases: ['sql'] })
  await controller.connect({ sandbox: 'db', network: 'back' })
  await controller.setDnsPorts('db', { udp: 4711, tcp: 4712 })
  const { networks, sandboxes } = await controller.nameRecords()
  const front = Object.values(networks).find(({ name }) => name === 'front')
  expect(front?.records).toEqual([
    { names: ['web', web.slice(0, 12)], addresses: ['10.1.0.2'], pointer: 'web' },
    { names: ['db', 'sql', db.slice(0, 12)], addresses: ['10.1.0.3'], pointer: 'db' },
  ])
  const byName = new Map(sandboxes.map((each) => [each.name, each]))
  expect(byName.get('web')?.attachments).toMatchObject([{ links: { store: 'db' } }])
  expect(byName.get('db')?.attachments.map(({ network }) => networks[network]?.name)).toEqual(['back', 'front'])
  expect(byName.get('db')?.dnsPorts).toEqual({ udp: 4711, tcp: 4712 })
})
