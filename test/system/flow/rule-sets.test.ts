import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { predict } from '../../../src/flow/predict.ts'
import { World as FlowWorld } from '../../../src/flow/world.ts'
import type { HostSnapshot } from '../../../src/model/snapshot.ts'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { type Agent, agentOf, type Probe } from './agents.ts'
import { agreementOf, describeDifference } from './judge.ts'

/**
 * A host with two bridges, two pods on cables of their own (as calico wires them: a gateway that nobody has, answered by
 * proxy ARP), and a machine outside.
 */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  node: [
    'link add br0 type bridge',
    'link add br1 type bridge',
    'link add vweb type veth peer name eth0 netns web',
    'link add vdb type veth peer name eth0 netns db',
    'link add vapp type veth peer name eth0 netns app',
    'link add cali1 type veth peer name eth0 netns pod1',
    'link add cali2 type veth peer name eth0 netns pod2',
    'link add eth0 type veth peer name eth0 netns out',
    'link set vweb master br0 up',
    'link set vdb master br0 up',
    'link set vapp master br1 up',
    ...['br0', 'br1', 'cali1', 'cali2', 'eth0'].map((link) => `link set ${link} up`),
    'addr add 172.18.0.1/16 dev br0',
    'addr add 172.19.0.1/16 dev br1',
    'addr add 192.168.7.2/24 dev eth0',
    'route add default via 192.168.7.1',
    'route add 10.244.1.2 dev cali1 scope link',
    'route add 10.244.1.3 dev cali2 scope link',
  ],
  web: container('172.18.0.3/16', '172.18.0.1'),
  db: container('172.18.0.2/16', '172.18.0.1'),
  app: container('172.19.0.2/16', '172.19.0.1'),
  pod1: pod('10.244.1.2'),
  pod2: pod('10.244.1.3'),
  out: [
    'link set eth0 up',
    'addr add 192.168.7.1/24 dev eth0',
    ...['172.18.0.0/16', '172.19.0.0/16', '10.244.0.0/16', '10.96.0.0/12'].map(
      (network) => `route add ${network} via 192.168.7.2`,
    ),
  ],
}

function container(address: string, gateway: string): string[] {
  return ['link set eth0 up', `addr add ${address} dev eth0`, `route add default via ${gateway}`]
}

function pod(address: string): string[] {
  return [
    'link set eth0 up',
    `addr add ${address}/32 dev eth0`,
    'route add 169.254.1.1 dev eth0 scope link',
    'route add default via 169.254.1.1',
  ]
}

const SYSCTLS = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv4.conf.cali1.proxy_arp=1',
  'net.ipv4.conf.cali2.proxy_arp=1',
  'net.ipv4.neigh.cali1.proxy_delay=0',
  'net.ipv4.neigh.cali2.proxy_delay=0',
  'net.bridge.bridge-nf-call-iptables=1',
]
const SENDERS = ['node', 'web', 'db', 'app', 'pod1', 'pod2', 'out']
/** Everybody, the published port, a node port, and services: with endpoints, without, with affinity, and of nobody. */
const TARGETS: readonly (readonly [address: string, port: number])[] = [
  ['172.18.0.3', 80],
  ['172.18.0.2', 80],
  ['172.19.0.2', 80],
  ['10.244.1.2', 80],
  ['10.244.1.3', 80],
  ['192.168.7.2', 80],
  ['192.168.7.2', 22],
  ['192.168.7.2', 8000],
  ['192.168.7.2', 30080],
  ['10.96.0.10', 80],
  ['10.96.0.11', 80],
  ['10.96.0.12', 80],
  ['192.168.7.1', 80],
]
const FOLDER = fileURLToPath(new URL('../../../fixtures/rule-sets/', import.meta.url))

let world: World
let take: string
const agents = new Map<string, Agent>()

beforeAll(async () => {
  const agent = await bundleProgram('test/system/flow/agent.ts')
  take = await bundleProgram('test/system/oracle/take.ts')
  world = await openWorld()
  for (const name of Object.keys(LINKS)) await world.run('ip', ['netns', 'add', name])
  for (const [name, lines] of Object.entries(LINKS)) {
    await world.run('ip', ['-n', name, '-batch', '-'], { input: `link set lo up\n${lines.join('\n')}\n` })
  }
  const inside = { namespace: 'node' }
  await world.run('sysctl', ['-qw', ...SYSCTLS], inside)
  const start = async (name: string) =>
    agents.set(name, await agentOf(world.start(process.execPath, [agent], { namespace: name, stdio: 'pipe' }), name))
  await Promise.all(Object.keys(LINKS).map(start))
})

afterAll(async () => {
  for (const agent of agents.values()) await agent.close()
  await world?.close()
})

async function load(name: string): Promise<void> {
  const inside = { namespace: 'node' }
  await world.run('nft', ['flush', 'ruleset'], inside)
  await world.run('ipset', ['destroy'], inside)
  await world.run('conntrack', ['-F'], inside)
  const sets = `${FOLDER}${name}.ipset`
  if (existsSync(sets)) await world.run('ipset', ['restore'], { ...inside, input: readFileSync(sets, 'utf8') })
  const iptables = `${FOLDER}${name}.iptables`
  if (existsSync(iptables)) {
    await world.run('iptables-restore', [], { ...inside, input: readFileSync(iptables, 'utf8') })
  } else await world.run('nft', ['-f', '-'], { ...inside, input: readFileSync(`${FOLDER}${name}.nft`, 'utf8') })
}

/** Name → what may be left open: flows that a match about the past decides. */
const RULE_SETS: readonly (readonly [name: string, open: number])[] = [
  ['docker-28', 0],
  ['docker-29', 0],
  ['swarm', 0],
  ['kube-proxy', 0],
  ['kube-proxy-nft', 0],
  ['calico', 0],
  ['flannel', 0],
  ['ufw', 3],
  ['firewalld', 0],
]

test.each(RULE_SETS)('every pair goes the way that the rules of %s give it', async (name, open) => {
  await load(name)
  const { snapshot } = JSON.parse(await world.run(process.execPath, [take])) as { snapshot: HostSnapshot }
  const facts = new FlowWorld({ snapshots: [snapshot] })
  const cases = SENDERS.flatMap((from) =>
    TARGETS.map(([address, port]) => ({ from, probe: { protocol: 'tcp', address, port } satisfies Probe })),
  )
  const results = await Promise.all(
    cases.map(async ({ from, probe }) => {
      const inode = snapshot.namespaces.find(({ names }) => names.includes(from))?.inode ?? 0
      const journey = predict(facts, {
        source: { namespace: inode, name: from },
        destination: probe.address,
        protocol: 'tcp',
        destinationPort: probe.port,
      })
      const observed = (await agents.get(from)?.send(probe)) ?? ''
      return { from, probe, journey, observed, agreement: agreementOf(probe, journey, observed) }
    }),
  )
  const of = (wanted: string) =>
    results
      .filter(({ agreement }) => agreement === wanted)
      .map(({ from, probe, journey, observed }) => describeDifference(from, probe, journey, observed))
  expect(of('differs')).toEqual([])
  expect(of('left open').length, of('left open').join('\n')).toBeLessThanOrEqual(open)
  // the rules do something: not everything passes, and not nothing
  expect(new Set(results.map(({ observed }) => observed.split(' ')[0])).size).toBeGreaterThan(1)
})
