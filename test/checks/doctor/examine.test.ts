import { describe, expect, test } from 'vitest'
import { examine } from '../../../src/checks/doctor/examine.ts'
import type { IpvsDestination, Namespace } from '../../../src/model/snapshot.ts'
import {
  broken,
  down,
  type Edit,
  findingsOf,
  firstOf,
  type HealthyName,
  healthy,
  withLink,
  withoutRules,
  withRule,
  withSysctl,
} from './broken.ts'

const HEALTHY: readonly HealthyName[] = [
  'port-publishing',
  'routers',
  'overlay',
  'services',
  'vlan-trunk',
  'overlay-encrypted',
]

describe('a healthy host', () => {
  test.each(HEALTHY)('nothing is found in %s', (name) => {
    const { findings, predicted } = examine([healthy(name)])
    expect(findings).toEqual([])
    expect(predicted).toMatch(/^[1-9]\d* journeys predicted$/)
  })

  test('nothing is found in a trunk that lets through what is used', () => {
    expect(findingsOf(broken(healthy('vlan-trunk'), 'trunk', filteringVlans([1, 10, 20])))).toEqual([])
  })

  test('the virtual addresses of services are among the journeys', () => {
    const lost = broken(healthy('services'), 'lb_mesh.host-A', rewritten('0x101/', '0x107/'))
    expect(findingsOf(lost)[0]?.consequences).toContainEqual(
      expect.stringMatching(/^shell → virtual address 10\.0\.1\.2:80/),
    )
  })

  test('the same facts give the same findings in the same order', () => {
    const sick = broken(
      broken(healthy('routers'), 'r1', withSysctl('net.ipv4.ip_forward', '0')),
      'web',
      withLink('eth0', down),
    )
    const once = examine([sick])
    expect(once.findings.length).toBeGreaterThan(1)
    expect(examine([structuredClone(sick)])).toEqual(once)
  })

  test('what was not read is told as not checked', () => {
    const facts = healthy('routers')
    const { unchecked } = examine([{ ...facts, kinds: facts.kinds.filter((kind) => kind !== 'ipvs') }])
    expect(unchecked).toContainEqual({ subject: 'ipvs-no-backend', reason: 'the snapshot has no ipvs' })
  })

  test('two hosts are examined together, and a finding says of which it is', () => {
    const { findings } = examine([
      healthy('port-publishing'),
      broken(healthy('routers'), 'r1', withSysctl('net.ipv4.ip_forward', '0')),
    ])
    expect(findings[0]).toMatchObject({ id: 'ip-forward-off', host: 1 })
  })
})

function edits(...all: readonly Edit[]): Edit {
  return (namespace) => all.reduce((before, edit) => edit(before), namespace)
}

const withoutDefault: Edit = (namespace) => ({
  ...namespace,
  routes: namespace.routes.filter(({ destination }) => destination !== 'default'),
})

function withGateway(gateway: string): Edit {
  return (namespace) => ({
    ...namespace,
    routes: namespace.routes.map((route) => (route.destination === 'default' ? { ...route, gateway } : route)),
  })
}

/** Another address of the first link that has one. */
function withAddress(address: string): Edit {
  return (namespace) => {
    const link = namespace.links.find(({ name }) => name === 'eth0')?.index ?? 0
    return {
      ...namespace,
      addresses: [...namespace.addresses, { link, address, scope: 'global', flags: ['secondary'] }],
    }
  }
}

function withFdb(edit: (fdb: Namespace['fdb']) => Namespace['fdb']): Edit {
  return (namespace) => ({ ...namespace, fdb: edit(namespace.fdb) })
}

function withNeighbours(edit: (neighbours: Namespace['neighbours']) => Namespace['neighbours']): Edit {
  return (namespace) => ({ ...namespace, neighbours: edit(namespace.neighbours) })
}

function withDestinations(edit: (all: readonly IpvsDestination[]) => readonly IpvsDestination[]): Edit {
  return (namespace) => ({
    ...namespace,
    ipvs: namespace.ipvs.map((service) => ({ ...service, destinations: edit(service.destinations) })),
  })
}

/** Another text for the rules that have one. */
function rewritten(from: string, to: string): Edit {
  return (namespace) => ({
    ...namespace,
    firewall: namespace.firewall.map((rule) => ({ ...rule, text: rule.text.replace(from, to) })),
  })
}

const BRIDGE = /br-[0-9a-f]{12}/

/** The bridge filters, and its ports let through these VLANs, the first without a tag. */
function filteringVlans(usual: readonly number[], special: Readonly<Record<string, readonly number[]>> = {}): Edit {
  const vlansOf = (name: string) =>
    (special[name] ?? usual).map((id, at) => ({ id, untagged: at === 0, pvid: at === 0 }))
  return (namespace) => ({
    ...namespace,
    links: namespace.links.map((link) => ({
      ...link,
      ...(link.bridge === undefined ? {} : { bridge: { ...link.bridge, vlanFiltering: true } }),
      ...(link.port === undefined ? {} : { port: { ...link.port, vlans: vlansOf(link.name) } }),
    })),
  })
}

interface Case {
  readonly id: string
  readonly what: string
  readonly lab: HealthyName
  readonly at: string
  readonly edit: Edit
  /** In the evidence of the first finding. */
  readonly evidence: readonly (string | RegExp)[]
  /** The first command. */
  readonly fix: string | RegExp
  readonly where?: string
}

const CASES: readonly Case[] = [
  {
    id: 'ip-forward-off',
    what: 'a router',
    lab: 'routers',
    at: 'r1',
    edit: edits(withSysctl('net.ipv4.ip_forward', '0'), withSysctl('net.ipv4.conf.eth0.forwarding', '0')),
    evidence: ['net.ipv4.ip_forward = 0 in r1'],
    fix: 'r1: sysctl -w net.ipv4.ip_forward=1',
  },
  {
    id: 'ip-forward-off',
    what: 'one interface of a host',
    lab: 'routers',
    at: 'r1',
    edit: withSysctl('net.ipv4.conf.eth0.forwarding', '0'),
    evidence: ['net.ipv4.conf.eth0.forwarding = 0 in r1'],
    fix: 'r1: sysctl -w net.ipv4.conf.eth0.forwarding=1',
  },
  {
    id: 'link-down',
    what: 'the interface of a container',
    lab: 'port-publishing',
    at: 'C2',
    edit: edits(withLink('eth0', down), withoutDefault),
    evidence: ['eth0 of C2: <BROADCAST,MULTICAST> mtu 1500 state DOWN: administratively down'],
    fix: 'C2: ip link set dev eth0 up',
  },
  {
    id: 'default-route-wrong',
    what: 'there is none',
    lab: 'port-publishing',
    at: 'C2',
    edit: withoutDefault,
    evidence: ['no default route in C2', '10.0.0.1/24'],
    fix: 'C2: ip route add default via 10.0.0.1 dev eth0',
  },
  {
    id: 'default-route-wrong',
    what: 'its gateway is nobody',
    lab: 'port-publishing',
    at: 'C2',
    edit: withGateway('10.0.0.77'),
    evidence: ['default via 10.0.0.77'],
    fix: 'C2: ip route replace default via 10.0.0.1 dev eth0',
  },
  {
    id: 'duplicate-address',
    what: 'an address of a neighbour beside the own one',
    lab: 'port-publishing',
    at: 'C2',
    edit: withAddress('10.0.0.3/24'),
    evidence: ['10.0.0.3/24 on eth0 of C2', '10.0.0.3/24 on eth0 of echo'],
    fix: 'C2: ip address del 10.0.0.3/24 dev eth0',
  },
  {
    id: 'nat-rules-flushed',
    what: 'the whole table',
    lab: 'port-publishing',
    at: 'host-A',
    edit: withoutRules(({ table }) => table === 'nat'),
    evidence: ['no jump to DOCKER', 'no rule of nat POSTROUTING masquerades 10.0.0.0/24'],
    fix: 'host-A: iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
  },
  {
    id: 'published-port-unreachable',
    what: 'nobody has the address',
    lab: 'port-publishing',
    at: 'host-A',
    edit: (namespace) => ({
      ...namespace,
      firewall: namespace.firewall.map((rule) => ({
        ...rule,
        text: rule.text.replace(
          '--dport 7001 -j DNAT --to-destination 10.0.0.3:7',
          '--dport 7001 -j DNAT --to-destination 10.0.0.99:7',
        ),
      })),
    }),
    evidence: ['--to-destination 10.0.0.99:7'],
    fix: /^host-A: iptables -t nat -R DOCKER \d+ .*--to-destination 10\.0\.0\.3:7$/,
  },
  {
    id: 'published-port-unreachable',
    what: 'it listens on loopback alone',
    lab: 'port-publishing',
    at: 'C2',
    edit: (namespace) => ({
      ...namespace,
      sockets: namespace.sockets.map((socket) =>
        socket.localPort === 80 ? { ...socket, local: '127.0.0.1', family: 4 } : socket,
      ),
    }),
    evidence: ['tcp LISTEN 127.0.0.1:80'],
    where: 'C2',
    fix: 'C2: sysctl -w net.ipv4.conf.eth0.route_localnet=1',
  },
  {
    id: 'container-dns-broken',
    what: 'the rules are gone',
    lab: 'port-publishing',
    at: 'C2',
    edit: withoutRules(({ table }) => table === 'nat'),
    evidence: ['no jump to DOCKER_OUTPUT', 'nameserver 127.0.0.11'],
    fix: /^C2: iptables -t nat -A OUTPUT -d 127\.0\.0\.11\/32 -j DOCKER_OUTPUT$/,
  },
  {
    id: 'forward-policy-drop',
    what: 'a router',
    lab: 'routers',
    at: 'r1',
    edit: (namespace) => ({
      ...namespace,
      chains: [
        {
          backend: 'nft',
          family: 'ip',
          table: 'filter',
          chain: 'FORWARD',
          hook: 'forward',
          priority: 0,
          type: 'filter',
          policy: 'DROP',
          packets: 7,
          bytes: 420,
        },
      ],
    }),
    evidence: ['-P FORWARD DROP (nft, table filter, 7 packets so far) in r1'],
    fix: 'r1: iptables -P FORWARD ACCEPT',
  },
  {
    id: 'veth-not-enslaved',
    what: 'a container of a bridge network',
    lab: 'routers',
    at: 'right-host',
    edit: (namespace) => ({
      ...namespace,
      links: namespace.links.map((link) => {
        if (!link.name.startsWith('veth')) return link
        const { master: _master, port: _port, ...rest } = link
        return rest
      }),
    }),
    evidence: [/veth[0-9a-f]{7} of right-host: .* has no master/],
    fix: /^right-host: ip link set dev veth[0-9a-f]{7} master br-[0-9a-f]{12}$/,
  },
  {
    id: 'subnet-overlap',
    what: 'a part of the LAN',
    lab: 'port-publishing',
    at: 'host-A',
    edit: (namespace) => ({
      ...namespace,
      links: [
        ...namespace.links,
        {
          ...(namespace.links.find(({ kind }) => kind === 'bridge') as Namespace['links'][number]),
          index: 99,
          name: 'br-bad',
        },
      ],
      addresses: [...namespace.addresses, { link: 99, address: '192.168.0.14/29', scope: 'global', flags: [] }],
      routes: [
        ...namespace.routes,
        {
          table: 254,
          family: 4,
          type: 'unicast',
          destination: '192.168.0.8/29',
          link: 99,
          scope: 'link',
          protocol: 'kernel',
        },
      ],
    }),
    evidence: ['192.168.0.8/29 dev br-bad', '192.168.0.0/24'],
    fix: 'host-A: ip link set dev br-bad down',
  },
  {
    id: 'pmtu-blackhole',
    what: 'a smaller link and a rule on ICMP',
    lab: 'routers',
    at: 'r1',
    edit: edits(
      withLink('eth1', (link) => ({ ...link, mtu: 1400 })),
      withRule('filter', 'OUTPUT', '-p icmp -m icmp --icmp-type 3/4 -j DROP'),
    ),
    evidence: ['-A OUTPUT -p icmp -m icmp --icmp-type 3/4 -j DROP', 'eth1 of r1'],
    fix: 'r1: iptables -t filter -D OUTPUT 1',
  },
  {
    id: 'vxlan-port-blocked',
    what: 'a rule of the other host',
    lab: 'overlay',
    at: 'host-B',
    edit: withRule('filter', 'INPUT', '-p udp -m udp --dport 4789 -j DROP'),
    evidence: ['-A INPUT -p udp -m udp --dport 4789 -j DROP in host-B'],
    fix: 'host-B: iptables -t filter -D INPUT 1',
  },
  {
    id: 'mtu-overlay-exceeds-underlay',
    what: 'a host that carries less',
    lab: 'overlay',
    at: 'host-A',
    edit: withLink('eth0', (link) => ({ ...link, mtu: 1400 })),
    evidence: ['1400 − 50 (VXLAN) = 1350'],
    where: 'web',
    fix: 'web: ip link set dev eth0 mtu 1350',
  },
  {
    id: 'fdb-missing',
    what: 'an entry of the overlay',
    lab: 'overlay',
    at: 'petsOverlay@host-A',
    edit: withFdb((fdb) => fdb.filter(({ mac }) => mac !== '02:42:0a:00:01:0c')),
    evidence: ['02:42:0a:00:01:0c', '192.168.56.12'],
    fix: 'petsOverlay@host-A: bridge fdb add 02:42:0a:00:01:0c dev vxlan0 dst 192.168.56.12 self permanent',
  },
  {
    id: 'fdb-stale',
    what: 'an entry that leads to somebody else',
    lab: 'overlay',
    at: 'petsOverlay@host-A',
    edit: withFdb((fdb) =>
      fdb.map((entry) => (entry.mac === '02:42:0a:00:01:0c' ? { ...entry, destination: '192.168.56.99' } : entry)),
    ),
    evidence: ['dst 192.168.56.99'],
    fix: 'petsOverlay@host-A: bridge fdb replace 02:42:0a:00:01:0c dev vxlan0 dst 192.168.56.12 self permanent',
  },
  {
    id: 'neigh-missing',
    what: 'an entry of the overlay',
    lab: 'overlay',
    at: 'petsOverlay@host-A',
    edit: withNeighbours((all) => all.filter(({ address }) => address !== '10.0.1.12')),
    evidence: ['no permanent neighbour 10.0.1.12'],
    fix: 'petsOverlay@host-A: ip neigh replace 10.0.1.12 lladdr 02:42:0a:00:01:0c dev vxlan0 nud permanent',
  },
  {
    id: 'neigh-stale',
    what: 'an entry with an old MAC',
    lab: 'overlay',
    at: 'petsOverlay@host-A',
    edit: withNeighbours((all) =>
      all.map((entry) => (entry.address === '10.0.1.12' ? { ...entry, mac: '02:42:0a:ff:ff:99' } : entry)),
    ),
    evidence: ['lladdr 02:42:0a:ff:ff:99'],
    fix: 'petsOverlay@host-A: ip neigh replace 10.0.1.12 lladdr 02:42:0a:00:01:0c dev vxlan0 nud permanent',
  },
  {
    id: 'ipvs-no-backend',
    what: 'all have weight 0',
    lab: 'services',
    at: 'lb_mesh.host-A',
    edit: withDestinations((all) => all.map((each) => ({ ...each, weight: 0 }))),
    evidence: ['mark 257 rr, 3 destinations of weight 0', '-A INPUT -d 10.0.1.2/32 -j MARK --set-xmark 0x101'],
    where: 'lb_mesh.host-A',
    fix: 'lb_mesh.host-A: ipvsadm -e -f 257 -r 10.0.1.6:0 -m -w 1',
  },
  {
    id: 'ipvs-no-backend',
    what: 'it has none at all, and the balancer of another host knows them',
    lab: 'services',
    at: 'lb_mesh.host-A',
    edit: withDestinations(() => []),
    evidence: ['mark 257 rr, 0 destinations', 'mark 257 of lb_mesh.host-B sends to 10.0.1.6, 10.0.1.5, 10.0.1.4'],
    where: 'lb_mesh.host-A',
    fix: 'lb_mesh.host-A: ipvsadm -a -f 257 -r 10.0.1.6:0 -m -w 1',
  },
  {
    id: 'ipvs-dead-backend',
    what: 'a task that is gone',
    lab: 'services',
    at: 'lb_mesh.host-A',
    edit: withDestinations(([first, ...rest]) =>
      first === undefined ? [] : [{ ...first, address: '10.0.1.99' }, first, ...rest],
    ),
    evidence: ['mark 257 → 10.0.1.99:0 weight 1', 'nobody on the network has 10.0.1.99'],
    where: 'lb_mesh.host-A',
    fix: 'lb_mesh.host-A: ipvsadm -d -f 257 -r 10.0.1.99:0',
  },
  {
    id: 'ipvs-dead-backend',
    what: 'a live task of weight 0',
    lab: 'services',
    at: 'ingress_sbox.host-B',
    edit: withDestinations((all) => all.map((each, at) => (at === 0 ? { ...each, weight: 0 } : each))),
    evidence: ['mark 256 → 10.0.0.5:0 weight 0'],
    where: 'ingress_sbox.host-B',
    fix: 'ingress_sbox.host-B: ipvsadm -e -f 256 -r 10.0.0.5:0 -m -w 1',
  },
  {
    id: 'fwmark-mismatch',
    what: 'the rule of a virtual address',
    lab: 'services',
    at: 'lb_mesh.host-A',
    edit: rewritten('0x101/', '0x107/'),
    evidence: ['-A INPUT -d 10.0.1.2/32 -j MARK --set-xmark 0x107', 'mark 257'],
    where: 'lb_mesh.host-A',
    fix: 'lb_mesh.host-A: iptables -t mangle -R INPUT 1 -d 10.0.1.2/32 -j MARK --set-xmark 0x101/0xffffffff',
  },
  {
    id: 'fwmark-mismatch',
    what: 'the rule of a port, beside that of the address',
    lab: 'services',
    at: 'ingress_sbox.host-A',
    edit: (namespace) => ({
      ...namespace,
      firewall: namespace.firewall.map((rule) =>
        rule.chain === 'PREROUTING' ? { ...rule, text: rule.text.replace('0x100/', '0x1100/') } : rule,
      ),
    }),
    evidence: ['-A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x1100', 'mark 256'],
    where: 'ingress_sbox.host-A',
    fix: 'ingress_sbox.host-A: iptables -t mangle -R PREROUTING 1 -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x100/0xffffffff',
  },
  {
    id: 'ingress-rules-missing',
    what: 'the rule of a port',
    lab: 'services',
    at: 'host-B',
    edit: withoutRules(({ chain, text }) => chain === 'DOCKER-INGRESS' && text.includes('DNAT')),
    evidence: ['no DNAT of 8080/tcp to 172.18.0.4:8080', 'ingress_sbox.host-B waits for it'],
    where: 'host-B',
    fix: 'host-B: iptables -t nat -I DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.4:8080',
  },
  {
    id: 'ingress-rules-missing',
    what: 'the jumps to its chain',
    lab: 'services',
    at: 'host-A',
    edit: withoutRules(({ text }) => text.includes('-j DOCKER-INGRESS')),
    evidence: ['nat PREROUTING of host-A has no jump to DOCKER-INGRESS'],
    where: 'host-A',
    fix: 'host-A: iptables -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS',
  },
  {
    id: 'esp-blocked',
    what: 'a rule of the other host',
    lab: 'overlay-encrypted',
    at: 'host-B',
    edit: withRule('filter', 'INPUT', '-p esp -j DROP'),
    evidence: ['-A INPUT -p esp -j DROP in host-B', 'ESP (IP protocol 50)'],
    where: 'host-B',
    fix: /^host-B: iptables -t filter -D INPUT \d$/,
  },
  {
    id: 'xfrm-mismatch',
    what: 'another SPI at the receiver',
    lab: 'overlay-encrypted',
    at: 'host-B',
    edit: (namespace) => ({
      ...namespace,
      xfrm: {
        ...namespace.xfrm,
        states: namespace.xfrm.states.map((state) =>
          state.destination === '192.168.56.12' ? { ...state, spi: state.spi + 1 } : state,
        ),
      },
    }),
    evidence: ['src 192.168.56.11 dst 192.168.56.12 proto esp spi 0x'],
    where: 'host-B',
    fix: /^host-B: sh -c .+ \/run\/netns\/tsnet:overlay-encrypted:host-A src 192\.168\.56\.11 dst 192\.168\.56\.12 proto esp spi 0x\w{8}$/,
  },
  {
    id: 'xfrm-mismatch',
    what: 'the sender has no association',
    lab: 'overlay-encrypted',
    at: 'host-A',
    edit: (namespace) => ({
      ...namespace,
      xfrm: {
        ...namespace.xfrm,
        states: namespace.xfrm.states.filter(({ destination }) => destination !== '192.168.56.12'),
      },
    }),
    evidence: ['no esp state to 192.168.56.12 in host-A'],
    where: 'host-A',
    fix: /^host-A: sh -c .+ \/run\/netns\/tsnet:overlay-encrypted:host-B src 192\.168\.56\.11 dst 192\.168\.56\.12 proto esp spi 0x\w{8}$/,
  },
  {
    id: 'vlan-not-trunked',
    what: 'a port of the trunk',
    lab: 'vlan-trunk',
    at: 'trunk',
    edit: filteringVlans([1, 10, 20], { 'host-B': [1, 20] }),
    evidence: ['port host-B of br0 in trunk lets through VLAN 1 untagged, 20, not 10 tagged', 'eth0.10 of host-B'],
    where: 'trunk',
    fix: 'trunk: bridge vlan add vid 10 dev host-B',
  },
  {
    id: 'conntrack-full',
    what: 'a table without room',
    lab: 'routers',
    at: 'r1',
    edit: (namespace) => ({ ...namespace, conntrack: { count: 1000, max: 1000, dropped: 12 } }),
    evidence: ['1000 connections of 1000 in r1; dropped 12'],
    fix: /sysctl -w net\.netfilter\.nf_conntrack_max=4000$/,
  },
  {
    id: 'mtu-mismatch',
    what: 'two ends of a cable',
    lab: 'port-publishing',
    at: 'C2',
    edit: withLink('eth0', (link) => ({ ...link, mtu: 9000 })),
    evidence: ['eth0 of C2', 'mtu 9000', 'mtu 1500'],
    fix: 'C2: ip link set dev eth0 mtu 1500',
  },
  {
    id: 'policy-routing-captures',
    what: 'a table of a VPN',
    lab: 'port-publishing',
    at: 'host-A',
    edit: (namespace) => ({
      ...namespace,
      rules: [...namespace.rules, { family: 4, priority: 100, action: 'lookup', table: 51_820 }],
      routes: [
        ...namespace.routes,
        {
          table: 51_820,
          family: 4,
          type: 'unicast',
          destination: 'default',
          link: 2,
          scope: 'link',
          protocol: 'static',
        },
      ],
    }),
    evidence: ['100: lookup 51820'],
    fix: 'host-A: ip rule add to 10.0.0.0/24 lookup main priority 99',
  },
  {
    id: 'limit-accept-queue',
    what: 'a listener that accepts nothing',
    lab: 'routers',
    at: 'web',
    edit: (namespace) => ({
      ...namespace,
      sockets: namespace.sockets.map((socket) =>
        socket.localPort === 80 && socket.state === 'LISTEN'
          ? { ...socket, receiveQueue: 129, sendQueue: 128 }
          : socket,
      ),
    }),
    evidence: ['accept queue 129 of 128'],
    fix: /^$/,
  },
]

describe('a host with one fault', () => {
  test.each(CASES)('$id: $what', ({ id, lab, at, edit, evidence, fix, where }) => {
    const sick = broken(healthy(lab), at, edit)
    const first = firstOf(sick)
    expect(first.id).toBe(id)
    for (const each of evidence)
      expect(first.evidence).toMatch(each instanceof RegExp ? each : new RegExp(escaped(each)))
    expect(first.where).toBe(where ?? first.where)
    expect(first.fix[0] ?? '').toMatch(fix instanceof RegExp ? fix : new RegExp(`^${escaped(fix)}$`))
    expect(findingsOf(sick).length).toBeLessThanOrEqual(2)
  })

  test('a service that no balancer has a backend of is told without a guess', () => {
    const none = withDestinations(() => [])
    const sick = broken(broken(healthy('services'), 'lb_mesh.host-A', none), 'lb_mesh.host-B', none)
    expect(findingsOf(sick).map(({ id, fix }) => ({ id, fix }))).toEqual([
      { id: 'ipvs-no-backend', fix: undefined },
      { id: 'ipvs-no-backend', fix: undefined },
    ])
  })

  test('every step of a fix knows what takes it back', () => {
    for (const { id, lab, at, edit } of CASES) {
      const { undo } = firstOf(broken(healthy(lab), at, edit))
      expect(undo, id).not.toContain(undefined)
    }
  })

  test('a place leads to each piece of evidence that has one', () => {
    const [finding] = findingsOf(
      broken(healthy('overlay'), 'host-B', withRule('filter', 'INPUT', '-p udp -m udp --dport 4789 -j DROP')),
    )
    expect(finding?.places).toHaveLength(finding?.evidence.length ?? -1)
    expect(finding?.places[0]).toMatchObject({ kind: 'rule', chain: 'INPUT', position: 1 })
  })

  test('with -n only what concerns a namespace is told', () => {
    const sick = broken(healthy('port-publishing'), 'C2', withoutDefault)
    const inodeOf = (name: string) => sick.namespaces.find(({ owner }) => owner.name === name)?.inode ?? 0
    expect(findingsOf(sick, { namespaces: new Set([inodeOf('C2')]) })).toHaveLength(1)
    expect(findingsOf(sick, { namespaces: new Set([inodeOf('client')]) })).toEqual([])
  })
})

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

describe('what only two readings or connections show', () => {
  test('counters that rise are told, others are not', () => {
    const before = healthy('routers')
    const after = broken(
      { ...before, takenAt: '2026-01-01T00:00:10.000Z' },
      'r1',
      withLink('eth0', (link) => ({
        ...link,
        counters: { ...link.counters, rxDropped: link.counters.rxDropped + 40 },
      })),
    )
    expect(findingsOf(after)).toEqual([])
    expect(firstOf(after, { before: [before] })).toMatchObject({ id: 'drops-rising', severity: 'warning', where: 'r1' })
    expect(findingsOf(before, { before: [before] })).toEqual([])
  })

  test('queues of CPUs and sockets that overflow while it watches', () => {
    const before = healthy('port-publishing')
    const started = broken(before, 'host-A', (namespace) => ({
      ...namespace,
      softnet: { processed: 1000, dropped: 7, squeezed: 0 },
    }))
    const overrun = broken(started, 'host-A', (namespace) => ({
      ...namespace,
      sysctls: { ...namespace.sysctls, 'net.core.netdev_max_backlog': '1000' },
      softnet: { processed: 2000, dropped: 57, squeezed: 3 },
    }))
    const backlog = firstOf(overrun, { before: [started] })
    expect(backlog).toMatchObject({ id: 'drops-rising', severity: 'warning', where: 'host-A' })
    expect(backlog.evidence).toContain('dropped +50')
    expect(backlog.fix).toEqual(['host-A: sysctl -w net.core.netdev_max_backlog=4000'])

    const dropping =
      (drops: number): Edit =>
      (namespace) => ({
        ...namespace,
        sockets: namespace.sockets.map((socket) => (socket.localPort === 80 ? { ...socket, drops } : socket)),
      })
    const socket = firstOf(broken(before, 'C2', dropping(12)), { before: [broken(before, 'C2', dropping(2))] })
    expect(socket).toMatchObject({ id: 'drops-rising', severity: 'warning', where: 'C2' })
    expect(socket.evidence).toContain('drops +10 in 0 s, now 12')
    expect(findingsOf(broken(before, 'C2', dropping(12)))).toEqual([])
  })

  test('a connection that leads to a container that is gone', () => {
    const facts = healthy('port-publishing')
    const host = facts.namespaces.find(({ owner }) => owner.name === 'host-A')?.inode ?? 0
    const entry = {
      family: 4,
      protocol: 'udp',
      original: { source: '192.168.0.10', destination: '192.168.0.2', sourcePort: 5060, destinationPort: 7000 },
      reply: { source: '10.0.0.9', destination: '192.168.0.10', sourcePort: 7, destinationPort: 5060 },
      status: ['DST_NAT'],
    } as const
    const first = firstOf(facts, { connections: [new Map([[host, [entry]]])] })
    expect(first).toMatchObject({ id: 'conntrack-stale', where: 'host-A' })
    expect(first.fix).toEqual(['host-A: conntrack -D -p udp --reply-src 10.0.0.9'])
    const alive = { ...entry, reply: { ...entry.reply, source: '10.0.0.3' } }
    expect(findingsOf(facts, { connections: [new Map([[host, [alive]]])] })).toEqual([])
  })
})

describe('what is so by design', () => {
  test('is told with --all alone, where packets were dropped', () => {
    const dropped: Edit = (namespace) => ({
      ...namespace,
      firewall: namespace.firewall.map((rule) =>
        rule.chain === 'DOCKER-ISOLATION-STAGE-2' ? { ...rule, packets: 3 } : rule,
      ),
    })
    const facts = healthy('port-publishing')
    const host = facts.namespaces.find(({ owner }) => owner.name === 'host-A') as Namespace
    expect(host.links.some(({ name }) => BRIDGE.test(name))).toBe(true)
    expect(
      findingsOf(broken(facts, 'host-A', dropped), { all: true }).filter(({ severity }) => severity !== 'info'),
    ).toEqual([])
  })
})
