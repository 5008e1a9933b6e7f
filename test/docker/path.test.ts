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
import { type Agent, agentOf, type Probe } from '../system/flow/agents.ts'
import { agreementOf, describeDifference } from '../system/flow/judge.ts'

/** Name → options of `docker run`. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  web: ['--network', 'front', '-p', '8080:80'],
  cache: ['--network', 'front'],
  plain: ['-p', '8082:80'],
  s1: ['--network', 'shut', '-p', '8083:80'],
  s2: ['--network', 'shut'],
  b1: ['--network', 'back'],
  d1: ['--network', 'dual', '-p', '8084:80', '-p', '8053:53/udp'],
  d2: ['--network', 'dual'],
  none: ['--network', 'none'],
}

/** What is published at the host. */
const PUBLISHED: readonly Pick<Probe, 'protocol' | 'port'>[] = [
  ...[8080, 8082, 8083, 8084].map((port) => ({ protocol: 'tcp' as const, port })),
  { protocol: 'udp', port: 8053 },
]
/** What everybody answers. */
const OFFERED: readonly Pick<Probe, 'protocol' | 'port'>[] = [
  { protocol: 'tcp', port: 80 },
  { protocol: 'udp', port: 53 },
  { protocol: 'icmp' },
]

let engine: DockerEngine
let snapshot: HostSnapshot
const agents = new Map<string, Agent>()
const inodes = new Map<string, number>()

beforeAll(async () => {
  engine = await startDockerEngine({ daemonOptions: ['--experimental', '--ip6tables'] })
  await openUplink(engine)
  await openIpv6()
  await engine.docker('network', 'create', 'front')
  await engine.docker('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'shut')
  await engine.docker('network', 'create', '--internal', 'back')
  await engine.docker('network', 'create', '--ipv6', '--subnet', 'fd00:7::/64', 'dual')
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

/** The machine outside speaks IPv6 as well, and knows the way to every container's own address. */
async function openIpv6(): Promise<void> {
  const ip = (...words: string[]) => engine.inside('ip', ...words)
  await ip('addr', 'add', '2001:db8:9::2/64', 'dev', 'up0', 'nodad')
  await ip('-n', 'out', 'addr', 'add', '2001:db8:9::1/64', 'dev', 'eth0', 'nodad')
  await ip('-n', 'out', 'route', 'add', 'fd00:7::/64', 'via', '2001:db8:9::2')
  await ip('-n', 'out', 'route', 'add', '172.16.0.0/12', 'via', '192.0.2.2')
}

/** Every address that somebody has with all that is offered there, and the published ports at every address of the host. */
function probes(): Probe[] {
  return snapshot.namespaces
    .filter(({ inode }) => [...inodes.values()].includes(inode))
    .flatMap(({ inode, addresses }) =>
      addresses
        .filter(({ scope }) => scope === 'global')
        .flatMap((each) => {
          const address = each.address.split('/')[0] ?? ''
          const offered = inode === inodes.get('host') ? [...OFFERED, ...PUBLISHED] : OFFERED
          return offered.map((probe) => ({ ...probe, address }))
        }),
    )
}

test('every pair goes the way that the rules of a real engine give it', async () => {
  const world = new World({ snapshots: [snapshot] })
  const cases = [...agents.keys()].flatMap((from) => probes().map((probe) => ({ from, probe })))
  const results = await Promise.all(
    cases.map(async ({ from, probe }) => {
      const source = { namespace: inodes.get(from) ?? 0, name: from }
      const journey = predict(world, {
        source,
        destination: probe.address,
        protocol: probe.protocol,
        ...(probe.port === undefined ? {} : { destinationPort: probe.port }),
      })
      const observed = (await agents.get(from)?.send(probe)) ?? ''
      return { from, probe, journey, observed, agreement: agreementOf(probe, journey, observed) }
    }),
  )
  const verdicts = results.map(({ journey, observed }) => `${journey.verdict} ${observed}`)
  expect(results.length).toBeGreaterThan(1000)
  expect(new Set(verdicts).size).toBeGreaterThan(2)
  const answered = results.filter(({ observed }) => observed === 'answer').map(({ probe }) => probe)
  for (const isSix of [false, true]) {
    const ofFamily = answered.filter(({ address }) => address.includes(':') === isSix)
    expect(new Set(ofFamily.map(({ protocol }) => protocol))).toEqual(new Set(['tcp', 'udp', 'icmp']))
  }
  const wrong = results.filter(({ agreement }) => agreement === 'differs')
  expect(wrong.map(({ from, probe, journey, observed }) => describeDifference(from, probe, journey, observed))).toEqual(
    [],
  )
  // a program with several addresses answers a datagram from whichever it likes
  const open = results.filter(({ agreement }) => agreement === 'left open')
  expect(open.filter(({ probe, journey }) => probe.protocol !== 'udp' || journey.verdict !== 'delivered')).toEqual([])
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
  expect(ports.sort()).toEqual(['8053', '8080', '8082', '8083', '8084'])
  for (const { words } of steps) await engine.inside(...words)
  expect(await findings()).toEqual([])
})
