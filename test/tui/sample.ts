import type {
  Address,
  FdbEntry,
  FirewallChain,
  FirewallRule,
  HostSnapshot,
  Link,
  LinkCounters,
  Namespace,
  Route,
} from '../../src/model/snapshot.ts'
import { KINDS } from '../../src/model/snapshot.ts'

export const HOST = 4_026_531_840

export function counters(some: Partial<LinkCounters> = {}): LinkCounters {
  return {
    rxPackets: 0,
    rxBytes: 0,
    rxErrors: 0,
    rxDropped: 0,
    rxMulticast: 0,
    txPackets: 0,
    txBytes: 0,
    txErrors: 0,
    txDropped: 0,
    ...some,
  }
}

export function link(index: number, name: string, some: Partial<Link> = {}): Link {
  return {
    index,
    name,
    kind: 'veth',
    mtu: 1500,
    flags: ['UP', 'LOWER_UP', 'BROADCAST', 'MULTICAST'],
    operstate: 'UP',
    qdisc: 'noqueue',
    counters: counters({ rxPackets: index * 1_000, rxBytes: index * 64_000 }),
    ...some,
  }
}

export function namespace(inode: number, name: string, some: Partial<Namespace> = {}): Namespace {
  return {
    inode,
    names: [name],
    owner: { kind: 'docker', name },
    pids: [inode - HOST + 400],
    links: [],
    addresses: [],
    routes: [],
    rules: [],
    neighbours: [],
    fdb: [],
    firewall: [],
    chains: [],
    ipsets: [],
    ipvs: [],
    conntrack: { count: 12, max: 262_144 },
    sockets: [],
    xfrm: { states: [], policies: [] },
    qdiscs: [],
    sysctls: {},
    ...some,
  }
}

export function address(index: number, text: string, some: Partial<Address> = {}): Address {
  return { link: index, address: text, scope: 'global', flags: ['permanent'], ...some }
}

export function route(destination: string, some: Partial<Route> = {}): Route {
  return { table: 254, family: 4, type: 'unicast', destination, scope: 'global', protocol: 'kernel', ...some }
}

const LOOPBACK = link(1, 'lo', { kind: 'loopback', mtu: 65_536, flags: ['UP', 'LOOPBACK'], operstate: 'UNKNOWN' })
const LOCALHOST = address(1, '127.0.0.1/8', { scope: 'host' })

const PORT = {
  state: 'forwarding',
  hairpin: false,
  isolated: false,
  learning: true,
  flood: true,
  guard: false,
  rootBlock: false,
  fastLeave: false,
  proxyArp: false,
  neighSuppress: false,
  cost: 2,
  priority: 32,
  number: 1,
}

const BRIDGE = { stp: false, vlanFiltering: false, forwardDelayMs: 15_000, ageingTimeMs: 300_000 }

export function mac(last: number): string {
  return `02:42:ac:13:${hex(last >> 8)}:${hex(last & 255)}`
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function rule(chain: string, position: number, text: string, some: Partial<FirewallRule> = {}): FirewallRule {
  return {
    backend: 'legacy',
    family: 'ip',
    table: 'filter',
    chain,
    position,
    text,
    syntax: 'iptables',
    packets: position * 10,
    bytes: position * 840,
    ...some,
  }
}

function chain(name: string, some: Partial<FirewallChain> = {}): FirewallChain {
  return { backend: 'legacy', family: 'ip', table: 'filter', chain: name, ...some }
}

/** A container on one bridge network: its namespace, and the host's end of its cable. */
function container(
  number: number,
  name: string,
): { readonly namespace: Namespace; readonly port: Link; readonly entry: FdbEntry } {
  const inode = HOST + number
  const own = `172.19.0.${number + 1}`
  return {
    namespace: namespace(inode, name, {
      links: [LOOPBACK, link(2, 'eth0', { mac: mac(number + 1), peer: { namespace: HOST, index: 10 + number } })],
      addresses: [LOCALHOST, address(2, `${own}/16`)],
      routes: [
        route('default', { gateway: '172.19.0.1', link: 2 }),
        route('172.19.0.0/16', { link: 2, source: own, scope: 'link' }),
      ],
      neighbours: [{ link: 2, address: '172.19.0.1', mac: mac(1), states: ['REACHABLE'] }],
      sockets: [
        {
          protocol: 'tcp',
          family: 4,
          state: 'LISTEN',
          local: '0.0.0.0',
          localPort: 5000 + number,
          inode: 9_000 + number,
          receiveQueue: 0,
          sendQueue: 128,
          processes: [{ pid: 400 + number, command: 'node' }],
        },
      ],
      dns: { path: '/etc/resolv.conf', servers: ['127.0.0.11'], search: ['lan'], options: ['ndots:0'] },
    }),
    port: link(10 + number, `veth${(0x1f2a + number * 977).toString(16)}`, {
      mac: mac(100 + number),
      master: 3,
      peer: { namespace: inode, index: 2 },
      port: { ...PORT, number },
    }),
    entry: {
      link: 10 + number,
      mac: mac(number + 1),
      states: ['reachable', 'master'],
      master: 3,
      usedS: 4,
      updatedS: 2,
    },
  }
}

/** A small container host: one compose project of three, one named namespace, one namespace whose link is broken. */
export function sampleSnapshot(): HostSnapshot {
  const pets = ['db', 'web', 'cache'].map((name, position) => container(position + 1, name))
  const host = namespace(HOST, 'host', {
    owner: { kind: 'host', name: 'host' },
    pids: [1, 2, 3],
    links: [
      LOOPBACK,
      link(2, 'eth0', { kind: 'ether', mac: '52:54:00:12:34:56' }),
      link(3, 'br-46cf', { kind: 'bridge', mac: mac(1), bridge: BRIDGE }),
      ...pets.map(({ port }) => port),
      link(20, 'veth-red', { mac: mac(200), peer: { namespace: HOST + 20, index: 2 } }),
    ],
    addresses: [LOCALHOST, address(2, '192.168.7.9/24'), address(3, '172.19.0.1/16'), address(20, '10.9.0.1/24')],
    routes: [
      route('default', { gateway: '192.168.7.1', link: 2, protocol: 'dhcp' }),
      route('172.19.0.0/16', { link: 3, source: '172.19.0.1', scope: 'link' }),
      route('192.168.7.0/24', { link: 2, source: '192.168.7.9', scope: 'link' }),
    ],
    rules: [
      { family: 4, priority: 0, action: 'lookup', table: 255 },
      { family: 4, priority: 32_766, action: 'lookup', table: 254 },
    ],
    fdb: pets.map(({ entry }) => entry),
    chains: [
      chain('INPUT', { hook: 'input', priority: 0, type: 'filter', policy: 'ACCEPT', packets: 900, bytes: 90_000 }),
      chain('FORWARD', { hook: 'forward', priority: 0, type: 'filter', policy: 'DROP', packets: 12, bytes: 720 }),
      chain('DOCKER-USER', { madeBy: 'docker' }),
      chain('PREROUTING', { table: 'nat', hook: 'prerouting', priority: -100, type: 'nat', policy: 'ACCEPT' }),
      chain('DOCKER', { table: 'nat', madeBy: 'docker' }),
    ],
    firewall: [
      rule('FORWARD', 1, '-j DOCKER-USER', { target: 'DOCKER-USER' }),
      rule('FORWARD', 2, '-i br-46cf ! -o br-46cf -j ACCEPT', { target: 'ACCEPT' }),
      rule('DOCKER-USER', 1, '-j RETURN', { target: 'RETURN' }),
      rule('PREROUTING', 1, '-m addrtype --dst-type LOCAL -j DOCKER', { table: 'nat', target: 'DOCKER' }),
      rule('DOCKER', 1, '! -i br-46cf -p tcp -m tcp --dport 8000 -j DNAT --to-destination 172.19.0.3:80', {
        table: 'nat',
        target: 'DNAT',
      }),
    ],
    sysctls: { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '1' },
  })
  const red = namespace(HOST + 20, 'red', {
    owner: { kind: 'netns', name: 'red' },
    pids: [],
    links: [
      LOOPBACK,
      link(2, 'eth0', {
        mac: mac(201),
        flags: ['NO-CARRIER', 'UP', 'BROADCAST', 'MULTICAST'],
        operstate: 'DOWN',
        peer: { namespace: HOST, index: 20 },
      }),
    ],
    addresses: [LOCALHOST, address(2, '10.9.0.2/24')],
  })
  return snapshotOf([host, ...pets.map((each) => each.namespace), red], {
    containers: pets.map(({ namespace: { inode, names, pids } }, position) => ({
      engine: 'docker',
      id: 'c0ffee'.repeat(8) + position,
      name: names[0] ?? '',
      image: 'pets/app:1',
      state: 'running',
      namespace: inode,
      pid: pids[0] ?? 0,
      compose: { project: 'pets', service: names[0] ?? '' },
      networks: [{ network: 'pets', networkId: 'n1', addresses: [`172.19.0.${position + 2}`] }],
      ports: position === 1 ? [{ protocol: 'tcp', containerPort: 80, hostAddress: '0.0.0.0', hostPort: 8000 }] : [],
      labels: {},
    })),
    networks: [
      {
        engine: 'docker',
        id: 'n1',
        name: 'pets',
        driver: 'bridge',
        scope: 'local',
        internal: false,
        ipv6: false,
        subnets: [{ subnet: '172.19.0.0/16', gateway: '172.19.0.1' }],
        ipamDriver: 'default',
        options: {},
        labels: {},
        bridge: 'br-46cf',
      },
    ],
  })
}

export function snapshotOf(namespaces: readonly Namespace[], some: Partial<HostSnapshot> = {}): HostSnapshot {
  return {
    format: 1,
    takenAt: '2026-01-02T03:04:05.000Z',
    hostname: 'vm',
    kernel: '6.18.44',
    kinds: KINDS,
    features: {},
    namespaces,
    containers: [],
    networks: [],
    hidden: [],
    ...some,
  }
}
