import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'
import { bundleProgram } from '../helpers/netns-program.ts'
import { openWorld, type World } from '../helpers/netns-world.ts'
import { openRemote, type RemoteController } from '../system/driver/guest/controller-client.ts'
import { sandbox } from '../system/driver/guest/world-facts.ts'

/** Runs a program in the namespace of a container. */
type Inside = (...words: string[]) => Promise<string>

interface Case {
  readonly name: string
  /** In the order in which the container is connected. */
  readonly networks: readonly string[]
}

const SUBNETS: Readonly<Record<string, string>> = { front: '10.8.1.0/24', back: '10.8.2.0/24', lan: '10.9.0.0/24' }
const CASES: readonly Case[] = [
  { name: 'one', networks: ['front'] },
  { name: 'two', networks: ['front', 'back'] },
  { name: 'wide', networks: ['lan'] },
  { name: 'both', networks: ['lan', 'front'] },
  { name: 'alone', networks: ['none'] },
]
const UPLINK = 'ip link add up0 type veth peer name far0; ip link set up0 up; ip link set far0 up'

let engine: DockerEngine
let world: World
let controller: RemoteController

beforeAll(async () => {
  engine = await startDockerEngine()
  await engine.inside('sh', '-ec', UPLINK)
  for (const [name, subnet] of Object.entries(SUBNETS)) {
    const driver = name === 'lan' ? ['-d', 'macvlan', '-o', 'parent=up0'] : []
    await engine.docker('network', 'create', ...driver, '--subnet', subnet, name)
  }
  for (const { name, networks } of CASES) {
    const [first = '', ...others] = networks
    await engine.runContainer(name, '--network', first)
    for (const network of others) await engine.docker('network', 'connect', network, name)
  }
  world = await openWorld()
  await world.run('sh', ['-ec', UPLINK])
  controller = await openRemote(world, await bundleProgram('test/system/driver/guest/controller-server.ts'), '20.10')
  await controller.createNetwork({ name: 'none', driver: 'null' })
  for (const [name, subnet] of Object.entries(SUBNETS)) {
    const driver = name === 'lan' ? { driver: 'macvlan', options: { parent: 'up0' } } : { driver: 'bridge' }
    await controller.createNetwork({ name, ...driver, ipam: { pools: [{ subnet }] } })
  }
  for (const { name, networks } of CASES) {
    await controller.createSandbox({ name })
    for (const network of networks) await controller.connect({ sandbox: name, network })
  }
})

afterAll(async () => {
  await world?.close()
  await engine?.stop()
})

async function theirs(name: string): Promise<Inside> {
  const pid = await engine.docker('inspect', '--format', '{{.State.Pid}}', name)
  return (...words) => engine.inside('nsenter', '-t', pid, '-n', ...words)
}

function ours(name: string): Inside {
  return (command = '', ...words) => world.run(command, words, { namespace: sandbox(name) })
}

type Row = Readonly<Record<string, unknown>>

/** What is the same in every run: no index, no name of the other side, no alias. */
async function linksOf(inside: Inside): Promise<unknown[]> {
  const rows = JSON.parse(await inside('ip', '-d', '-j', 'addr')) as Row[]
  return rows.map((row) => ({
    name: row['ifname'],
    mac: row['address'],
    mtu: row['mtu'],
    flags: [...(row['flags'] as string[])].sort(),
    queue: row['txqlen'],
    qdisc: row['qdisc'],
    kind: row['linkinfo'],
    addresses: (row['addr_info'] as Row[]).map(({ local, prefixlen, broadcast, scope, label, family }) => {
      return { local, prefixlen, broadcast, scope, label, family }
    }),
  }))
}

async function routesOf(inside: Inside): Promise<string[]> {
  return [...(await inside('ip', 'route')).split('\n'), ...(await inside('ip', '-6', 'route')).split('\n')]
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** Every setting of the network that can be read, but for what counts or is by chance. */
async function sysctlsOf(inside: Inside): Promise<Record<string, string>> {
  const text = await inside('sh', '-c', 'grep -rs "" /proc/sys/net/ipv4 /proc/sys/net/ipv6 || true')
  const settings = text.split('\n').flatMap((line) => {
    const at = line.indexOf(':')
    const name = line.slice('/proc/sys/net/'.length, at)
    return at < 0 || VARYING.test(name) ? [] : [[name, line.slice(at + 1)]]
  })
  return Object.fromEntries(settings)
}

const VARYING = /stable_secret|base_reachable_time|fib_multipath_hash_seed|route\/(flush|gc)|tcp_fastopen_key/

describe.each(CASES)('container $name on $networks is as an engine 20.10 makes it:', ({ name }) => {
  test('links and addresses', async () => {
    expect(await linksOf(ours(name))).toEqual(await linksOf(await theirs(name)))
  })

  test('routes', async () => {
    expect(await routesOf(ours(name))).toEqual(await routesOf(await theirs(name)))
  })

  test('settings', async () => {
    const settings = await sysctlsOf(ours(name))
    expect(settings).toEqual(await sysctlsOf(await theirs(name)))
    expect(settings['ipv6/conf/all/disable_ipv6']).toBe('1')
  })
})
