import { expect, test } from 'vitest'
import { predictWithFixes } from '../../src/flow/fix/suggest.ts'
import type { Journey } from '../../src/flow/journey.ts'
import { parseDestination, resolveDestination, selectSpace } from '../../src/flow/names.ts'
import { NetworkFacts } from './network-facts.ts'

function twoContainers(): NetworkFacts {
  const facts = new NetworkFacts()
    .host('host')
    .bridge('host', 'br0', '172.18.0.1/16')
    .bridge('host', 'br1', '172.19.0.1/16')
  for (const [name, bridge, net] of [
    ['web', 'br0', '172.18.0'],
    ['db', 'br1', '172.19.0'],
  ] as const) {
    facts.host(name).cable('host', `v${name}`, name, 'eth0', { master: bridge }).address(name, 'eth0', `${net}.2/16`)
    facts.route(name, { destination: 'default', gateway: `${net}.1`, dev: 'eth0' }).listen(name, 'tcp', 80)
  }
  return facts.sysctl('host', 'net.ipv4.ip_forward', '1')
}

function fixed(facts: NetworkFacts): Journey {
  const world = facts.world()
  const { namespace } = selectSpace(world, 'web')
  const source = { namespace: namespace.inode, name: 'web' }
  return predictWithFixes(world, { source, destination: '172.19.0.2', protocol: 'tcp', destinationPort: 80 })
}

const commands = ({ fixes }: Journey) =>
  fixes.map((fix) => fix.commands.map(({ name, command }) => `${name}: ${command}`))

test('forwarding is switched on', () => {
  expect(commands(fixed(twoContainers().sysctl('host', 'net.ipv4.ip_forward', '0')))).toEqual([
    ['host: sysctl -w net.ipv4.ip_forward=1'],
  ])
})

test('a policy is got round by rules for the packet and its answer', () => {
  const journey = fixed(twoContainers().iptables('host', 'filter', [':FORWARD DROP']))
  expect(commands(journey)).toContainEqual(['host: iptables -P FORWARD ACCEPT'])
  expect(journey.fixes.find(({ summary }) => summary.startsWith('lets FORWARD'))?.warning).toContain('everything')
})

test('a rule that was written to stop this gets a warning', () => {
  const rules = [':FORWARD ACCEPT', '-A FORWARD -i br0 -o br1 -j DROP']
  const journey = fixed(twoContainers().iptables('host', 'filter', rules, 'legacy'))
  expect(commands(journey)).toContainEqual(['host: iptables-legacy -D FORWARD 1'])
  expect(commands(journey)[0]).toEqual([
    'host: iptables-legacy -I FORWARD 1 -i br0 -o br1 -d 172.19.0.2 -p tcp -m tcp --dport 80 -j ACCEPT',
  ])
  expect(journey.fixes.every(({ warning }) => warning !== undefined)).toBe(true)
})

test('a native rule is got round in its own words', () => {
  const chain = {
    family: 'inet',
    table: 'f',
    chain: 'fwd',
    hook: 'forward',
    priority: 0,
    policy: 'ACCEPT',
    type: 'filter',
  }
  const journey = fixed(twoContainers().nft('host', chain, [[{ drop: null }]]))
  // the answer is stopped by it as well
  expect(commands(journey)).toContainEqual(['host: nft delete rule inet f fwd handle 1'])
})

test('two changes are put together when one is not enough', () => {
  const facts = twoContainers()
    .sysctl('host', 'net.ipv4.ip_forward', '0')
    .iptables('host', 'filter', [':FORWARD ACCEPT', '-A FORWARD -d 172.19.0.0/16 -j DROP'])
  expect(commands(fixed(facts))).toContainEqual([
    'host: sysctl -w net.ipv4.ip_forward=1',
    'host: iptables -D FORWARD 1',
  ])
})

test('a missing default route leads to who forwards there', () => {
  const facts = twoContainers()
  const { routes } = facts.draft('web')
  routes.splice(0, routes.length, ...routes.filter(({ destination }) => destination !== 'default'))
  expect(commands(fixed(facts))).toContainEqual(['web: ip route add default via 172.18.0.1 dev eth0'])
})

test('nothing is suggested where the packet arrives, or where nothing tried helps', () => {
  expect(fixed(twoContainers()).fixes).toEqual([])
  const facts = twoContainers()
  facts.draft('db').sockets.length = 0
  expect(fixed(facts)).toMatchObject({ verdict: 'rejected', fixes: [] })
})

test.each([
  ['db:8500', { host: 'db', port: 8500 }],
  ['10.0.0.1', { host: '10.0.0.1' }],
  ['[fd00::1]:80', { host: 'fd00::1', port: 80 }],
  ['fd00::1', { host: 'fd00::1' }],
  ['lab:two/a', { host: 'lab:two/a' }],
  ['lab:two/a:80', { host: 'lab:two/a', port: 80 }],
  ['docker:web:80', { host: 'docker:web', port: 80 }],
  ['docker:80', { host: 'docker', port: 80 }],
  ['inode:4026532246', { host: 'inode:4026532246' }],
  ['inode:4026532246:80', { host: 'inode:4026532246', port: 80 }],
])('the destination %s is understood', (text, expected) => {
  expect(parseDestination(text)).toEqual(expected)
})

test('a name is an address that the source is nearest to, or an error with the nearest names', () => {
  const world = twoContainers().bridge('host', 'br2', '10.0.0.1/24').world()
  const near = (from: string) => resolveDestination(world, selectSpace(world, from), 'host').address.text
  expect([near('web'), near('db')]).toEqual(['172.18.0.1', '172.19.0.1'])
  expect(() => resolveDestination(world, undefined, 'dbb')).toThrow('destination dbb: no address of that name')
  expect(() => parseDestination('db:http')).toThrow('http is no port')
  expect(() => parseDestination('lab:two/a:http')).toThrow('http is no port')
})
