import { describe, expect, test } from 'vitest'
import { suggestFixes } from '../../src/flow/fix/suggest.ts'
import type { Flow, Journey } from '../../src/flow/journey.ts'
import { predict } from '../../src/flow/predict.ts'
import { type Space, World } from '../../src/flow/world.ts'
import { journeyLine } from '../../src/report/journey-lines.ts'
import { NetworkFacts } from './network-facts.ts'

/** A Docker-like host: two bridges with two containers each, and a machine outside. */
function dockerHost(): NetworkFacts {
  const facts = new NetworkFacts()
    .host('host')
    .host('out')
    .bridge('host', 'br0', '172.18.0.1/16')
    .bridge('host', 'br1', '172.19.0.1/16')
    .cable('host', 'eth0', 'out', 'eth0')
    .address('host', 'eth0', '192.168.1.10/24')
    .address('out', 'eth0', '192.168.1.1/24')
    .route('host', { destination: 'default', gateway: '192.168.1.1', dev: 'eth0' })
    .sysctl('host', 'net.ipv4.ip_forward', '1')
    .sysctl('host', 'net.bridge.bridge-nf-call-iptables', '1')
  for (const [name, bridge, address] of [
    ['web', 'br0', '172.18.0.2'],
    ['db', 'br0', '172.18.0.3'],
    ['cache', 'br1', '172.19.0.2'],
  ] as const) {
    facts
      .host(name)
      .cable('host', `v${name}`, name, 'eth0', { master: bridge })
      .address(name, 'eth0', `${address}/16`)
      .route(name, { destination: 'default', gateway: `${address.slice(0, 7)}0.1`, dev: 'eth0' })
      .listen(name, 'tcp', 80)
  }
  return facts.listen('out', 'tcp', 80)
}

/** As Docker 20.10 makes them for two bridges with one published port. */
const DOCKER_FILTER = [
  ':FORWARD DROP',
  ':DOCKER -',
  ':DOCKER-ISOLATION-STAGE-1 -',
  ':DOCKER-ISOLATION-STAGE-2 -',
  ':DOCKER-USER -',
  '-A FORWARD -j DOCKER-USER',
  '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
  ...['br1', 'br0'].flatMap((bridge) => [
    `-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A FORWARD -o ${bridge} -j DOCKER`,
    `-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`,
    `-A FORWARD -i ${bridge} -o ${bridge} -j ACCEPT`,
    `-A DOCKER-ISOLATION-STAGE-1 -i ${bridge} ! -o ${bridge} -j DOCKER-ISOLATION-STAGE-2`,
    `-A DOCKER-ISOLATION-STAGE-2 -o ${bridge} -j DROP`,
  ]),
  '-A DOCKER -d 172.18.0.2/32 ! -i br0 -o br0 -p tcp -m tcp --dport 80 -j ACCEPT',
  '-A DOCKER-USER -j RETURN',
]
const DOCKER_NAT = [
  ':PREROUTING ACCEPT',
  ':OUTPUT ACCEPT',
  ':POSTROUTING ACCEPT',
  ':DOCKER -',
  '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
  '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
  '-A POSTROUTING -s 172.19.0.0/16 ! -o br1 -j MASQUERADE',
  '-A POSTROUTING -s 172.18.0.0/16 ! -o br0 -j MASQUERADE',
  '-A DOCKER -i br0 -j RETURN',
  '-A DOCKER ! -i br0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80',
]

function withDocker(facts: NetworkFacts): NetworkFacts {
  return facts.iptables('host', 'filter', DOCKER_FILTER).iptables('host', 'nat', DOCKER_NAT)
}

function spaceOf(world: World, name: string): Space {
  const space = world.spaces.find((each) => each.name === name)
  if (space === undefined) throw new Error(`no ${name}`)
  return space
}

function go(facts: NetworkFacts | World, from: string, to: string, more: Partial<Flow> = {}): Journey {
  const world = facts instanceof World ? facts : facts.world()
  const { namespace, name, host } = spaceOf(world, from)
  const [destination = '', port] = to.split(':')
  const ported = port === undefined ? { protocol: 'icmp' } : { protocol: 'tcp', destinationPort: Number(port) }
  return predict(world, { source: { namespace: namespace.inode, name, host }, destination, ...ported, ...more })
}

/** `web → …: dropped at …`, without the flow. */
function short(journey: Journey): string {
  return journeyLine(journey).replace(/^.*?: /, '')
}

function texts({ hops }: Journey): string[] {
  return hops.map(({ name, stage, text }) => `${name} ${stage}: ${text}`)
}

describe('on a Docker host', () => {
  test('containers of one bridge reach each other, through FORWARD as br_netfilter has it', () => {
    const journey = go(withDocker(dockerHost()), 'web', '172.18.0.3:80')
    expect(short(journey)).toBe('delivered')
    expect(texts(journey)).toEqual([
      'web socket: sends to 172.18.0.3',
      'web route: 172.18.0.0/16 dev eth0 src 172.18.0.2',
      expect.stringMatching(/^web neighbour: 172.18.0.3 is at \S+ answers from db eth0 on eth0$/),
      'web link: veth → host vweb',
      expect.stringMatching(/^host bridge: FDB \S+ → vdb \(learned just now\)$/),
      'host forward: accepted by rule FORWARD 10: -A FORWARD -i br0 -o br0 -j ACCEPT',
      'host link: veth → db eth0',
      'db socket: tcp *:80',
    ])
  })

  test('containers of two networks are kept apart, and the rule that does it is named', () => {
    const journey = go(withDocker(dockerHost()), 'web', '172.19.0.2:80')
    expect(short(journey)).toMatch(/^dropped at host filter DOCKER-ISOLATION-STAGE-2 1: /)
    expect(journey.where).toMatchObject({ kind: 'rule', text: '-A DOCKER-ISOLATION-STAGE-2 -o br1 -j DROP' })
  })

  test('a published port is rewritten to the container, and its answer back', () => {
    const journey = go(withDocker(dockerHost()), 'out', '192.168.1.10:8080')
    expect(short(journey)).toBe('delivered')
    expect(texts(journey)).toContain(
      'host nat: destination 192.168.1.10:8080 → 172.18.0.2:80 by rule 2: -A DOCKER ! -i br0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80',
    )
    expect(journey.reply?.hops.map(({ text }) => text)).toContain(
      'source 172.18.0.2:80 → 192.168.1.10:8080, as the connection tcp 192.168.1.1:51234 → 192.168.1.10:8080 was set up',
    )
  })

  test('what leaves is masqueraded, and the answer finds its way back', () => {
    const journey = go(withDocker(dockerHost()), 'web', '192.168.1.1:80')
    expect(short(journey)).toBe('delivered')
    expect(journey.hops.at(-1)?.packet.source).toBe('192.168.1.10')
    expect(journey.reply?.hops.at(-1)?.packet.destination).toBe('172.18.0.2')
  })

  test('without masquerade the answer has no way back', () => {
    const facts = dockerHost().iptables('host', 'filter', DOCKER_FILTER)
    expect(short(go(facts, 'web', '192.168.1.1:80'))).toMatch(
      /^delivered; the answer is rejected at out route: out cannot send/,
    )
  })

  test('a frame that only crosses a bridge dies at the policy of FORWARD, unless bridge-nf-call-iptables is 0', () => {
    const dropping = () => dockerHost().iptables('host', 'filter', [':FORWARD DROP'])
    const journey = go(dropping(), 'web', '172.18.0.3:80')
    expect(journey.where).toMatchObject({ kind: 'policy', chain: 'FORWARD', table: 'filter' })
    expect(journey.reason).toContain('net.bridge.bridge-nf-call-iptables is 1')
    expect(
      short(go(dropping().sysctl('host', 'net.bridge.bridge-nf-call-iptables', '0'), 'web', '172.18.0.3:80')),
    ).toBe('delivered')
  })

  test('a legacy rule and a native one both count', () => {
    const facts = dockerHost()
      .iptables('host', 'filter', [':FORWARD ACCEPT', '-A FORWARD -d 172.19.0.2/32 -j DROP'], 'legacy')
      .nft(
        'host',
        { family: 'inet', table: 't', chain: 'f', hook: 'forward', priority: 10, policy: 'ACCEPT', type: 'filter' },
        [
          [
            { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '192.168.1.1' } },
            { reject: null },
          ],
        ],
      )
    expect(go(facts, 'web', '172.19.0.2:80').where).toMatchObject({ backend: 'legacy', chain: 'FORWARD' })
    expect(go(facts, 'web', '192.168.1.1:80')).toMatchObject({
      verdict: 'rejected',
      where: { backend: 'nft', table: 't' },
    })
  })

  test('a packet that arrives from outside does so by the link with the way back', () => {
    const journey = go(withDocker(dockerHost()), 'host', '192.168.1.10:8080', {
      source: { namespace: spaceOf(dockerHost().world(), 'host').namespace.inode, name: 'host', outside: true },
    })
    expect(short(journey)).toBe('delivered')
    expect(journey.hops[0]).toMatchObject({ stage: 'outside', text: 'comes in by eth0 from outside' })
    expect(journey.reply?.hops.at(-1)).toMatchObject({
      stage: 'outside',
      text: 'leaves by eth0 to 203.0.113.1 outside',
    })
  })
})

describe('routing', () => {
  test.each([
    ['forwarding off', { 'net.ipv4.ip_forward': '0' }, 'dropped at host sysctl net.ipv4.ip_forward = 0'],
    ['rp_filter loose', { 'net.ipv4.conf.all.rp_filter': '2' }, 'delivered'],
  ])('with %s', (_, sysctls, expected) => {
    const facts = dockerHost()
    for (const [key, value] of Object.entries(sysctls)) facts.sysctl('host', key, value)
    expect(short(go(facts, 'web', '172.19.0.2:80'))).toContain(expected)
  })

  test('a strict rp_filter stops an answer that comes in by another way than the one back', () => {
    const facts = new NetworkFacts()
      .host('a')
      .host('r')
      .cable('a', 'e0', 'r', 'r0')
      .cable('a', 'e1', 'r', 'r1')
      .address('a', 'e0', '10.0.0.2/24')
      .address('a', 'e1', '10.0.1.2/24')
      .address('r', 'r0', '10.0.0.1/24')
      .address('r', 'r1', '10.0.1.1/24')
      .address('r', 'r0', '10.9.0.1/24')
      .route('a', { destination: 'default', gateway: '10.0.0.1', dev: 'e0' })
      .route('r', { destination: '10.0.0.2/32', dev: 'r1', scope: 'link' })
      .listen('r', 'tcp', 80)
      .sysctl('a', 'net.ipv4.conf.e1.rp_filter', '1')
    expect(short(go(facts, 'a', '10.9.0.1:80'))).toContain(
      'the answer is dropped at a sysctl net.ipv4.conf.e1.rp_filter = 1',
    )
  })

  test.each([
    ['blackhole', 'dropped'],
    ['unreachable', 'rejected'],
    ['prohibit', 'rejected'],
  ])('a %s route on a router: %s', (type, verdict) => {
    const facts = dockerHost().route('host', { destination: '192.168.1.1/32', type })
    expect(go(facts, 'web', '192.168.1.1:80')).toMatchObject({ verdict: expect.any(String), where: { kind: 'route' } })
    // the error comes back to the container on its bridge
    expect(go(facts, 'web', '192.168.1.1:80').verdict).toBe(verdict)
  })

  test('a route that goes round in a circle ends with the word loop', () => {
    const facts = new NetworkFacts()
      .host('s')
      .host('a')
      .host('b')
      .cable('a', 'e0', 'b', 'e0')
      .cable('s', 'e0', 'a', 'e1')
    facts
      .address('a', 'e0', '10.0.0.1/24')
      .address('b', 'e0', '10.0.0.2/24')
      .address('s', 'e0', '10.0.1.2/24')
      .address('a', 'e1', '10.0.1.1/24')
      .route('s', { destination: 'default', gateway: '10.0.1.1', dev: 'e0' })
      .route('a', { destination: 'default', gateway: '10.0.0.2', dev: 'e0' })
      .route('b', { destination: 'default', gateway: '10.0.0.1', dev: 'e0' })
      .sysctl('a', 'net.ipv4.ip_forward', '1')
      .sysctl('b', 'net.ipv4.ip_forward', '1')
    expect(go(facts, 's', '9.9.9.9:80').reason).toMatch(/^loop: /)
  })

  test('what leaves the facts is unknown, with the way so far', () => {
    const facts = new NetworkFacts().host('host')
    facts.link('host', 'eth0', { kind: 'ether' })
    facts
      .address('host', 'eth0', '192.168.1.10/24')
      .route('host', { destination: 'default', gateway: '192.168.1.1', dev: 'eth0' })
    const journey = go(facts, 'host', '8.8.8.8:53')
    expect(journey).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('leaves host by eth0 to 192.168.1.1'),
    })
  })
})

describe('what nobody can know', () => {
  test('forks the journey, and the verdict says on what it depends', () => {
    const rule = '-A FORWARD -m statistic --mode random --probability 0.5 -j DROP'
    const journey = go(dockerHost().iptables('host', 'filter', [':FORWARD ACCEPT', rule]), 'web', '172.18.0.3:80')
    expect(journey.verdict).toBe('depends')
    expect(journey.reason).toContain('-m statistic --mode random --probability 0.5')
    expect(journey.alternatives?.map(({ verdict }) => verdict).sort()).toEqual(['delivered', 'dropped'])
  })

  test('does not matter where a rule would not match anyway, or does nothing', () => {
    const rules = [
      ':FORWARD ACCEPT',
      '-A FORWARD -m statistic --mode random --probability 0.5 -d 10.1.1.1/32 -j DROP',
      '-A FORWARD -m limit --limit 5/min -j LOG --log-prefix "seen "',
    ]
    const journey = go(dockerHost().iptables('host', 'filter', rules), 'web', '172.18.0.3:80')
    expect(journey).toMatchObject({ verdict: 'delivered', unknowns: [] })
  })

  test('is told when sockets were not read', () => {
    const world = new World({
      snapshots: [dockerHost().snapshot({ kinds: ['links', 'addrs', 'routes', 'rules', 'firewall'] })],
    })
    const journey = go(world, 'web', '172.18.0.3:80')
    expect(journey.unknowns.map(({ what }) => what)).toContain(
      'whether anybody in db listens: its sockets were not read',
    )
  })
})

describe('links', () => {
  test('a hairpin needs hairpin mode', () => {
    const facts = () =>
      withDocker(dockerHost()).iptables('host', 'nat', [
        '-A DOCKER -p tcp -m tcp --dport 81 -j DNAT --to-destination 172.18.0.2:80',
      ])
    // br_netfilter: the DNAT happens on the bridge, which would have to send the frame back where it came from
    const open = () => {
      const made = facts()
      const rules = made.draft('host').firewall
      rules.splice(0, rules.length, ...rules.filter(({ text }) => text !== '-i br0 -j RETURN'))
      return made
    }
    expect(short(go(open(), 'web', '172.18.0.1:81'))).toMatch(/^dropped at host bridge-port vweb: .*hairpin is off/)
  })

  test.each([
    ['a port that does not forward', { port: { state: 'blocking' } }, /port vdb is blocking/],
    ['a port without carrier', { flags: ['UP', 'NO-CARRIER'] }, /has no carrier/],
  ])('%s', (_, change, reason) => {
    const facts = dockerHost()
    const link = facts.draft('host').links.find(({ name }) => name === 'vdb')
    const port = 'port' in change ? { port: { ...link?.port, ...change.port } as never } : change
    expect(go(facts.change('host', 'vdb', port), 'web', '172.18.0.3:80').reason).toMatch(reason)
  })

  test('a container whose cable is on no bridge is alone', () => {
    const facts = dockerHost()
    const { links } = facts.draft('host')
    const at = links.findIndex(({ name }) => name === 'vdb')
    const { master: _, port: __, ...alone } = links[at] as (typeof links)[number]
    links[at] = alone
    expect(go(facts, 'web', '172.18.0.3:80').reason).toContain('db has it on eth0, which is not on the same segment')
  })

  test('a macvlan reaches its siblings, but not the address on its parent', () => {
    const facts = new NetworkFacts().host('host').host('a').host('b').host('out').cable('host', 'eth0', 'out', 'eth0')
    facts.address('host', 'eth0', '192.168.0.10/24').address('out', 'eth0', '192.168.0.1/24')
    for (const [name, address] of [
      ['a', '192.168.0.4'],
      ['b', '192.168.0.5'],
    ] as const) {
      const parent = { namespace: facts.draft('host').inode, index: 2 }
      facts.link(name, 'eth0', { kind: 'macvlan', macvlan: { mode: 'bridge' }, parent })
      facts.address(name, 'eth0', `${address}/24`).listen(name, 'tcp', 80)
    }
    expect(short(go(facts, 'a', '192.168.0.5:80'))).toBe('delivered')
    expect(short(go(facts, 'out', '192.168.0.4:80'))).toBe('delivered')
    expect(go(facts, 'a', '192.168.0.10:80').reason).toContain('a macvlan and its parent cannot reach each other')
  })

  test('a packet that does not fit the peer is lost without a word, and one that must not be cut is refused', () => {
    expect(
      go(dockerHost().change('db', 'eth0', { mtu: 1300 }), 'web', '172.18.0.3:80', { size: 1400 }).reason,
    ).toContain('eth0 in db takes 1300 bytes, the packet has 1400')
    const journey = go(dockerHost().change('host', 'eth0', { mtu: 1300 }), 'web', '192.168.1.1:80', { size: 1400 })
    expect(journey).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining('do not fit eth0, which takes 1300'),
    })
  })
})

describe('an overlay of two hosts', () => {
  function host(name: string, address: string, peer: string, container: string, inner: string): NetworkFacts {
    const facts = new NetworkFacts(4026532000 + 100 * Number(address.slice(-1))).host(name).bridge(name, 'br0')
    facts.link(name, 'eth0', { kind: 'ether', mac: `02:00:00:00:00:${address.slice(-1).padStart(2, '0')}` })
    facts.address(name, 'eth0', `${address}/24`)
    const vxlan = {
      vni: 4097,
      port: 4789,
      learning: true,
      proxy: false,
      rsc: false,
      l2miss: false,
      l3miss: false,
      local: address,
    }
    const bridge = facts.draft(name).links.find((link) => link.name === 'br0')?.index ?? 0
    facts.link(name, 'vx0', { kind: 'vxlan', vxlan, master: bridge, mtu: 1450 })
    facts.host(container).cable(name, 'v0', container, 'eth0', { master: 'br0' })
    facts.address(container, 'eth0', `${inner}/24`).listen(container, 'tcp', 80)
    const vx0 = facts.draft(name).links.find((link) => link.name === 'vx0')?.index ?? 0
    facts.draft(name).more.fdb = [
      { link: vx0, mac: '00:00:00:00:00:00', destination: peer, states: ['permanent', 'self'] },
    ]
    return facts
  }
  const hosts = () =>
    [
      host('ha', '10.250.0.1', '10.250.0.2', 'a', '10.9.0.2').snapshot({ hostname: 'ha' }),
      host('hb', '10.250.0.2', '10.250.0.1', 'b', '10.9.0.3').snapshot({ hostname: 'hb' }),
    ] as const

  test('is crossed from one snapshot to the other', () => {
    const journey = go(new World({ snapshots: hosts() }), 'a', '10.9.0.3:80')
    expect(short(journey)).toBe('delivered')
    expect(texts(journey)).toContainEqual(expect.stringContaining('VXLAN 4097 to 10.250.0.2:4789'))
    expect(journey.hops.at(-1)).toMatchObject({ name: 'b', host: 1 })
  })

  test('a rule that drops udp 4789 is found', () => {
    const [first, second] = hosts()
    const blocked = { ...second.namespaces[0], firewall: [], chains: [] } as (typeof second.namespaces)[0]
    const rules = new NetworkFacts()
      .host('x')
      .iptables('x', 'filter', [':INPUT ACCEPT', '-A INPUT -p udp -m udp --dport 4789 -j DROP'])
      .draft('x')
    const namespaces = [{ ...blocked, firewall: rules.firewall, chains: rules.chains }, ...second.namespaces.slice(1)]
    const journey = go(new World({ snapshots: [first, { ...second, namespaces }] }), 'a', '10.9.0.3:80')
    expect(journey.verdict).toBe('rejected')
    expect(journey.reason).toContain('--dport 4789 -j DROP')
  })
})

describe('what keeps traffic apart or hides it', () => {
  test('a VLAN that a trunk does not carry', () => {
    const trunk = (...ids: number[]) => {
      const facts = new NetworkFacts().host('host').host('a').host('b').bridge('host', 'br0')
      facts.change('host', 'br0', { bridge: { stp: false, vlanFiltering: true, forwardDelayMs: 0, ageingTimeMs: 0 } })
      for (const [name, vlans] of [
        ['a', [10]],
        ['b', ids],
      ] as const) {
        facts.cable('host', `v${name}`, name, 'eth0', { master: 'br0' })
        const port = facts.draft('host').links.find((link) => link.name === `v${name}`)?.port
        const allowed = vlans.map((id) => ({ id, pvid: false, untagged: false }))
        facts.change('host', `v${name}`, { port: { ...port, vlans: allowed } as never })
        const parent = { namespace: facts.draft(name).inode, index: 2 }
        facts.link(name, 'eth0.10', { kind: 'vlan', vlan: { id: 10, protocol: '802.1Q' }, parent })
        facts.address(name, 'eth0.10', `10.0.0.${name === 'a' ? 1 : 2}/24`)
      }
      return facts.listen('b', 'tcp', 80)
    }
    expect(short(go(trunk(10, 20), 'a', '10.0.0.2:80'))).toBe('delivered')
    expect(go(trunk(20), 'a', '10.0.0.2:80')).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining('VLAN 10 is not allowed on vb'),
    })
  })

  test('IPsec: both ends need the same SA, and a rule against ESP stops it', () => {
    const pair = (spi: number, ...rules: string[]) => {
      const state = (number: number) => ({
        source: '10.0.0.1',
        destination: '10.0.0.2',
        protocol: 'esp',
        spi: number,
        reqid: 7,
        mode: 'transport',
        packets: 0,
        bytes: 0,
      })
      const policy = {
        direction: 'out',
        source: '10.0.0.1/32',
        destination: '10.0.0.2/32',
        protocol: 6,
        action: 'allow',
        priority: 0,
        templates: [{ source: '10.0.0.1', destination: '10.0.0.2', protocol: 'esp', mode: 'transport', reqid: 7 }],
      }
      const facts = new NetworkFacts()
        .host('a', { xfrm: { states: [state(1)], policies: [policy] } })
        .host('b', { xfrm: { states: [state(spi)], policies: [] } })
        .cable('a', 'eth0', 'b', 'eth0')
      facts.address('a', 'eth0', '10.0.0.1/24').address('b', 'eth0', '10.0.0.2/24').listen('b', 'tcp', 80)
      return facts.iptables('b', 'filter', [':INPUT ACCEPT', ...rules])
    }
    expect(texts(go(pair(1), 'a', '10.0.0.2:80'))).toContain('b xfrm: decrypted: spi 0x1')
    expect(go(pair(1), 'a', '10.0.0.2:80').verdict).toBe('delivered')
    expect(go(pair(2), 'a', '10.0.0.2:80').where).toMatchObject({ kind: 'xfrm', name: 'b' })
    expect(go(pair(1, '-A INPUT -p esp -j DROP'), 'a', '10.0.0.2:80').where).toMatchObject({
      kind: 'rule',
      chain: 'INPUT',
    })
  })

  test('a rule that lets a connection begin but not go on', () => {
    const rules = [':INPUT DROP', '-A INPUT -m conntrack --ctstate NEW -j ACCEPT']
    const journey = go(dockerHost().iptables('db', 'filter', rules), 'web', '172.18.0.3:80')
    expect(short(journey)).toMatch(/^delivered; the acknowledgement is dropped at db filter INPUT: /)
  })

  test('an address that two have is a race', () => {
    const facts = withDocker(dockerHost()).host('twin').cable('host', 'vtwin', 'twin', 'eth0', { master: 'br0' })
    const journey = go(facts.address('twin', 'eth0', '172.18.0.3/16'), 'web', '172.18.0.3:80')
    expect(journey).toMatchObject({
      verdict: 'depends',
      reason: expect.stringContaining('which of 2 that have 172.18.0.3'),
    })
  })

  test('connection tracking without room', () => {
    const facts = withDocker(dockerHost())
    facts.draft('host').more.conntrack = { count: 1000, max: 1000 }
    expect(go(facts, 'web', '192.168.1.1:80')).toMatchObject({ verdict: 'dropped', where: { kind: 'conntrack' } })
  })

  test('the DNS of a container is a rule and a socket inside it', () => {
    const facts = new NetworkFacts().host('web').listen('web', 'udp', 41234, '127.0.0.11')
    const dns = [
      ':OUTPUT ACCEPT',
      ':POSTROUTING ACCEPT',
      '-A OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:41234',
      '-A POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 41234 -j SNAT --to-source :53',
    ]
    expect(short(go(facts.iptables('web', 'nat', dns), 'web', '127.0.0.11:53', { protocol: 'udp' }))).toBe('delivered')
    const broken = new NetworkFacts().host('web').listen('web', 'udp', 41234, '127.0.0.11')
    expect(go(broken, 'web', '127.0.0.11:53', { protocol: 'udp' }).verdict).toBe('rejected')
  })
})

describe('services', () => {
  const service = (destinations: readonly { address: string; weight: number }[]) => ({
    protocol: 'fwm',
    family: 4 as const,
    fwmark: 256,
    scheduler: 'rr',
    flags: [],
    destinations: destinations.map((each) => ({ ...each, port: 0, forward: 'masq' as const, active: 0, inactive: 0 })),
  })

  function balanced(destinations: readonly { address: string; weight: number }[]): NetworkFacts {
    const facts = dockerHost()
    const { more, inode: _ } = facts.draft('host')
    Object.assign(more, { ipvs: [service(destinations)] })
    return facts
      .address('host', 'br0', '172.18.0.9/32')
      .iptables('host', 'mangle', [':INPUT ACCEPT', '-A INPUT -d 172.18.0.9/32 -j MARK --set-xmark 0x100/0xffffffff'])
      .iptables('host', 'nat', [
        // IPVS takes its packets before them, so that their source is decided in POSTROUTING
        ':INPUT ACCEPT',
        ':POSTROUTING ACCEPT',
        '-A POSTROUTING -d 172.18.0.0/16 -m ipvs --ipvs -j SNAT --to-source 172.18.0.1',
      ])
  }

  test('a virtual address leads to each of its destinations', () => {
    const journey = go(balanced([{ address: '172.18.0.3', weight: 1 }]), 'web', '172.18.0.9:80')
    expect(short(journey)).toBe('delivered')
    expect(texts(journey)).toContain('host ipvs: IPVS service fwmark 256 (rr) → 172.18.0.3:0 (masq)')
    expect(journey.hops.some(({ text }) => text.startsWith('source 172.18.0.2') && text.includes('172.18.0.1'))).toBe(
      true,
    )
    const both = go(
      balanced([
        { address: '172.18.0.3', weight: 1 },
        { address: '172.18.0.77', weight: 1 },
      ]),
      'web',
      '172.18.0.9:80',
    )
    expect(both).toMatchObject({ verdict: 'depends', alternatives: { length: 2 } })
  })

  test('a destination without weight gets one', () => {
    const facts = balanced([{ address: '172.18.0.3', weight: 0 }])
    const journey = go(facts, 'web', '172.18.0.9:80')
    expect(suggestFixes(facts.world(), journey.flow, journey).map(({ commands: [first] }) => first?.command)).toEqual([
      'ipvsadm -e -f 256 -r 172.18.0.3:0 -m -w 1',
    ])
  })

  test('one without a live destination is named', () => {
    expect(go(balanced([{ address: '172.18.0.3', weight: 0 }]), 'web', '172.18.0.9:80').where).toMatchObject({
      kind: 'ipvs',
    })
  })

  test('of what the balancer itself asks, only the acknowledgement gets its source rewritten, and is not known', () => {
    const journey = go(balanced([{ address: '172.18.0.3', weight: 1 }]), 'host', '172.18.0.9:80')
    expect(texts(journey.reply as Journey)).toContain(
      'host ipvs: source 172.18.0.3:80 → 172.18.0.9:80, as IPVS service fwmark 256 (rr) scheduled it',
    )
    const acknowledgement = journey.reply?.reply as Journey
    expect(texts(acknowledgement).join('\n')).toContain('source 172.18.0.9:51234 → 172.18.0.1:51234 by rule 1')
    expect(acknowledgement.verdict).toBe('dropped')
  })

  test('without net.ipv4.vs.conntrack no NAT rule sees what IPVS took, and the answer is invalid', () => {
    const untracked = () =>
      balanced([{ address: '172.18.0.3', weight: 1 }])
        .sysctl('host', 'net.ipv4.vs.conntrack', '0')
        .route('out', { destination: '172.18.0.0/16', gateway: '192.168.1.10', dev: 'eth0' })
    const journey = go(untracked(), 'out', '172.18.0.9:80')
    expect(short(journey)).toBe('delivered')
    expect(texts(journey).join('\n')).not.toContain('172.18.0.1:51234')
    const strict = go(untracked().iptables('host', 'filter', NO_INVALID), 'out', '172.18.0.9:80')
    expect(short(strict)).toContain('the answer is dropped')
  })

  test('one way of several is asked for by where it ends', () => {
    const facts = balanced([
      { address: '172.18.0.3', weight: 1 },
      { address: '172.18.0.77', weight: 1 },
    ])
    const { flow } = go(facts, 'web', '172.18.0.9:80')
    const world = facts.world()
    const db = world.spaces.find(({ name }) => name === 'db')?.namespace.inode ?? 0
    expect(predict(world, flow, { endsIn: db })).toMatchObject({ verdict: 'delivered' })
  })

  test('a connection that no answer was seen of takes no acknowledgement', () => {
    // the host forwards what out sends, db answers by a cable of its own
    const asymmetric = () =>
      dockerHost()
        .cable('out', 'eth1', 'db', 'eth1')
        .address('out', 'eth1', '192.168.2.1/24')
        .address('db', 'eth1', '192.168.2.2/24')
        .route('db', { destination: '192.168.1.0/24', gateway: '192.168.2.1', dev: 'eth1' })
        .route('out', { destination: '172.18.0.0/16', gateway: '192.168.1.10', dev: 'eth0' })
    expect(short(go(asymmetric(), 'out', '172.18.0.3:80'))).toBe('delivered')
    const strict = go(asymmetric().iptables('host', 'filter', NO_INVALID), 'out', '172.18.0.3:80')
    expect(short(strict)).toContain('the acknowledgement is dropped')
  })
})

const NO_INVALID = [':FORWARD ACCEPT', '-A FORWARD -m conntrack --ctstate INVALID -j DROP']
