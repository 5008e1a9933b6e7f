import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DockerEngine, IMAGE, startDockerEngine, until } from '../helpers/docker-engine.ts'
import { type EnginePlugin, startPlugin } from '../helpers/engine-plugin.ts'

/** A machine beside the engine's host. */
const OUTSIDE = ['ip', 'netns', 'exec', 'outside']
const HOST = '203.0.113.1'
const DEADLINE_MS = 30_000

let engine: DockerEngine
let plugin: EnginePlugin
let before: string

beforeAll(async () => {
  engine = await startDockerEngine()
  await engine.inside('ip', 'netns', 'add', 'outside')
  await engine.inside('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'outside')
  await engine.inside('ip', 'addr', 'add', `${HOST}/24`, 'dev', 'up0')
  await engine.inside('ip', 'link', 'set', 'up0', 'up')
  await engine.inside(...OUTSIDE, 'ip', 'addr', 'add', '203.0.113.2/24', 'dev', 'eth0')
  await engine.inside(...OUTSIDE, 'ip', 'link', 'set', 'eth0', 'up')
  before = await kernelState()
  plugin = await startPlugin(engine)
})

afterAll(async () => {
  // in this order, for an engine waits 15 s at each call to a plugin that is gone
  await engine?.stop()
  await plugin?.end('SIGTERM')
})

/** Links and rules of the engine's host, without counters. */
async function kernelState(): Promise<string> {
  const links = JSON.parse(await engine.inside('ip', '-j', 'link')) as { ifname: string }[]
  const rules = await engine.inside('iptables-save')
  const lines = rules.split('\n').filter((line) => !line.startsWith('#'))
  return [...links.map(({ ifname }) => ifname), ...lines.map((line) => line.replace(/\[\d+:\d+\]/, ''))].join('\n')
}

interface Inspected {
  readonly IPAddress: string
  readonly IPPrefixLen: number
  readonly Gateway: string
  readonly MacAddress: string
  readonly GlobalIPv6Address: string
  readonly GlobalIPv6PrefixLen: number
  readonly IPv6Gateway: string
}

async function endpointOf(container: string, network: string): Promise<Inspected> {
  const [{ NetworkSettings }] = JSON.parse(await engine.docker('inspect', container))
  return NetworkSettings.Networks[network]
}

/** `docker run --ip … --mac-address …` of a client as old as the engine; a newer one refuses to talk to it of MACs. */
async function runWithMac(
  name: string,
  { network, address, mac }: { network: string; address: string; mac: string },
): Promise<void> {
  const EndpointsConfig = { [network]: { IPAMConfig: { IPv4Address: address } } }
  const container = { Image: IMAGE, Cmd: ['sleep', '86400'], MacAddress: mac, HostConfig: { NetworkMode: network } }
  const body = JSON.stringify({ ...container, NetworkingConfig: { EndpointsConfig } })
  const api = [
    '--silent',
    '--fail-with-body',
    '--unix-socket',
    '/run/docker.sock',
    '-H',
    'content-type: application/json',
  ]
  await engine.inside('curl', ...api, '--data', body, `http://docker/v1.41/containers/create?name=${name}`)
  await engine.docker('start', name)
}

const execute = (container: string, ...words: string[]) => engine.docker('exec', container, ...words)

/** Whether one answer comes within two seconds. */
async function pings(container: string, target: string): Promise<boolean> {
  return execute(container, 'ping', '-c', '1', '-W', '2', target).then(
    () => true,
    () => false,
  )
}

async function serveHttp(container: string, text: string): Promise<void> {
  await execute(container, 'sh', '-c', `echo ${text} > /tmp/index.html; httpd -p 80 -h /tmp`)
}

/** What curl gets; '' when nobody answers. */
function fetchFrom(where: readonly string[], url: string): Promise<string> {
  return engine.inside(...where, 'curl', '--silent', '--max-time', '3', url).catch(() => '')
}

async function removeAll(...networks: string[]): Promise<void> {
  const ids = (await engine.docker('ps', '--all', '--quiet')).split('\n').filter(Boolean)
  if (ids.length > 0) await engine.docker('rm', '--force', ...ids)
  await engine.docker('network', 'rm', ...networks)
}

describe('a network of the plugin', () => {
  beforeAll(async () => {
    const subnet = ['--subnet', '10.70.0.0/24', '--ip-range', '10.70.0.128/25', '--gateway', '10.70.0.1']
    await engine.docker('network', 'create', '-d', 'tsnet', '--ipam-driver', 'tsnet', ...subnet, 'pets')
    await runWithMac('db', { network: 'pets', address: '10.70.0.9', mac: '02:42:0a:46:00:99' })
    await engine.runContainer('web', '--network', 'pets', '-p', '8080:80', '-p', '127.0.0.1:8081:80')
    await serveHttp('web', 'pets')
  })

  afterAll(() => removeAll('pets'))

  test('gives the addresses that were named, and the next ones of its range', async () => {
    expect(await endpointOf('db', 'pets')).toMatchObject({
      IPAddress: '10.70.0.9',
      IPPrefixLen: 24,
      Gateway: '10.70.0.1',
      MacAddress: '02:42:0a:46:00:99',
    })
    expect(await endpointOf('web', 'pets')).toMatchObject({ IPAddress: '10.70.0.128', Gateway: '10.70.0.1' })
    const links = await execute('db', 'ip', 'addr', 'show', 'dev', 'eth0')
    expect(links).toContain('link/ether 02:42:0a:46:00:99')
    expect(links).toContain('inet 10.70.0.9/24')
    expect(await execute('db', 'ip', 'route')).toContain('default via 10.70.0.1 dev eth0')
  })

  test('lets its containers reach each other by name and address, and the world', async () => {
    expect(await pings('web', 'db')).toBe(true)
    expect(await pings('db', '10.70.0.128')).toBe(true)
    expect(await execute('db', 'wget', '-q', '-O', '-', 'http://web')).toBe('pets')
    expect(await pings('web', '203.0.113.2')).toBe(true)
  })

  test('publishes ports as they were asked for', async () => {
    expect(await fetchFrom([], 'http://127.0.0.1:8080')).toBe('pets')
    expect(await fetchFrom([], `http://${HOST}:8080`)).toBe('pets')
    expect(await fetchFrom([], 'http://127.0.0.1:8081')).toBe('pets')
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8080`)).toBe('pets')
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8081`)).toBe('')
  })

  test('does not give a port twice', async () => {
    const second = engine.runContainer('greedy', '--network', 'pets', '-p', '8080:80')
    await expect(second).rejects.toThrow(/NetworkDriver\.ProgramExternalConnectivity.*8080/s)
    await engine.docker('rm', '--force', 'greedy')
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8080`)).toBe('pets')
  })

  test('keeps others out, and is kept out', async () => {
    await engine.docker('network', 'create', '-d', 'tsnet', '--subnet', '10.71.0.0/24', 'others')
    await engine.runContainer('stranger', '--network', 'others')
    expect(await pings('stranger', '10.71.0.1')).toBe(true)
    expect(await pings('stranger', '10.70.0.128')).toBe(false)
    expect(await pings('web', '10.71.0.2')).toBe(false)
    await engine.docker('network', 'connect', '--ip', '10.70.0.77', 'pets', 'stranger')
    expect(await pings('stranger', 'web')).toBe(true)
    expect(await execute('stranger', 'ip', 'addr', 'show', 'dev', 'eth1')).toContain('inet 10.70.0.77/24')
    await engine.docker('network', 'disconnect', 'pets', 'stranger')
    expect(await pings('stranger', '10.70.0.128')).toBe(false)
    await engine.docker('rm', '--force', 'stranger')
    await engine.docker('network', 'rm', 'others')
  })

  test('takes a container back after a stop', async () => {
    await engine.docker('restart', '--time', '0', 'web')
    await serveHttp('web', 'again')
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8080`)).toBe('again')
    expect(await pings('db', 'web')).toBe(true)
  })
})

test('containers that start and stop together do not get into each other’s way', async () => {
  await engine.docker('network', 'create', '-d', 'tsnet', '--ipam-driver', 'tsnet', '--subnet', '10.76.0.0/24', 'crowd')
  const names = Array.from({ length: 8 }, (_, at) => `crowd-${at}`)
  const started = names.map((name, at) => engine.runContainer(name, '--network', 'crowd', '-p', `${9000 + at}:80`))
  await Promise.all(started)
  const addresses = await Promise.all(names.map(async (name) => (await endpointOf(name, 'crowd')).IPAddress))
  expect(new Set(addresses).size).toBe(names.length)
  await serveHttp('crowd-7', 'crowd')
  expect(await fetchFrom(OUTSIDE, `http://${HOST}:9007`)).toBe('crowd')
  for (const name of names) expect(await pings(name, 'crowd-0')).toBe(true)
  await Promise.all(names.map((name) => engine.docker('rm', '--force', name)))
  await engine.docker('network', 'rm', 'crowd')
})

describe('an internal network', () => {
  beforeAll(async () => {
    await engine.docker('network', 'create', '-d', 'tsnet', '--internal', '--subnet', '10.72.0.0/24', 'inner')
    await engine.runContainer('one', '--network', 'inner', '-p', '8090:80')
    await engine.runContainer('two', '--network', 'inner')
    await serveHttp('one', 'inner')
  })

  afterAll(() => removeAll('inner'))

  test('is one of its own: inside everybody, outside nobody, and no port', async () => {
    expect(await pings('two', 'one')).toBe(true)
    expect(await pings('two', '203.0.113.2')).toBe(false)
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8090`)).toBe('')
  })
})

describe('a network with IPv6', () => {
  beforeAll(async () => {
    const subnets = ['--ipv6', '--subnet', '10.73.0.0/24', '--subnet', 'fd00:73::/64']
    await engine.docker('network', 'create', '-d', 'tsnet', ...subnets, 'six')
    await engine.runContainer('six-x', '--network', 'six', '--ip6', 'fd00:73::99')
    await engine.runContainer('six-y', '--network', 'six')
  })

  afterAll(() => removeAll('six'))

  test('has addresses and gateways of both families, and they are reached', async () => {
    expect(await endpointOf('six-x', 'six')).toMatchObject({
      GlobalIPv6Address: 'fd00:73::99',
      GlobalIPv6PrefixLen: 64,
      IPv6Gateway: 'fd00:73::1',
    })
    const { GlobalIPv6Address } = await endpointOf('six-y', 'six')
    await until('y is reached by IPv6', DEADLINE_MS, () => pings('six-x', GlobalIPv6Address))
    await until('the gateway is reached by IPv6', DEADLINE_MS, () => pings('six-y', 'fd00:73::1'))
    expect(await execute('six-y', 'ip', '-6', 'route')).toContain('default via fd00:73::1 dev eth0')
  })
})

describe('a macvlan network', () => {
  beforeAll(async () => {
    const driver = ['-d', 'tsnet', '-o', 'tsnet.driver=macvlan', '-o', 'parent=up0']
    const addresses = ['--subnet', '203.0.113.0/24', '--gateway', '203.0.113.2', '--ip-range', '203.0.113.128/25']
    await engine.docker('network', 'create', ...driver, ...addresses, 'lan')
    await engine.runContainer('on-lan', '--network', 'lan')
  })

  afterAll(() => removeAll('lan'))

  test('has its containers on the link that it was given', async () => {
    expect(await execute('on-lan', 'ip', 'addr', 'show', 'dev', 'eth0')).toContain('inet 203.0.113.128/24')
    expect(await execute('on-lan', 'ip', 'route')).toContain('default via 203.0.113.2 dev eth0')
    await until('the machine outside is reached', DEADLINE_MS, () => pings('on-lan', '203.0.113.2'))
    expect((await endpointOf('on-lan', 'lan')).MacAddress).toBe('02:42:cb:00:71:80')
  })
})

describe('beside the engine’s own bridge networks', () => {
  /** Ids, names, times and what is chosen at random. */
  function withoutNames(text: string): unknown {
    return JSON.parse(text, (key, value) => {
      const isOwn = ['Id', 'Name', 'Created', 'Driver', 'NetworkID', 'EndpointID', 'SandboxKey'].includes(key)
      if (isOwn || key === 'Aliases') return undefined
      return typeof value === 'string' ? value.replaceAll(/10\.7[45]/g, '10.x').replaceAll(/4[ab]:00/g, 'xx:00') : value
    })
  }

  test('docker network inspect and docker inspect say the same', async () => {
    await engine.docker('network', 'create', '-d', 'tsnet', '--subnet', '10.74.0.0/24', 'ours')
    await engine.docker('network', 'create', '-d', 'bridge', '--subnet', '10.75.0.0/24', 'theirs')
    const seen: unknown[] = []
    for (const network of ['ours', 'theirs']) {
      const id = await engine.runContainer(`in-${network}`, '--network', network, '-p', '8070:80')
      const [inspected] = JSON.parse(await engine.docker('network', 'inspect', network))
      const { Containers, ...rest } = inspected
      const [{ NetworkSettings }] = JSON.parse(await engine.docker('inspect', id))
      const endpoint = NetworkSettings.Networks[network]
      // the mapping to [::] is of the engine's own proxy for IPv6
      seen.push(withoutNames(JSON.stringify({ rest, container: Containers[id], endpoint })))
      await engine.docker('rm', '--force', id)
    }
    expect(seen[0]).toEqual(seen[1])
    await engine.docker('network', 'rm', 'ours', 'theirs')
  })

  test('both are reached, and neither reaches the other', async () => {
    await engine.docker('network', 'create', '-d', 'tsnet', '--subnet', '10.74.0.0/24', 'ours')
    await engine.docker('network', 'create', '-d', 'bridge', '--subnet', '10.75.0.0/24', 'theirs')
    await engine.runContainer('our-one', '--network', 'ours', '-p', '8071:80')
    await engine.runContainer('their-one', '--network', 'theirs', '-p', '8072:80')
    await serveHttp('our-one', 'ours')
    await serveHttp('their-one', 'theirs')
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8071`)).toBe('ours')
    expect(await fetchFrom(OUTSIDE, `http://${HOST}:8072`)).toBe('theirs')
    expect([await pings('our-one', '10.75.0.2'), await pings('their-one', '10.74.0.2')]).toEqual([false, false])
    await removeAll('ours', 'theirs')
  })
})

test('a pool that nobody named comes from the plugin, and an option that cannot be is the user’s error', async () => {
  await engine.docker('network', 'create', '-d', 'tsnet', '--ipam-driver', 'tsnet', 'automatic')
  const [{ IPAM }] = JSON.parse(await engine.docker('network', 'inspect', 'automatic'))
  expect(IPAM.Config).toEqual([{ Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' }])
  await engine.docker('network', 'rm', 'automatic')
  const bogus = engine.docker('network', 'create', '-d', 'tsnet', '-o', 'tsnet.driver=token-ring', 'bogus')
  await expect(bogus).rejects.toThrow('NetworkDriver.CreateNetwork: network')
})

test('when everything is removed, nothing is left', async () => {
  expect(await engine.docker('network', 'ls', '--quiet', '--filter', 'driver=tsnet')).toBe('')
  expect(await kernelState()).toBe(before)
})
