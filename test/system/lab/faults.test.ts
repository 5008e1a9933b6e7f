import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences } from '../../../bench/faults/settled.ts'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'
import { bundleProgram } from '../../helpers/netns-program.ts'

const LAB = 'pets-bridge'
/** Does what it is asked for, and does not come back. */
const SLOW_IP = '#!/bin/sh\n/usr/sbin/ip "$@"\ntouch /run/slow/reached\nexec sleep 60'

describe('faults of a lab', () => {
  let labs: LabWorld
  let before: string

  beforeAll(async () => {
    labs = await openLabWorld()
    before = await labs.traces()
    await labs.mustLab('up', LAB)
  })
  afterAll(() => labs?.world.close())

  const fault = (...words: string[]) => labs.lab('fault', ...words)
  const record = `/run/tsnet-shoot/state/${LAB}/fault.json`
  const inside = (place: string, ...words: string[]) =>
    labs.world.run(words[0] ?? '', words.slice(1), { namespace: `tsnet:${LAB}:${place}` })
  /** What of the lab a person would see to have changed. */
  const looks = async () => {
    const [rules, routes, links] = await Promise.all([
      inside('host-A', 'iptables-save'),
      inside('db', 'ip', 'route'),
      inside('host-A', 'ip', '-o', 'link', 'show', 'up'),
    ])
    return `${rules.replaceAll(/^#.*$|\[\d+:\d+\]/gm, '')}${routes}${links}`.split('\n')
  }

  test.each<[string[], string]>([
    [['inject', 'nothing', 'link-down'], 'lab nothing: it is not up'],
    [['heal', 'nothing'], 'lab nothing: it is not up'],
    [['status', 'nothing'], 'lab nothing: it is not up'],
    [['heal', LAB], `lab ${LAB}: it has no fault`],
    [['status', LAB], `lab ${LAB}: it has no fault`],
    [['inject', LAB, 'link-dwn'], 'fault link-dwn: there is none of that name (did you mean link-down?)'],
    [['inject', LAB, 'rp-filter-strict'], `fault rp-filter-strict: lab ${LAB} cannot have it`],
    [['inject', LAB, 'conntrack-full', '--machine'], `fault conntrack-full: lab ${LAB} cannot have it`],
    [['inject', LAB, 'link-down', '--target', 'dbb'], `no place dbb in lab ${LAB} (did you mean db?)`],
    [['random', LAB, '--seed', 'x'], '--seed x: not a number'],
  ])('%j is refused with status 2', async (words, message) => {
    const { status, stderr } = await fault(...words)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })

  test('a fault is told by its symptom alone, until somebody asks for more', async () => {
    const told = await labs.mustLab('fault', 'random', LAB, '--seed', '7')
    const { fault: name } = JSON.parse(await labs.mustLab('fault', 'status', LAB, '--reveal', '--json'))
    expect(told).toContain('seed 7')
    expect(told).not.toContain(name)
    expect(await labs.mustLab('fault', 'status', LAB)).not.toContain(name)
    expect(await labs.mustLab('fault', 'status', LAB, '--hint')).toContain('look at')
    expect(await labs.mustLab('fault', 'status', LAB, '--reveal')).toContain(`it is ${name}`)
    const second = await fault('inject', LAB, 'link-down')
    expect(second.status).toBe(2)
    expect(second.stderr).toContain(`lab ${LAB}: it has a fault`)
    expect((await labs.lab('apply', LAB)).stderr).toContain('it has a fault')
    expect(await labs.mustLab('fault', 'heal', LAB)).toContain(name)
    // the same again for the same seed
    const again = JSON.parse(await labs.mustLab('fault', 'random', LAB, '--seed', '7', '--reveal', '--json'))
    expect(again.fault).toBe(name)
    await labs.mustLab('fault', 'heal', LAB)
  })

  test('a program on the loopback of its container is where the way of a packet ends, and begins anew on all addresses', async () => {
    const listeners = () => inside('web', 'ss', '-Hltn', 'sport', '=', ':5000')
    const path = async () => {
      const words = [labs.program, 'path', `lab:${LAB}/client`, '192.168.0.2:8000', '--json']
      return JSON.parse((await labs.world.tryRun(process.execPath, words)).stdout)
    }
    expect((await path()).verdict).toBe('delivered')
    await labs.mustLab('fault', 'inject', LAB, 'published-port-unreachable:loopback', '--target', 'web:8000')
    expect(await listeners()).toContain('127.0.0.1:5000')
    expect(await path()).toMatchObject({ verdict: 'rejected', where: { kind: 'socket', name: 'web' } })
    await labs.mustLab('fault', 'heal', LAB)
    expect(await listeners()).not.toContain('127.0.0.1:5000')
    expect((await path()).verdict).toBe('delivered')
  })

  test('whatever a person did about it is undone too', async () => {
    const healthy = await looks()
    await labs.mustLab('fault', 'inject', LAB, 'nat-rules-flushed')
    expect(differences(healthy, await looks())).not.toEqual([])
    await inside(
      'host-A',
      'sh',
      '-c',
      'iptables -t nat -N MINE; iptables -t nat -A OUTPUT -j MINE; iptables -P FORWARD ACCEPT',
    )
    await inside('host-A', 'ip', 'link', 'add', 'mine', 'type', 'bridge')
    await labs.mustLab('fault', 'heal', LAB)
    expect(differences(healthy, await looks())).toEqual([])
  })

  test('one that was killed in the middle is healed all the same', async () => {
    const healthy = await looks()
    await labs.world.run('sh', ['-c', `mkdir /run/slow && echo '${SLOW_IP}' >/run/slow/ip && chmod +x /run/slow/ip`])
    const words = [labs.program, 'lab', 'fault', 'inject', LAB, 'default-route-wrong', '--target', 'db']
    labs.world.start('env', ['PATH=/run/slow:/usr/sbin:/usr/bin:/sbin:/bin', process.execPath, ...words])
    await expect
      .poll(async () => (await labs.world.tryRun('test', ['-e', '/run/slow/reached'])).status, { timeout: 20_000 })
      .toBe(0)
    await labs.world.run('sh', ['-c', 'kill -9 $(pgrep -f "[f]ault inject") && kill $(pgrep -x sleep)'])
    expect(differences(healthy, await looks())).not.toEqual([])
    expect((await labs.world.tryRun('test', ['-e', record])).status).toBe(0)
    await labs.world.run('rm', ['-r', '/run/slow'])
    await labs.mustLab('fault', 'heal', LAB)
    expect(differences(healthy, await looks())).toEqual([])
  })

  test('lab down takes a lab with a fault away, and all that the fault had made', async () => {
    await labs.mustLab('fault', 'inject', LAB, 'leaked-namespace')
    await labs.mustLab('down', LAB)
    expect(await labs.traces()).toBe(before)
  })
})

/** Those that need the least time; `npm run faults` has all of them. */
const SCORED = [
  'nat-rules-flushed',
  'published-port-unreachable:loopback',
  'container-dns-broken:server',
  'default-route-wrong:gateway',
  'veth-not-enslaved',
  'duplicate-address',
  'leaked-namespace',
]

describe('the scoreboard', () => {
  test('has nothing to complain about: named, cured and healed', async () => {
    const labs = await openLabWorld()
    try {
      const main = await bundleProgram('bench/faults/main.ts')
      const result = '/run/result.json'
      const environment = [`FAULTS_PROGRAM=${labs.program}`, `FAULTS_RESULT=${result}`]
      const words = [
        'pets-bridge',
        ...SCORED.flatMap((id) => (id === 'default-route-wrong' ? [`${id}:gateway`] : [id])),
      ]
      const { stderr } = await labs.world.tryRun('env', [...environment, process.execPath, main, ...words])
      const { score, rows } = JSON.parse(readFileSync(`/proc/${labs.world.pid}/root${result}`, 'utf8'))
      expect(
        rows.flatMap(({ problems }: { problems: string[] }) => problems),
        stderr,
      ).toEqual([])
      expect(rows).toHaveLength(SCORED.length)
      expect(score).toEqual({ recall: 1, precision: 1, fixRate: 1, healRate: 1 })
    } finally {
      await labs.world.close()
    }
  })
})
