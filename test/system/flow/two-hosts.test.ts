import { afterAll, beforeAll, expect, test } from 'vitest'
import { predict } from '../../../src/flow/predict.ts'
import { World as FlowWorld } from '../../../src/flow/world.ts'
import type { HostSnapshot } from '../../../src/model/snapshot.ts'
import { run } from '../../helpers/netns-command.ts'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { type Agent, agentOf } from './agents.ts'

/** Two machines, each a world of its own with a container on a VXLAN bridge; each saves what it sees of itself alone. */
const HOSTS = [
  { outer: '10.8.0.1', remote: '10.8.0.2', inner: '10.9.0.2' },
  { outer: '10.8.0.2', remote: '10.8.0.1', inner: '10.9.0.3' },
] as const

const worlds: World[] = []
const agents: Agent[] = []
let snapshots: HostSnapshot[]

beforeAll(async () => {
  const agent = await bundleProgram('test/system/flow/agent.ts')
  const take = await bundleProgram('test/system/oracle/take.ts')
  for (const _ of HOSTS) worlds.push(await openWorld())
  const [a, b] = worlds.map(({ pid }) => String(pid))
  const wire = ['ip', 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', b ?? '']
  await run('nsenter', ['-t', a ?? '', '--net', '--', ...wire])
  for (const [at, { outer, remote, inner }] of HOSTS.entries()) {
    const world = worlds[at] as World
    await world.run('ip', ['netns', 'add', 'box'])
    const lines = [
      `addr add ${outer}/24 dev wire`,
      'link set wire up',
      'link add ov mtu 1450 type bridge',
      `link add vx mtu 1450 type vxlan id 4097 dstport 4789 local ${outer} remote ${remote}`,
      'link add vbox mtu 1450 type veth peer name eth0 netns box',
      ...['vx', 'vbox'].map((link) => `link set ${link} master ov up`),
      'link set ov up',
    ]
    await world.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` })
    const inside = ['link set eth0 mtu 1450 up', `addr add ${inner}/24 dev eth0`]
    await world.run('ip', ['-n', 'box', '-batch', '-'], { input: `${inside.join('\n')}\n` })
    const child = world.start(process.execPath, [agent], { namespace: 'box', stdio: 'pipe' })
    agents.push(await agentOf(child, 'box'))
  }
  snapshots = []
  for (const world of worlds) {
    const saved = await world.run(process.execPath, [take])
    snapshots.push((JSON.parse(saved) as { snapshot: HostSnapshot }).snapshot)
  }
})

afterAll(async () => {
  for (const agent of agents) await agent.close()
  for (const world of worlds) await world.close()
})

function journeyAcross(facts: readonly HostSnapshot[]) {
  const namespace = facts[0]?.namespaces.find(({ names }) => names.includes('box'))?.inode ?? 0
  const source = { namespace, host: 0, name: 'box' }
  return predict(new FlowWorld({ snapshots: facts }), {
    source,
    destination: HOSTS[1].inner,
    protocol: 'tcp',
    destinationPort: 80,
  })
}

test('two saved snapshots give one path over VXLAN, there and back, as a real connection goes', async () => {
  const journey = journeyAcross(snapshots)
  expect(journey.verdict, journey.reason).toBe('delivered')
  expect(journey.reply?.verdict, journey.reply?.reason).toBe('delivered')
  expect(new Set(journey.hops.map(({ host }) => host))).toEqual(new Set([0, 1]))
  expect(journey.hops.filter(({ stage }) => stage === 'tunnel').map(({ text }) => text)).toEqual([
    expect.stringContaining('VXLAN 4097 to 10.8.0.2:4789'),
    expect.stringContaining('VXLAN 4097 from 10.8.0.1'),
  ])
  expect(await agents[0]?.send({ protocol: 'tcp', address: HOSTS[1].inner, port: 80 })).toBe('answer')
})

test('with the facts of one of them alone nobody can say, and the path ends at the wire', () => {
  const journey = journeyAcross(snapshots.slice(0, 1))
  expect(journey.verdict).not.toBe('delivered')
  expect(journey.hops.at(-1)?.host ?? 0).toBe(0)
})
