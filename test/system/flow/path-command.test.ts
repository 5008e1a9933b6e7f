import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Journey } from '../../../src/flow/journey.ts'
import { builtProgram, bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { type Agent, agentOf } from './agents.ts'
import { DOCKER_HOST, makeLinks, publish } from './docker-host.ts'

let world: World
let program: string
const agents: Agent[] = []

beforeAll(async () => {
  program = await builtProgram()
  const agent = await bundleProgram('test/system/flow/agent.ts')
  world = await openWorld()
  await makeLinks(world, DOCKER_HOST)
  for (const name of Object.keys(DOCKER_HOST)) {
    agents.push(await agentOf(world.start(process.execPath, [agent], { namespace: name, stdio: 'pipe' }), name))
  }
  await publish(world)
})

afterAll(async () => {
  for (const agent of agents) await agent.close()
  await world?.close()
})

function path(...words: string[]) {
  return world.tryRun(process.execPath, [program, 'path', ...words])
}

async function filtered<T>(rule: readonly string[], undo: readonly string[], action: () => Promise<T>): Promise<T> {
  await world.run('iptables', rule, { namespace: 'dockerhost' })
  try {
    return await action()
  } finally {
    await world.run('iptables', undo, { namespace: 'dockerhost' })
  }
}

describe('path', () => {
  test('says that a packet arrives, and ends with 0', async () => {
    const { status, stdout } = await path('web', 'db:80', '--minimal')
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'web → db (172.19.0.2) port 80 tcp: delivered\n' })
  })

  test('names the policy that stops it, and its fix lets a real packet pass', async () => {
    const dropped = await filtered(['-P', 'FORWARD', 'DROP'], ['-P', 'FORWARD', 'ACCEPT'], async () => {
      const { status, stdout } = await path('web', 'db:80', '--json')
      const journey = JSON.parse(stdout) as Journey
      const before = await agents[1]?.send({ protocol: 'tcp', address: '172.19.0.2', port: 80 })
      const [command] = journey.fixes[0]?.commands ?? []
      await world.run('sh', ['-c', command?.command ?? 'false'], { namespace: 'dockerhost' })
      const after = await agents[1]?.send({ protocol: 'tcp', address: '172.19.0.2', port: 80 })
      await world.run('iptables', ['-F', 'FORWARD'], { namespace: 'dockerhost' })
      return { status, where: journey.where, reason: journey.reason, before, after }
    })
    expect(dropped).toMatchObject({
      status: 1,
      where: { kind: 'policy', name: 'dockerhost', table: 'filter', chain: 'FORWARD' },
      reason: expect.stringContaining('bridge-nf-call-iptables'),
      before: 'silence',
      after: 'answer',
    })
  })

  test('follows a published port from outside, with the rule that rewrites it', async () => {
    const { status, stdout } = await path('out', 'dockerhost:8000')
    expect(status).toBe(0)
    expect(stdout).toMatch(/dockerhost\s+nat\s+destination 192.168.7.2:8000 → 172.19.0.3:80 by rule 1/)
  })

  test('finds the rule of a published port among 10,000 others, for somebody outside', async () => {
    const others = Array.from(
      { length: 5000 },
      (_, number) =>
        `-A DOCKER ! -i br0 -p tcp -m tcp --dport ${10_000 + number} -j DNAT --to-destination 172.19.0.${2 + (number % 2)}:80`,
    )
    const banned = Array.from({ length: 5000 }, (_, number) => {
      return `-A BANNED -s 198.51.${number >> 8}.${number & 255}/32 -j DROP`
    })
    const rules = [
      ...[
        '*nat',
        ':DOCKER - [0:0]',
        ...others,
        '-A DOCKER ! -i br0 -p tcp -m tcp --dport 8001 -j DNAT --to-destination 172.19.0.3:80',
      ],
      ...['-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER', 'COMMIT'],
      ...['*filter', ':BANNED - [0:0]', ...banned, '-A FORWARD -j BANNED', 'COMMIT', ''],
    ]
    const inside = { namespace: 'dockerhost' }
    await world.run('iptables-restore', ['--noflush'], { ...inside, input: rules.join('\n') })
    const { status, stdout } = await path('outside', '192.168.7.2:8001')
    const undo = [
      ...['-F FORWARD', '-F BANNED', '-X BANNED'],
      ...['-D PREROUTING -m addrtype --dst-type LOCAL -j DOCKER', '-F DOCKER', '-X DOCKER'].map(
        (rule) => `-t nat ${rule}`,
      ),
    ]
    for (const rule of undo) await world.run('iptables', rule.split(' '), inside)
    expect(status, stdout).toBe(0)
    expect(stdout).toMatch(/dockerhost\s+nat\s+destination 192.168.7.2:8001 → 172.19.0.3:80 by rule 5001/)
  })

  test('reads a saved snapshot, and says the same', async () => {
    const saved = await world.run(process.execPath, [program, 'snapshot'])
    const offline = await world.tryRun(
      process.execPath,
      [program, 'path', 'web', 'db:80', '--from', '-', '--minimal'],
      { input: saved },
    )
    expect(offline).toMatchObject({ status: 0, stdout: 'web → db (172.19.0.2) port 80 tcp: delivered\n' })
  })

  test.each([
    ['a name that is nobody’s', ['web', 'dbb:80'], 2, 'Did you mean db'],
    ['a source that is nobody', ['wepp', 'db:80'], 2, 'no such namespace'],
    ['a port that is none', ['web', 'db:http'], 2, 'http is no port'],
    ['a protocol without a port', ['web', 'db', '--proto', 'udp'], 2, 'needs a port'],
  ])('ends with 2 for %s', async (_, words, status, message) => {
    const result = await path(...words)
    expect(result).toMatchObject({ status, stdout: '' })
    expect(result.stderr).toContain(message)
  })

  test('changes nothing', async () => {
    const state = () =>
      world.run('sh', ['-c', 'nft list ruleset; ip -4 neigh show nud permanent; cat /proc/net/ip_tables_names'], {
        namespace: 'dockerhost',
      })
    const before = (await state()).replaceAll(/packets \d+ bytes \d+/g, '')
    await path('web', 'db:80', '--detailed')
    expect((await state()).replaceAll(/packets \d+ bytes \d+/g, '')).toBe(before)
  })
})

test('matrix ends with 1 when a policy is not kept', async () => {
  const run = (...words: string[]) => world.tryRun(process.execPath, [program, 'matrix', '--port', '80', ...words])
  expect(await run('--must', 'web->db:80')).toMatchObject({ status: 0 })
  const broken = await run('--must-not', 'web->db:80')
  expect(broken.status).toBe(1)
  expect(broken.stdout).toContain('✖ must-not web->db:80')
})
