import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examine } from '../../src/checks/doctor/examine.ts'
import { predict } from '../../src/flow/predict.ts'
import { World } from '../../src/flow/world.ts'
import { readHost } from '../../src/inspect/read-host.ts'
import type { Finding } from '../../src/model/finding.ts'
import { type HostSnapshot, KINDS } from '../../src/model/snapshot.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'
import { openUplink } from '../helpers/docker-uplink.ts'
import { bundleProgram } from '../helpers/netns-program.ts'
import { type Agent, agentOf } from '../system/flow/agents.ts'
import { agreementOf, describeDifference } from '../system/flow/judge.ts'

/** Name → options of `docker run`. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  web: ['--network', 'front', '-p', '8080:80'],
  cache: ['--network', 'front'],
  plain: ['-p', '8082:80'],
  s1: ['--network', 'shut', '-p', '8083:80'],
  s2: ['--network', 'shut'],
  b1: ['--network', 'back'],
}

let engine: DockerEngine
let snapshot: HostSnapshot
const agents = new Map<string, Agent>()
const inodes = new Map<string, number>()

beforeAll(async () => {
  engine = await startDockerEngine()
  await openUplink(engine)
  await engine.docker('network', 'create', 'front')
  await engine.docker('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'shut')
  await engine.docker('network', 'create', '--internal', 'back')
  for (const [name, options] of Object.entries(CONTAINERS)) await engine.runContainer(name, ...options)
  await engine.docker('network', 'connect', 'back', 'web')
  const program = await bundleProgram('test/system/flow/agent.ts')
  const pids: [string, string][] = [['host', String(engine.pid)]]
  for (const name of Object.keys(CONTAINERS)) {
    pids.push([name, await engine.docker('inspect', '--format', '{{.State.Pid}}', name)])
  }
  for (const [name, pid] of pids) await join(name, ['-t', pid, '--net'], `/proc/${pid}/ns/net`, program)
  const out = `/proc/${engine.pid}/root/run/netns/out`
  await join('out', [`--net=${out}`], out, program)
  const wanted = new Set(inodes.values())
  const engines = { dockerSockets: [engine.socket], deadlineMs: 20_000 }
  ;({ snapshot } = await readHost({ kinds: KINDS, engines, choose: () => [...wanted] }))
})

afterAll(async () => {
  for (const agent of agents.values()) await agent.close()
  await engine?.stop()
})

async function join(name: string, where: readonly string[], path: string, program: string): Promise<void> {
  inodes.set(name, statSync(path).ino)
  const child = spawn('nsenter', [...where, '--', process.execPath, program], { stdio: 'pipe' })
  agents.set(name, await agentOf(child, name))
}

/** Every address that somebody has, at the port that all listen on, and the published ports at every address of the host. */
function targets(): { readonly address: string; readonly port: number }[] {
  const host = inodes.get('host')
  return snapshot.namespaces
    .filter(({ inode }) => [...inodes.values()].includes(inode))
    .flatMap(({ inode, addresses }) => {
      const own = addresses.filter(({ address, scope }) => !address.includes(':') && scope === 'global')
      const ports = inode === host ? [80, 8080, 8082, 8083] : [80]
      return own.flatMap(({ address }) => ports.map((port) => ({ address: address.split('/')[0] ?? '', port })))
    })
}

test('every pair goes the way that the rules of a real engine give it', async () => {
  const world = new World({ snapshots: [snapshot] })
  const cases = [...agents.keys()].flatMap((from) =>
    targets().map((target) => ({ from, probe: { protocol: 'tcp' as const, ...target } })),
  )
  const results = await Promise.all(
    cases.map(async ({ from, probe }) => {
      const source = { namespace: inodes.get(from) ?? 0, name: from }
      const journey = predict(world, {
        source,
        destination: probe.address,
        protocol: 'tcp',
        destinationPort: probe.port,
      })
      const observed = (await agents.get(from)?.send(probe)) ?? ''
      return { from, probe, journey, observed, agreement: agreementOf(probe, journey, observed) }
    }),
  )
  const verdicts = results.map(({ journey, observed }) => `${journey.verdict} ${observed}`)
  expect(new Set(verdicts).size).toBeGreaterThan(2)
  const wrong = results.filter(({ agreement }) => agreement !== 'agrees')
  expect(wrong.map(({ from, probe, journey, observed }) => describeDifference(from, probe, journey, observed))).toEqual(
    [],
  )
})

/** What the doctor finds of the engine of this test; others may run on the machine. */
async function findings(): Promise<readonly Finding[]> {
  const wanted = new Set(inodes.values())
  const engines = { dockerSockets: [engine.socket], deadlineMs: 20_000 }
  const { snapshot: whole } = await readHost({ kinds: KINDS, engines, choose: () => [...wanted] })
  return examine([{ ...whole, namespaces: whole.namespaces.filter(({ inode }) => wanted.has(inode)) }]).findings
}

test('the doctor finds nothing wrong with an engine, its networks and containers', async () => {
  expect(await findings()).toEqual([])
})

test('the doctor finds that its nat rules are gone, and what it proposes brings them back', async () => {
  await engine.inside('iptables', '-t', 'nat', '-F')
  const [first, ...others] = await findings()
  expect(first).toMatchObject({ id: 'nat-rules-flushed', severity: 'error', namespace: inodes.get('host') })
  expect(others).toEqual([])
  const steps = first?.fix?.steps ?? []
  const ports = steps.flatMap(({ words }) => (words.includes('DNAT') ? words[words.indexOf('--dport') + 1] : []))
  expect(ports.sort()).toEqual(['8080', '8082', '8083'])
  for (const { words } of steps) await engine.inside(...words)
  expect(await findings()).toEqual([])
})
