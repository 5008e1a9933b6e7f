import type { Random } from '../../helpers/topology-random.ts'
import { iptablesRules } from './network-iptables.ts'
import { nftRules } from './network-nft.ts'

/** What one namespace of a random network is made by, in the order of the fields. */
export interface NetworkNamespace {
  readonly name: string
  /** Name (with dots) → value, set before there are links. */
  readonly early: Readonly<Record<string, string>>
  /** Lines for `ip -batch`. */
  readonly links: string[]
  /** Lines for `ip -batch` when every link is where it belongs. */
  readonly addresses: string[]
  /** Lines for `bridge -batch`. */
  readonly bridge: string[]
  readonly sysctls: Record<string, string>
  /** Variant → what its restore tool reads. */
  readonly iptables: Record<string, readonly string[]>
  readonly ipsets: readonly string[]
  readonly nft: readonly string[]
  /** Lines for `ip -batch` at the end: routes that may be wrong, links that go down. */
  readonly late: string[]
}

/** A network in which packets can go several ways, and be stopped in many. */
export interface Network {
  readonly seed: number
  readonly namespaces: readonly NetworkNamespace[]
  /** Addresses that a flow may be sent to. */
  readonly destinations: readonly string[]
}

/** No link of the machine itself takes part: all that is named here is made in a world of its own. */
const QUICK = {
  'net.ipv4.icmp_ratelimit': '0',
  'net.ipv6.icmp.ratelimit': '0',
  'net.ipv6.conf.default.accept_dad': '0',
  'net.ipv6.conf.all.accept_dad': '0',
}

class Builder {
  readonly byName = new Map<string, NetworkNamespace>()
  readonly random: Random

  constructor(random: Random) {
    this.random = random
  }

  namespace(name: string): NetworkNamespace {
    const known = this.byName.get(name)
    if (known !== undefined) return known
    const made: NetworkNamespace = {
      name,
      early: QUICK,
      links: [],
      addresses: [],
      bridge: [],
      sysctls: {},
      iptables: {},
      ipsets: [],
      nft: [],
      late: [],
    }
    this.byName.set(name, made)
    return made
  }

  cable(a: string, aLink: string, b: string, bLink: string, options = ''): void {
    this.namespace(a).links.push(`link add ${aLink} ${options} type veth peer name ${bLink} netns ${b}`)
    this.namespace(b)
    for (const [name, link] of [
      [a, aLink],
      [b, bLink],
    ] as const)
      this.namespace(name).addresses.push(`link set ${link} up`)
  }

  address(name: string, link: string, four: string, six?: string): void {
    const { addresses } = this.namespace(name)
    addresses.push(`addr add ${four} dev ${link}`)
    if (six !== undefined) addresses.push(`addr add ${six} dev ${link} nodad`)
  }

  route(name: string, words: string): void {
    this.namespace(name).addresses.push(`route add ${words}`)
  }
}

/**
 * Two container hosts with bridges, a router between them and a machine outside, an overlay and macvlan containers;
 * forwarding, filters, NAT, marks and faults as the seed has them.
 *
 * ```
 *  c0 c1    c2 c3                    d0 d1
 *   br0      br1     m0 m1(macvlan)   br0
 *      h1 ──────────── r ───────────── h2
 *       └── vxlan c1   │   vxlan d1 ──┘
 *                      x
 * ```
 */
export function planNetwork(random: Random, seed: number): Network {
  const builder = new Builder(random)
  backbone(builder)
  bridges(builder)
  if (random.chance(0.5)) overlay(builder)
  if (random.chance(0.5)) macvlans(builder)
  forwarding(builder)
  filters(builder)
  if (random.chance(0.4)) markedRoutes(builder)
  faults(builder)
  const namespaces = [...builder.byName.values()]
  return { seed, namespaces, destinations: destinationsOf(namespaces) }
}

function backbone(builder: Builder): void {
  const { random } = builder
  for (const name of ['h1', 'h2', 'r', 'x']) builder.namespace(name)
  builder.cable('h1', 'wan', 'r', 'r1', random.maybe(0.2, 'mtu 1400'))
  builder.cable('h2', 'wan', 'r', 'r2')
  builder.cable('x', 'eth0', 'r', 'r3')
  builder.address('h1', 'wan', '192.168.1.2/24', 'fd01::2/64')
  builder.address('r', 'r1', '192.168.1.1/24', 'fd01::1/64')
  builder.address('h2', 'wan', '192.168.2.2/24', 'fd02::2/64')
  builder.address('r', 'r2', '192.168.2.1/24', 'fd02::1/64')
  builder.address('x', 'eth0', '192.168.3.2/24', 'fd03::2/64')
  builder.address('r', 'r3', '192.168.3.1/24', 'fd03::1/64')
  if (random.chance(0.3)) builder.address('x', 'eth0', '192.168.3.9/24')
  builder.route('h1', 'default via 192.168.1.1')
  builder.route('h2', 'default via 192.168.2.1')
  builder.route('x', 'default via 192.168.3.1')
  builder.route('h1', 'default via fd01::1')
  builder.route('h2', 'default via fd02::1')
  builder.route('x', 'default via fd03::1')
}

/** `10.1.0.2` → `fd10:1:0::2`. */
function six(four: string): string {
  const [a, b, c, d] = four.split('.')
  return `fd${a}:${b}:${c}::${d}`
}

const PORT_OPTIONS = ['hairpin on', 'isolated on', 'learning off', 'flood off', 'neigh_suppress on']

function bridges(builder: Builder): void {
  const { random } = builder
  const attach = (host: string, bridge: string, container: string, address: string, link = 'eth0') => {
    const port = `v${container}${link === 'eth0' ? '' : link}`
    builder.cable(host, port, container, link, random.maybe(0.15, `mtu ${random.pick([1300, 1450])}`))
    builder.namespace(host).addresses.push(`link set ${port} master ${bridge}`)
    if (random.chance(0.25)) builder.namespace(host).bridge.push(`link set dev ${port} ${random.pick(PORT_OPTIONS)}`)
    if (random.chance(0.05)) {
      builder.namespace(host).addresses.push(`link set ${port} type bridge_slave proxy_arp on`)
    }
    builder.address(container, link, `${address}/24`, `${six(address)}/64`)
  }
  const bridge = (host: string, name: string, gateway: string) => {
    builder.namespace(host).links.push(`link add ${name} type bridge ${random.maybe(0.2, 'nf_call_iptables 1')}`)
    builder.namespace(host).addresses.push(`link set ${name} up`)
    builder.address(host, name, `${gateway}/24`, `${six(gateway)}/64`)
  }
  bridge('h1', 'br0', '10.1.0.1')
  bridge('h1', 'br1', '10.1.1.1')
  bridge('h2', 'br0', '10.2.0.1')
  attach('h1', 'br0', 'c0', '10.1.0.2')
  attach('h1', 'br0', 'c1', '10.1.0.3')
  attach('h1', 'br1', 'c2', '10.1.1.2')
  attach('h2', 'br0', 'd0', '10.2.0.2')
  if (random.chance(0.5)) attach('h1', 'br1', 'c0', '10.1.1.4', 'eth1')
  for (const [container, gateway] of [
    ['c0', '10.1.0.1'],
    ['c1', '10.1.0.1'],
    ['c2', '10.1.1.1'],
    ['d0', '10.2.0.1'],
  ] as const) {
    if (random.chance(0.92)) builder.route(container, `default via ${gateway}`)
    builder.route(container, `default via ${six(gateway)}`)
  }
  if (random.chance(0.6)) builder.route('r', '10.1.0.0/16 via 192.168.1.2')
  if (random.chance(0.6)) builder.route('r', '10.2.0.0/24 via 192.168.2.2')
  if (random.chance(0.6)) builder.route('r', 'fd10:1:0::/64 via fd01::2')
}

function overlay(builder: Builder): void {
  const { random } = builder
  const isStatic = random.chance(0.5)
  const learning = random.maybe(0.3, 'nolearning')
  for (const [host, local, remote] of [
    ['h1', '192.168.1.2', '192.168.2.2'],
    ['h2', '192.168.2.2', '192.168.1.2'],
  ] as const) {
    const target = isStatic ? '' : `remote ${remote}`
    builder.namespace(host).links.push('link add ov type bridge')
    builder.namespace(host).links.push(`link add vx type vxlan id 42 dstport 4789 local ${local} ${target} ${learning}`)
    builder.namespace(host).addresses.push('link set vx mtu 1350 master ov up', 'link set ov up')
    if (isStatic)
      builder.namespace(host).bridge.push(`fdb append 00:00:00:00:00:00 dev vx dst ${remote} self permanent`)
  }
  builder.cable('h1', 'vov', 'c1', 'ov0', 'mtu 1350')
  builder.cable('h2', 'vov', 'd1', 'ov0', 'mtu 1350')
  for (const host of ['h1', 'h2']) builder.namespace(host).addresses.push('link set vov master ov')
  builder.address('c1', 'ov0', '10.9.0.2/24')
  builder.address('d1', 'ov0', '10.9.0.3/24')
  if (random.chance(0.2)) builder.namespace('c1').addresses.push('link set ov0 address 02:42:0a:09:00:02')
  if (random.chance(0.2))
    builder.namespace('h2').bridge.push('fdb add 02:42:0a:09:00:02 dev vx dst 192.168.3.2 self permanent')
}

function macvlans(builder: Builder): void {
  const { random } = builder
  const mode = random.pick(['bridge', 'bridge', 'private', 'vepa'])
  for (const [name, address] of [
    ['m0', '192.168.1.10'],
    ['m1', '192.168.1.11'],
  ] as const) {
    builder.namespace(name)
    builder
      .namespace('h1')
      .links.push(`link add ${name} link wan type macvlan mode ${mode}`, `link set ${name} netns ${name}`)
    builder.namespace(name).addresses.push(`link set ${name} name eth0`, 'link set eth0 up')
    builder.address(name, 'eth0', `${address}/24`)
    builder.route(name, 'default via 192.168.1.1')
  }
}

/** Sysctl → how often it is set, and to what. */
const SETTINGS: readonly (readonly [name: string, probability: number, values: readonly string[]])[] = [
  ['net.ipv4.conf.all.rp_filter', 1, ['0', '0', '1', '2']],
  ['net.ipv4.conf.all.route_localnet', 0.1, ['1']],
  ['net.ipv4.conf.all.arp_ignore', 0.1, ['1', '2']],
  ['net.ipv4.conf.all.accept_local', 0.1, ['1']],
  ['net.ipv4.conf.all.proxy_arp', 0.1, ['1']],
  ['net.ipv4.conf.wan.forwarding', 0.08, ['0']],
  ['net.ipv6.conf.wan.forwarding', 0.08, ['0']],
  ['net.ipv4.conf.br0.send_redirects', 0.1, ['0']],
  ['net.ipv4.icmp_echo_ignore_all', 0.05, ['1']],
]

function forwarding(builder: Builder): void {
  const { random } = builder
  for (const name of builder.byName.keys()) {
    const isRouter = ['h1', 'h2', 'r'].includes(name)
    const { sysctls } = builder.namespace(name)
    sysctls['net.ipv4.ip_forward'] = isRouter && random.chance(0.93) ? '1' : '0'
    sysctls['net.ipv6.conf.all.forwarding'] = isRouter && random.chance(0.9) ? '1' : '0'
    sysctls['net.bridge.bridge-nf-call-iptables'] = random.pick(['0', '1'])
    sysctls['net.bridge.bridge-nf-call-ip6tables'] = random.pick(['0', '1'])
    for (const [key, probability, values] of SETTINGS)
      if (random.chance(probability)) sysctls[key] = random.pick(values)
  }
}

const BACKENDS: Readonly<Record<string, readonly string[]>> = {
  'iptables-nft': ['iptables-nft'],
  'iptables-legacy': ['iptables-legacy'],
  nft: [],
  mixed: ['iptables-nft'],
  'mixed-legacy': ['iptables-legacy'],
  all: ['iptables-nft', 'iptables-legacy'],
}
const WITH_NFT: ReadonlySet<string> = new Set(['nft', 'mixed', 'mixed-legacy', 'all'])

function filters(builder: Builder): void {
  const { random } = builder
  for (const [name, namespace] of builder.byName) {
    const isHost = name === 'h1' || name === 'h2'
    if (!random.chance(isHost ? 0.9 : 0.3)) continue
    const kind = random.pick(Object.keys(BACKENDS))
    const variants = BACKENDS[kind] ?? []
    builder.byName.set(name, {
      ...namespace,
      ipsets: variants.length === 0 ? [] : IPSETS,
      iptables: Object.fromEntries(variants.map((variant) => [variant, iptablesRules(random, name)])),
      nft: WITH_NFT.has(kind) ? nftRules(random, name) : [],
    })
  }
}

const IPSETS = [
  'create known hash:ip',
  'add known 10.1.0.2',
  'add known 192.168.3.2',
  'create nets hash:net',
  'add nets 10.1.1.0/24',
  'add nets 10.1.1.2 nomatch',
  'create pairs hash:ip,port',
  'add pairs 10.1.0.2,tcp:80',
  'add pairs 10.2.0.2,udp:53',
]

/** Packets that a rule has marked go by another table: elsewhere, nowhere, or on to the next rule. */
function markedRoutes(builder: Builder): void {
  const { random } = builder
  const [name, gateway, dev] = random.pick([
    ['h1', '192.168.1.1', 'wan'],
    ['h2', '192.168.2.1', 'wan'],
    ['r', '192.168.3.2', 'r3'],
  ] as const)
  const { late } = builder.namespace(name)
  late.push(
    random.pick([
      'rule add fwmark 0x10/0xff lookup 200 priority 50',
      'rule add fwmark 0x3/0xf lookup 200 priority 50',
      'rule add not fwmark 0x10/0xff to 10.2.0.0/24 lookup 200 priority 50',
      `rule add iif ${dev} lookup 200 priority 50`,
    ]),
    random.pick([
      `route add default via ${gateway} dev ${dev} table 200`,
      'route add unreachable default table 200',
      'route add throw default table 200',
      `route add 192.168.3.0/24 via ${gateway} dev ${dev} table 200`,
    ]),
  )
}

const FAULTS = [
  'route add blackhole 10.2.0.0/24 metric 1',
  'route add unreachable 192.168.3.0/25',
  'route add prohibit 10.1.1.0/25',
  'rule add fwmark 0x10/0xff lookup 100 priority 100',
  'rule add from 10.1.0.0/25 lookup 100 priority 90',
  'rule add to 10.2.0.0/24 prohibit priority 80',
  'rule add ipproto tcp dport 81 unreachable priority 70',
]

const TABLE_100 = ['route add default via 192.168.1.1 table 100', 'route add blackhole default table 100']
const BROKEN = [
  'link set vc0 down',
  'link set vc2 nomaster',
  'link set br1 down',
  'neigh replace 10.1.0.3 lladdr 02:00:00:00:00:99 dev br0 nud permanent',
]

function faults(builder: Builder): void {
  const { random } = builder
  const perhaps = (probability: number, namespace: string, line: string) => {
    if (random.chance(probability)) builder.namespace(namespace).late.push(line)
  }
  for (const name of builder.byName.keys()) perhaps(0.12, name, random.pick(FAULTS))
  perhaps(0.3, 'h1', random.pick([...TABLE_100, 'route add throw default table 100']))
  perhaps(0.12, 'h1', random.pick(BROKEN))
  perhaps(0.06, 'c1', 'link set eth0 down')
  perhaps(0.1, 'c0', 'neigh replace 10.1.0.1 lladdr 02:00:00:00:00:98 dev eth0 nud permanent')
}

function destinationsOf(namespaces: readonly NetworkNamespace[]): string[] {
  const own = namespaces.flatMap(({ addresses }) =>
    addresses.flatMap((line) => /^addr add (\S+?)\/\d+ /.exec(line)?.[1] ?? []),
  )
  return [...own, '10.1.0.77', '10.7.7.7', '127.0.0.1']
}
