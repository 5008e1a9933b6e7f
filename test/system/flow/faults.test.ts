import { afterAll, beforeAll, expect, test } from 'vitest'
import { predictWithFixes } from '../../../src/flow/fix/suggest.ts'
import type { Flow, Journey, PlaceKind } from '../../../src/flow/journey.ts'
import { World as FlowWorld } from '../../../src/flow/world.ts'
import { failedLeg } from '../../../src/model/journey-legs.ts'
import type { HostSnapshot } from '../../../src/model/snapshot.ts'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { type Agent, agentOf } from './agents.ts'
import { LINKS, RULES, SYSCTLS } from './fault-network.ts'

/** One row of the fault catalogue that can be made here. */
interface Fault {
  readonly id: string
  readonly flow: readonly [from: string, to: string, protocol: 'tcp' | 'udp', port: number]
  /** Bytes of a packet that must not be cut; the real probe is a small one then, and is not tried. */
  readonly size?: number
  readonly inject: readonly string[]
  readonly heal: readonly string[]
  /** Where the packet, its answer or what follows stops. */
  readonly kind: PlaceKind
  readonly at: string
  readonly text: RegExp
  /** Nothing cures it that a single place knows of. */
  readonly incurable?: boolean
}

const WEB = ['out', '192.168.7.2', 'tcp', 8000] as const
const ROUTED = ['ra', '10.1.2.2', 'tcp', 80] as const
const OVERLAY = ['oc1', '10.9.0.3', 'tcp', 80] as const
const FDB_2 = '02:42:0a:09:00:03'

const FAULTS: readonly Fault[] = [
  {
    id: 'forward-policy-drop',
    flow: ROUTED,
    inject: ['@rr iptables -P FORWARD DROP'],
    heal: ['@rr iptables -P FORWARD ACCEPT'],
    kind: 'policy',
    at: 'rr',
    text: /policy DROP of FORWARD/,
  },
  {
    id: 'forward-policy-drop inside one bridge',
    flow: ['web', '172.18.0.2', 'tcp', 80],
    inject: ['@bh iptables -D FORWARD -i br0 -j ACCEPT'],
    heal: ['@bh iptables -A FORWARD -i br0 -j ACCEPT'],
    kind: 'policy',
    at: 'bh',
    text: /policy DROP of FORWARD/,
  },
  {
    id: 'ip-forward-off',
    flow: ROUTED,
    inject: ['@rr sysctl -qw net.ipv4.ip_forward=0'],
    heal: ['@rr sysctl -qw net.ipv4.ip_forward=1'],
    kind: 'sysctl',
    at: 'rr',
    text: /net.ipv4.ip_forward = 0/,
  },
  {
    id: 'mtu-overlay-exceeds-underlay',
    flow: OVERLAY,
    size: 1500,
    inject: [
      ...['oc1', 'oc2'].map((name) => `@${name} ip link set eth0 mtu 1500`),
      ...['oh1', 'oh2'].flatMap((name) => ['vx', 'vc', 'ov'].map((link) => `@${name} ip link set ${link} mtu 1500`)),
    ],
    heal: [
      ...['oc1', 'oc2'].map((name) => `@${name} ip link set eth0 mtu 1450`),
      ...['oh1', 'oh2'].flatMap((name) => ['vx', 'vc', 'ov'].map((link) => `@${name} ip link set ${link} mtu 1450`)),
    ],
    kind: 'link',
    at: 'oh1',
    text: /mtu 1500 of eth0/,
  },
  {
    id: 'pmtu-blackhole',
    flow: ROUTED,
    size: 1500,
    inject: ['@rr ip link set lb mtu 1400', '@rr iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP'],
    heal: ['@rr ip link set lb mtu 1500', '@rr iptables -F OUTPUT'],
    kind: 'link',
    at: 'rr',
    text: /mtu 1400 of lb/,
  },
  {
    id: 'vxlan-port-blocked',
    flow: OVERLAY,
    inject: ['@oh2 iptables -A INPUT -p udp --dport 4789 -j DROP'],
    heal: ['@oh2 iptables -F INPUT'],
    kind: 'rule',
    at: 'oh2',
    text: /--dport 4789 -j DROP/,
  },
  {
    id: 'fdb-missing',
    flow: OVERLAY,
    inject: [`@oh1 bridge fdb del ${FDB_2} dev vx dst 10.8.0.2 self`],
    heal: [`@oh1 bridge fdb add ${FDB_2} dev vx dst 10.8.0.2 self permanent`],
    kind: 'fdb',
    at: 'oh1',
    text: /no FDB entry for 02:42:0a:09:00:03/,
  },
  {
    id: 'fdb-stale',
    flow: OVERLAY,
    inject: [`@oh1 bridge fdb replace ${FDB_2} dev vx dst 10.8.0.9 self permanent`],
    heal: [`@oh1 bridge fdb replace ${FDB_2} dev vx dst 10.8.0.2 self permanent`],
    kind: 'neighbour',
    at: 'oh1',
    text: /10\.8\.0\.9/,
    incurable: true,
  },
  {
    id: 'neigh-missing',
    flow: OVERLAY,
    inject: ['@oh1 ip neigh del 10.9.0.3 dev vx'],
    heal: [`@oh1 ip neigh add 10.9.0.3 lladdr ${FDB_2} dev vx nud permanent`],
    kind: 'neighbour',
    at: 'oh1',
    text: /no neighbour entry for 10.9.0.3/,
  },
  {
    id: 'neigh-stale',
    flow: OVERLAY,
    inject: ['@oh1 ip neigh replace 10.9.0.3 lladdr 02:42:0a:09:00:77 dev vx nud permanent'],
    heal: [`@oh1 ip neigh replace 10.9.0.3 lladdr ${FDB_2} dev vx nud permanent`],
    kind: 'fdb',
    at: 'oh1',
    text: /no FDB entry for 02:42:0a:09:00:77/,
  },
  {
    id: 'subnet-overlap',
    flow: ['web', '192.168.7.1', 'tcp', 80],
    inject: ['@bh ip addr add 192.168.7.126/25 dev br1'],
    heal: ['@bh ip addr del 192.168.7.126/25 dev br1'],
    kind: 'neighbour',
    at: 'bh',
    text: /192.168.7.1 on br1/,
    incurable: true,
  },
  {
    id: 'nat-rules-flushed',
    flow: WEB,
    inject: ['@bh iptables -t nat -F DOCKER'],
    heal: [`@bh iptables ${RULES.published}`],
    kind: 'socket',
    at: 'bh',
    text: /nobody in bh listens on 192.168.7.2 8000/,
    incurable: true,
  },
  {
    id: 'published-port-unreachable',
    flow: WEB,
    inject: [
      '@bh iptables -t nat -R DOCKER 1 -p tcp --dport 8000 -j DNAT --to-destination 172.18.0.9:80',
      '@bh iptables -I DOCKER -d 172.18.0.9 -j ACCEPT',
    ],
    heal: ['@bh iptables -t nat -F DOCKER', `@bh iptables ${RULES.published}`, '@bh iptables -D DOCKER 1'],
    kind: 'neighbour',
    at: 'bh',
    text: /172.18.0.9/,
    incurable: true,
  },
  {
    id: 'published-port-unreachable: nobody listens there',
    flow: WEB,
    inject: [
      '@bh iptables -t nat -R DOCKER 1 -p tcp --dport 8000 -j DNAT --to-destination 172.18.0.3:81',
      '@bh iptables -I DOCKER -d 172.18.0.3 -j ACCEPT',
    ],
    heal: ['@bh iptables -t nat -F DOCKER', `@bh iptables ${RULES.published}`, '@bh iptables -D DOCKER 1'],
    kind: 'socket',
    at: 'web',
    text: /nobody in web listens on 172.18.0.3 81/,
    incurable: true,
  },
  {
    id: 'isolation-drop',
    flow: ['web', '172.19.0.2', 'tcp', 80],
    inject: ['@bh iptables -I FORWARD -i br0 -o br1 -j DOCKER-ISOLATION-STAGE-2'],
    heal: ['@bh iptables -D FORWARD 1'],
    kind: 'rule',
    at: 'bh',
    text: /-A DOCKER-ISOLATION-STAGE-2 -o br1 -j DROP/,
  },
  {
    id: 'hairpin-off',
    flow: ['web', '172.18.0.1', 'tcp', 8000],
    inject: ['@bh bridge link set dev vweb hairpin off'],
    heal: ['@bh bridge link set dev vweb hairpin on'],
    kind: 'bridge-port',
    at: 'bh',
    text: /hairpin is off/,
  },
  {
    id: 'hairpin-off: no masquerade for itself, and bridged frames pass no rules',
    flow: ['web', '172.18.0.1', 'tcp', 8000],
    inject: [
      '@bh sysctl -qw net.bridge.bridge-nf-call-iptables=0',
      `@bh iptables ${RULES.ownPort.replace('-A', '-D')}`,
    ],
    heal: ['@bh sysctl -qw net.bridge.bridge-nf-call-iptables=1', `@bh iptables ${RULES.ownPort}`],
    kind: 'sysctl',
    at: 'web',
    text: /martian source: 172.18.0.3/,
    incurable: true,
  },
  {
    id: 'rp-filter-strict',
    flow: ROUTED,
    inject: ['@rr ip route add 10.1.1.2/32 via 10.1.2.2', '@rr sysctl -qw net.ipv4.conf.la.rp_filter=1'],
    heal: ['@rr ip route del 10.1.1.2/32', '@rr sysctl -qw net.ipv4.conf.la.rp_filter=0'],
    kind: 'sysctl',
    at: 'rr',
    text: /rp_filter = 1/,
    incurable: true,
  },
  {
    id: 'link-down',
    flow: ['db', '172.18.0.3', 'tcp', 80],
    inject: ['@bh ip link set vweb down'],
    heal: ['@bh ip link set vweb up'],
    kind: 'bridge-port',
    at: 'bh',
    text: /vweb/,
  },
  {
    id: 'veth-not-enslaved',
    flow: ['db', '172.18.0.3', 'tcp', 80],
    inject: ['@bh ip link set vweb nomaster'],
    heal: ['@bh ip link set vweb master br0', '@bh bridge link set dev vweb hairpin on'],
    kind: 'neighbour',
    at: 'db',
    text: /web has it on eth0, which is not on the same segment/,
  },
  {
    id: 'default-route-wrong',
    flow: ['web', '192.168.7.1', 'tcp', 80],
    inject: ['@web ip route replace default via 172.18.0.99'],
    heal: ['@web ip route replace default via 172.18.0.1'],
    kind: 'neighbour',
    at: 'web',
    text: /172.18.0.99/,
  },
  {
    id: 'default-route-wrong: none',
    flow: ['web', '192.168.7.1', 'tcp', 80],
    inject: ['@web ip route del default'],
    heal: ['@web ip route add default via 172.18.0.1'],
    kind: 'route',
    at: 'web',
    text: /no route to 192.168.7.1/,
  },
  {
    id: 'container-dns-broken',
    flow: ['web', '127.0.0.11', 'udp', 54],
    inject: ['@web iptables -t nat -F'],
    heal: [`@web iptables ${RULES.dns}`],
    kind: 'socket',
    at: 'web',
    text: /nobody in web listens on 127.0.0.11 54/,
    incurable: true,
  },
  {
    id: 'macvlan-host-isolation',
    flow: ['mm1', '10.7.0.1', 'tcp', 80],
    inject: ['@mh ip addr add 10.7.0.1/24 dev wan'],
    heal: ['@mh ip addr del 10.7.0.1/24 dev wan'],
    kind: 'link',
    at: 'mm1',
    text: /cannot reach each other/,
  },
]

let world: World
let take: string
const agents = new Map<string, Agent>()

beforeAll(async () => {
  const agent = await bundleProgram('test/system/flow/agent.ts')
  take = await bundleProgram('test/system/oracle/take.ts')
  world = await openWorld()
  const names = Object.keys(LINKS)
  for (const name of names) await world.run('ip', ['netns', 'add', name])
  for (const [name, lines] of Object.entries(LINKS)) {
    await world.run('ip', ['-n', name, '-batch', '-'], { input: `link set lo up\n${lines.join('\n')}\n` })
  }
  for (const line of SYSCTLS) await apply(line)
  // three questions without an answer take three seconds otherwise
  const quick = 'for file in /proc/sys/net/ipv4/neigh/*/retrans_time_ms; do echo 80 > "$file"; done'
  for (const namespace of names) await world.run('sh', ['-c', quick], { namespace })
  const start = async (name: string) =>
    agents.set(name, await agentOf(world.start(process.execPath, [agent], { namespace: name, stdio: 'pipe' }), name))
  await Promise.all(names.map(start))
})

afterAll(async () => {
  for (const agent of agents.values()) await agent.close()
  await world?.close()
})

/** `@NAMESPACE COMMAND WORD…` */
async function apply(line: string): Promise<void> {
  const [where = '', command = '', ...words] = line.split(' ')
  await world.run(command, words, { namespace: where.slice(1) })
}

async function takeSnapshot(): Promise<HostSnapshot> {
  return (JSON.parse(await world.run(process.execPath, [take])) as { snapshot: HostSnapshot }).snapshot
}

function predicted(
  snapshot: HostSnapshot,
  { flow: [from, destination, protocol, destinationPort], size }: Fault,
): Journey {
  const namespace = snapshot.namespaces.find(({ names }) => names.includes(from))?.inode ?? 0
  const flow: Flow = {
    source: { namespace, name: from },
    destination,
    protocol,
    destinationPort,
    ...(size === undefined ? {} : { size, df: true }),
  }
  return predictWithFixes(new FlowWorld({ snapshots: [snapshot] }), flow)
}

/** Whether a wildcard UDP socket answers from the address it was asked at is nothing that facts tell. */
function isBroken(journey: Journey): boolean {
  const failed = failedLeg(journey)
  return failed !== undefined && failed.leg.verdict !== 'depends'
}

test('without a fault everything arrives', async () => {
  const snapshot = await takeSnapshot()
  const healthy = FAULTS.filter(({ id, size }) => size === undefined && id !== 'macvlan-host-isolation')
  const broken = healthy.map((fault) => ({ fault, journey: predicted(snapshot, fault) }))
  expect(broken.filter(({ journey }) => isBroken(journey)).map(({ journey }) => journey.reason)).toEqual([])
})

test.each(FAULTS)('$id: the path stops where the catalogue says', async (fault) => {
  const [from, address, protocol, port] = fault.flow
  try {
    for (const line of fault.inject) await apply(line)
    // who was found before the fault would still be known
    for (const namespace of Object.keys(LINKS)) await world.run('ip', ['neigh', 'flush', 'all'], { namespace })
    const [snapshot, observed] = await Promise.all([
      takeSnapshot(),
      fault.size === undefined ? agents.get(from)?.send({ protocol, address, port }) : undefined,
    ])
    const journey = predicted(snapshot, fault)
    const failed = failedLeg(journey)
    expect(observed).not.toBe('answer')
    expect({ kind: failed?.leg.where?.kind, name: failed?.leg.where?.name }, failed?.leg.reason).toEqual({
      kind: fault.kind,
      name: fault.at,
    })
    expect(`${failed?.leg.where?.text} ${failed?.leg.reason}`).toMatch(fault.text)
    if (fault.incurable !== true) expect(journey.fixes.length, 'fixes').toBeGreaterThan(0)
  } finally {
    for (const line of fault.heal) await apply(line)
  }
})
