import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { openRemote, type RemoteController } from './guest/controller-client.ts'
import type { Fault } from './guest/faulty-driver.ts'
import { STATE } from './guest/setting.ts'
import { type Leftovers, sandbox, settledLeftovers } from './guest/world-facts.ts'

const NETWORK = {
  name: 'f',
  driver: 'faulty',
  options: { parent: 'up0' },
  ipam: { pools: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }] },
}
const PORTS = { portBindings: [{ protocol: 'tcp', port: 80, hostPort: 8080, hostPortEnd: 8080 }] } as const

let program: string
let world: World
let controller: RemoteController
let empty: Leftovers

beforeAll(async () => {
  program = await bundleProgram('test/system/driver/guest/controller-server.ts')
  world = await openWorld()
  await world.run('sh', ['-ec', 'ip link add up0 type veth peer name far0; ip link set up0 up; ip link set far0 up'])
  empty = { links: ['far0', 'lo', 'up0'], namespaces: [], rules: [], files: [] }
})
afterAll(() => world.close())

beforeEach(async () => {
  controller = await openRemote(world, program)
})

/** Every test ends as it began. */
afterEach(async () => {
  await controller.failAt()
  for (const { name } of await controller.sandboxes()) await controller.removeSandbox(name)
  for (const { name } of await controller.networks()) await controller.removeNetwork(name)
  await controller.close()
  expect(await settledLeftovers(world, empty)).toEqual(empty)
})

const LOCK = `${STATE}/controller/lock`

/** State, links of both sides and routes, as text that changes when anything does. */
async function everything(name: string): Promise<string> {
  const files = await world.run('sh', ['-c', `cd ${STATE} && find . -type f ! -name lock | sort | xargs -r cat`])
  const host = await world.run('ls', ['/sys/class/net'])
  const inside = await world.run('sh', ['-c', 'ip -j link; ip -j addr; ip -j route'], { namespace: sandbox(name) })
  return [files, host, inside].join('\n')
}

const FAULTS: readonly Fault[] = (['createEndpoint', 'join', 'programExternalConnectivity'] as const).flatMap(
  (method) => [{ method, when: 'before' } as const, { method, when: 'after' } as const],
)

describe('a connection that fails leaves nothing', () => {
  test.each(FAULTS)('$method fails $when the driver did it', async (fault) => {
    await controller.createNetwork(NETWORK)
    await controller.createSandbox({ name: 'a' })
    const before = await everything('a')
    await controller.failAt(fault)
    await expect(controller.connect({ sandbox: 'a', network: 'f', ...PORTS })).rejects.toThrow('fails on purpose')
    expect(await everything('a')).toBe(before)
    await controller.failAt()
    // what was given back is there for the next
    expect((await controller.connect({ sandbox: 'a', network: 'f' })).interface.address).toBe('10.9.0.2/24')
  })

  test.each<[Fault, string]>([
    [
      { method: 'createEndpoint', when: 'bad answer' },
      'driver modified interface address: endpoint interface IP present',
    ],
    [{ method: 'join', when: 'bad answer' }, 'move link nosuchlink into the sandbox'],
  ])('%j is not believed', async (fault, message) => {
    await controller.createNetwork(NETWORK)
    await controller.createSandbox({ name: 'a' })
    const before = await everything('a')
    await controller.failAt(fault)
    await expect(controller.connect({ sandbox: 'a', network: 'f' })).rejects.toThrow(message)
    expect(await everything('a')).toBe(before)
  })

  test('the default route and the ports are those from before', async () => {
    const bridge = { name: 'x', driver: 'bridge', ipam: { pools: [{ subnet: '10.1.0.0/24' }] } }
    await controller.createNetwork(bridge)
    await controller.createNetwork(NETWORK)
    await controller.createSandbox({ name: 'a' })
    await controller.connect({ sandbox: 'a', network: 'x', ...PORTS })
    const rules = () => world.run('iptables-save', ['-t', 'nat'])
    const before = { all: await everything('a'), translated: (await rules()).match(/DNAT.*/g) }
    await controller.failAt({ method: 'programExternalConnectivity', when: 'after' })
    await expect(controller.connect({ sandbox: 'a', network: 'f', ...PORTS })).rejects.toThrow('fails on purpose')
    expect({ all: await everything('a'), translated: (await rules()).match(/DNAT.*/g) }).toEqual(before)
  })
})

describe('a network that cannot be made leaves nothing', () => {
  test.each(['before', 'after'] as const)('the driver fails %s it did it', async (when) => {
    await controller.failAt({ method: 'createNetwork', when })
    await expect(controller.createNetwork(NETWORK)).rejects.toThrow('fails on purpose')
    expect(await controller.networks()).toEqual([])
    expect(await settledLeftovers(world, { ...empty, files: [LOCK] })).toEqual({ ...empty, files: [LOCK] })
  })
})

describe('what cannot be taken back', () => {
  test('is named, stays known, and goes as soon as it can', async () => {
    await controller.createNetwork(NETWORK)
    await controller.createSandbox({ name: 'a' })
    await controller.failAt({ method: 'deleteEndpoint', when: 'before' })
    await expect(controller.connect({ sandbox: 'a', network: 'f', interfaceName: 'lo' })).rejects.toThrow(
      /there is a link of that name.*left behind: endpoint of network f: deleteEndpoint fails on purpose/,
    )
    expect(await controller.endpoints()).toMatchObject([{ state: 'removing' }])
    await controller.failAt()
    await controller.disconnect('a', 'f')
    expect(await controller.endpoints()).toEqual([])
  })

  test.each(['revokeExternalConnectivity', 'leave', 'deleteEndpoint'] as const)(
    'of a connection whose end fails at %s the rest goes, and the next try ends it',
    async (method) => {
      await controller.createNetwork(NETWORK)
      await controller.createSandbox({ name: 'a' })
      await controller.connect({ sandbox: 'a', network: 'f' })
      await controller.failAt({ method, when: 'before' })
      await expect(controller.disconnect('a', 'f')).rejects.toThrow('fails on purpose')
      const links = JSON.parse(await world.run('ip', ['-n', sandbox('a'), '-j', 'link'])) as unknown[]
      expect(links).toHaveLength(1)
      await controller.failAt()
      await controller.disconnect('a', 'f')
      expect(await controller.endpoints()).toEqual([])
    },
  )

  test('of a sandbox is its record alone: the namespace goes', async () => {
    await controller.createNetwork(NETWORK)
    await controller.createSandbox({ name: 'a' })
    await controller.connect({ sandbox: 'a', network: 'f' })
    await controller.failAt({ method: 'deleteEndpoint', when: 'before' })
    await expect(controller.removeSandbox('a')).rejects.toThrow('fails on purpose')
    expect((await world.run('ls', ['/run/netns'])).trim()).toBe('')
    await expect(controller.connect({ sandbox: 'a', network: 'f' })).rejects.toThrow('sandbox a is not ready')
    await controller.failAt()
    await controller.removeSandbox('a')
    expect(await controller.sandboxes()).toEqual([])
  })

  test('of a network stays with it, and is tried again', async () => {
    await controller.createNetwork(NETWORK)
    await controller.failAt({ method: 'deleteNetwork', when: 'before' })
    await expect(controller.removeNetwork('f')).rejects.toThrow('fails on purpose')
    expect(await controller.networks()).toMatchObject([{ state: 'ready' }])
    await controller.failAt()
    await controller.removeNetwork('f')
  })
})
