import { expect, test } from 'vitest'
import { listeningTargets, predictMatrix } from '../../src/flow/matrix.ts'
import { mtuBudget } from '../../src/flow/mtu-budget.ts'
import { predict } from '../../src/flow/predict.ts'
import { diffReachability } from '../../src/flow/reachability-diff.ts'
import { World } from '../../src/flow/world.ts'
import { matrixJunit, matrixTable } from '../../src/report/matrix.ts'
import { NetworkFacts } from './network-facts.ts'

function pets(): NetworkFacts {
  const facts = new NetworkFacts().host('host').bridge('host', 'br0', '172.18.0.1/16')
  for (const [name, address] of [
    ['web', '172.18.0.2'],
    ['db', '172.18.0.3'],
  ] as const) {
    facts.host(name).cable('host', `v${name}`, name, 'eth0', { master: 'br0' }).address(name, 'eth0', `${address}/16`)
  }
  return facts
    .listen('web', 'tcp', 80)
    .listen('db', 'tcp', 8500)
    .listen('db', 'tcp', 9999, '127.0.0.1')
    .sysctl('host', 'net.bridge.bridge-nf-call-iptables', '1')
    .iptables('host', 'filter', [':FORWARD ACCEPT', '-A FORWARD -d 172.18.0.3/32 -p tcp -m tcp --dport 8500 -j DROP'])
}

const containers = (world: World) => world.spaces.filter(({ name }) => name !== 'host')

test('every pair of containers and ports that somebody listens on is predicted', () => {
  const world = pets().world()
  const targets = listeningTargets(containers(world))
  expect(targets.map(({ name, port }) => `${name}:${port}`)).toEqual(['web:80', 'db:8500'])
  const cells = predictMatrix(world, containers(world), targets)
  expect(cells.map(({ from, to, isAnswered }) => [from, to.name, isAnswered])).toEqual([
    ['web', 'web', true],
    ['web', 'db', false],
    ['db', 'web', true],
    ['db', 'db', true],
  ])
  expect(matrixTable(cells, { colour: false })).toBe(
    '    1 2\nweb ● ✖\ndb  ● ●\n 1 web 172.18.0.2:80 tcp\n 2 db 172.18.0.3:8500 tcp\n',
  )
  expect(matrixJunit(cells, [])).toContain('<testsuite name="tsnet-shoot matrix" tests="4" failures="1">')
})

test('of two snapshots, the pairs are told that can talk no more or since then', () => {
  const before = pets()
  before.draft('host').firewall.length = 0
  expect(diffReachability(before.world(), pets().world(), containers)).toMatchObject([
    {
      from: 'web',
      to: { name: 'db', port: 8500 },
      isReachable: false,
      reason: expect.stringContaining('FORWARD rule 1'),
    },
  ])
  expect(diffReachability(pets().world(), before.world(), containers)).toMatchObject([
    { from: 'web', isReachable: true },
  ])
  expect(diffReachability(pets().world(), pets().world(), containers)).toEqual([])
})

test('the MTU budget is the smallest that a link on the way takes', () => {
  const facts = pets().change('db', 'eth0', { mtu: 1400 })
  const world = facts.world()
  const [web] = containers(world)
  const flow = {
    source: { namespace: web?.namespace.inode ?? 0, name: 'web' },
    destination: '172.18.0.3',
    protocol: 'icmp',
  }
  // the far end of a cable takes a tag's length more than its MTU
  expect(mtuBudget(world, flow)).toMatchObject({
    largestPacket: 1404,
    largestPayload: 1376,
    limit: { kind: 'link', link: 'eth0' },
  })
})

test('a connection that was there before keeps the NAT that it was set up with', () => {
  const facts = pets()
    .bridge('host', 'br1', '192.168.7.1/24')
    .iptables('host', 'nat', [':PREROUTING ACCEPT', ':POSTROUTING ACCEPT'])
    .route('web', { destination: 'default', gateway: '172.18.0.1', dev: 'eth0' })
    .sysctl('host', 'net.ipv4.ip_forward', '1')
  const snapshot = facts.snapshot()
  const tuple = (source: string, destination: string, sourcePort: number, destinationPort: number) => ({
    source,
    destination,
    sourcePort,
    destinationPort,
  })
  const entry = {
    family: 4,
    protocol: 'tcp',
    original: tuple('172.18.0.2', '172.18.0.1', 5555, 8080),
    reply: tuple('172.18.0.2', '172.18.0.2', 80, 5555),
    status: ['ASSURED'],
  } as const
  const [host, web] = snapshot.namespaces
  const connections = [new Map([[host?.inode ?? 0, [entry]]])]
  const flow = {
    source: { namespace: web?.inode ?? 0, name: 'web' },
    destination: '172.18.0.1',
    protocol: 'tcp',
    sourcePort: 5555,
    destinationPort: 8080,
  }
  const texts = predict(new World({ snapshots: [snapshot], connections }), flow).hops.map(({ text }) => text)
  expect(texts).toContainEqual(
    expect.stringMatching(
      /^destination 172.18.0.1:8080 → 172.18.0.2:80, as the connection .* that was there before was set up$/,
    ),
  )
  expect(predict(new World({ snapshots: [snapshot] }), flow).reason).toContain(
    'nobody in host listens on 172.18.0.1 8080',
  )
})
