import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint, Sandbox } from '../../../src/driver/model.ts'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { randomNumbers } from './guest/churn.ts'
import { openRemote, type RemoteController } from './guest/controller-client.ts'
import { STATE, TAG } from './guest/setting.ts'
import { type Leftovers, leftovers, sandbox, settledLeftovers } from './guest/world-facts.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const CRASHES = Number(process.env['CRASHES'] ?? 25)
const LONGEST_LIFE_MS = 600

let program: string
let world: World
let empty: Leftovers

beforeAll(async () => {
  program = await bundleProgram('test/system/driver/guest/controller-server.ts')
  world = await openWorld()
  await world.run('sh', ['-ec', 'ip link add up0 type veth peer name far0; ip link set up0 up; ip link set far0 up'])
  empty = { links: ['far0', 'lo', 'up0'], namespaces: [], rules: [], files: [] }
})
afterAll(() => world.close())

const open = () => openRemote(world, program)

/** Everything goes, and then there is nothing. */
async function removeAll(controller: RemoteController): Promise<void> {
  for (const { name } of await controller.sandboxes()) await controller.removeSandbox(name)
  for (const { name } of await controller.networks()) await controller.removeNetwork(name)
  await controller.close()
  expect(await settledLeftovers(world, empty)).toEqual(empty)
}

interface Row {
  readonly ifname: string
  readonly ifalias?: string
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[]
}

const inside = async (name: string): Promise<Row[]> =>
  JSON.parse(await world.run('ip', ['-n', sandbox(name), '-j', '-d', 'addr'])) as Row[]

/** That each endpoint is in the kernel what it is in the state. */
async function checkEndpoints(sandboxes: readonly Sandbox[], endpoints: readonly Endpoint[]): Promise<void> {
  for (const { id, name } of sandboxes) {
    const links = new Map((await inside(name)).map((row) => [row.ifname, row]))
    const own = endpoints.filter((each) => each.sandbox === id)
    expect([...links.keys()].sort()).toEqual(['lo', ...own.map((each) => each.interface.name)].sort())
    for (const { interface: placed, id: endpointId } of own) {
      const row = links.get(placed.name ?? '')
      expect(row?.ifalias).toBe(`${TAG} endpoint ${endpointId}`)
      const addresses = row?.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)
      for (const cidr of [placed.address, placed.addressIpv6]) if (cidr) expect(addresses).toContain(cidr)
    }
  }
}

test(`after ${CRASHES} crashes at random moments state and kernel agree each time, and in the end nothing is left`, async () => {
  const random = randomNumbers(SEED)
  const notes = new Map<string, number>()
  for (let crash = 0; crash < CRASHES; crash++) {
    const seed = Math.floor(random() * 2 ** 31)
    const controller = await open()
    const [sandboxes, endpoints] = [await controller.sandboxes(), await controller.endpoints()]
    const recovery = await controller.recovery()
    const told = `SEED=${SEED}, crash ${crash}`
    expect(
      recovery.filter(({ action }) => action === 'failed'),
      told,
    ).toEqual([])
    for (const { object, action } of recovery)
      notes.set(`${object} ${action}`, (notes.get(`${object} ${action}`) ?? 0) + 1)
    for (const objects of [sandboxes, endpoints, await controller.networks()]) {
      expect(new Set(objects.map(({ state }) => state)), told).toEqual(new Set(objects.length === 0 ? [] : ['ready']))
    }
    await checkEndpoints(sandboxes, endpoints)
    expect((await leftovers(world)).namespaces).toEqual(sandboxes.map(({ name }) => sandbox(name)).sort())
    void controller.churn(seed).catch(() => undefined)
    await wait(random() * LONGEST_LIFE_MS)
    await controller.kill()
  }
  console.info(`${CRASHES} crashes: ${[...notes].map(([what, count]) => `${count} × ${what}`).join(', ')}`)
  await removeAll(await open())
}, 600_000)

describe('what happened meanwhile is made good:', () => {
  let controller: RemoteController

  afterEach(() => removeAll(controller))

  /** Two sandboxes on one bridge, and what is done behind the controller's back. */
  async function withTwo(driver: 'bridge' | 'macvlan', meanwhile: () => Promise<unknown>): Promise<void> {
    controller = await open()
    const options = driver === 'macvlan' ? { parent: 'up0' } : {}
    await controller.createNetwork({ name: 'n', driver, options, ipam: { pools: [{ subnet: '10.9.0.0/24' }] } })
    for (const name of ['a', 'b']) {
      await controller.createSandbox({ name })
      await controller.connect({ sandbox: name, network: 'n' })
    }
    await controller.kill()
    await meanwhile()
    controller = await open()
  }

  const ip = (name: string, ...words: string[]) => world.run('ip', ['-n', sandbox(name), ...words])
  const reaches = (from: string, address: string) =>
    world.tryRun('ping', ['-c1', '-W2', address], { namespace: sandbox(from) }).then(({ status }) => status === 0)

  test('nothing, and it is all there without a note', async () => {
    await withTwo('bridge', async () => {})
    expect(await controller.recovery()).toEqual([])
    expect(await reaches('a', '10.9.0.3')).toBe(true)
  })

  test.each(['bridge', 'macvlan'] as const)('a link of a %s network was deleted', async (driver) => {
    await withTwo(driver, () => ip('a', 'link', 'delete', 'eth0'))
    expect(await controller.recovery()).toMatchObject([{ object: 'endpoint', action: 'repaired' }])
    expect(await reaches('a', '10.9.0.3')).toBe(true)
    expect((await controller.endpoints()).map((each) => each.interface.address).sort()).toEqual([
      '10.9.0.2/24',
      '10.9.0.3/24',
    ])
    expect(await ip('a', 'route')).toContain('default via 10.9.0.1 dev eth0')
  })

  test('addresses and routes of a sandbox were taken away, and its link was set down', async () => {
    await withTwo('bridge', () => ip('a', 'link', 'set', 'eth0', 'down').then(() => ip('a', 'addr', 'flush', 'eth0')))
    expect(await reaches('a', '10.9.0.3')).toBe(true)
    expect(await ip('a', 'route')).toContain('default via 10.9.0.1 dev eth0')
  })

  test('the bridge was deleted', async () => {
    await withTwo('bridge', async () => {
      const bridges = JSON.parse(await world.run('ip', ['-j', 'link', 'show', 'type', 'bridge'])) as {
        ifname: string
      }[]
      for (const { ifname } of bridges) await world.run('ip', ['link', 'delete', ifname])
    })
    expect((await controller.recovery()).filter(({ action }) => action === 'failed')).toEqual([])
    expect(await reaches('a', '10.9.0.3')).toBe(true)
    expect(await reaches('a', '10.9.0.1')).toBe(true)
  })

  test('a namespace went: its sandbox is forgotten, its address is free', async () => {
    await withTwo('bridge', () => world.run('ip', ['netns', 'delete', sandbox('a')]))
    expect(await controller.recovery()).toEqual([
      { object: 'sandbox', name: 'a', action: 'removed', reason: 'its namespace is gone' },
    ])
    await controller.createSandbox({ name: 'c' })
    expect((await controller.connect({ sandbox: 'c', network: 'n' })).interface.address).toBe('10.9.0.2/24')
  })

  test('another namespace has taken the place of one: it is left alone', async () => {
    await withTwo('macvlan', async () => {
      await world.run('ip', ['netns', 'delete', sandbox('a')])
      await world.run('ip', ['netns', 'add', sandbox('a')])
    })
    expect((await controller.sandboxes()).map(({ name }) => name)).toEqual(['b'])
    expect((await leftovers(world)).namespaces).toEqual([sandbox('a'), sandbox('b')])
    await world.run('ip', ['netns', 'delete', sandbox('a')])
  })

  test('all state is lost: what carries the tag goes, and nothing else', async () => {
    await withTwo('macvlan', async () => {
      await world.run('rm', ['-r', STATE])
      await world.run('sh', ['-ec', FOREIGN, 'sh', TAG])
    })
    const notes = await controller.recovery()
    expect(notes.map(({ object, action }) => `${object} ${action}`).sort()).toEqual([
      'link removed',
      'namespace removed',
      'namespace removed',
    ])
    const kept = { ...empty, links: [...empty.links, 'other'].sort(), namespaces: [`${TAG}2:other`, `${TAG}:other`] }
    const found = await settledLeftovers(world, { ...kept, files: [`${STATE}/controller/lock`] })
    expect({ ...found, files: [] }).toEqual(kept)
    await world.run('sh', ['-ec', 'ip link del other; ip netns del "$1:other"; ip netns del "$1"2:other', 'sh', TAG])
  })
})

/** An orphan of ours, and what others made: another tag, and no mark. */
const FOREIGN = `
ip link add orphan type bridge; ip link set orphan alias "$1 network 0123"
ip link add other type bridge; ip link set other alias "$1"2" network 0123"
ip netns add "$1:other"; ip netns add "$1"2:other
`

test('two controllers do not work on one state folder', async () => {
  const first = await open()
  await expect(open()).rejects.toThrow(`state folder ${STATE}/controller: process ${first.pid} works on it`)
  await first.kill()
  await (await open()).close()
})
