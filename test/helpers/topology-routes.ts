import { type PlanContext, type PlannedLink, routable, subnet4, subnet6 } from './topology-plan.ts'
import type { Random } from './topology-random.ts'

type Routable = ReturnType<typeof routable>[number]

/** Nexthop objects, routes of every type and policy rules, in the order in which they must be made. */
export function routesOf(context: PlanContext, links: readonly PlannedLink[]): string[] {
  const over = routable(links)
  const { random } = context
  const plain = random.times(random.integer(0, 5), (number) => deadEnd(random, number))
  const through = over.length === 0 ? [] : linkRoutes(context, over)
  return [...through, ...plain, ...rules(random, links)]
}

/** Routes that need no link. */
function deadEnd(random: Random, number: number): string {
  const type = random.pick(['blackhole', 'unreachable', 'prohibit', 'throw'])
  const table = random.maybe(0.4, `table ${random.integer(100, 300)}`)
  const metric = `metric ${random.integer(1, 9999)}`
  return random.chance(0.5)
    ? `route add ${type} 198.18.${number}.0/24 ${table} ${random.chance(0.5) ? metric : ''}`
    : `-6 route add ${type} fd66:${number}::/48 ${table} ${metric}`
}

function linkRoutes(context: PlanContext, over: readonly Routable[]): string[] {
  const { random, position } = context
  const lines: string[] = []
  const four = (link: Routable) => `${subnet4(position, link.subnet)}.${random.integer(10, 250)}`
  const six = (link: Routable) => `${subnet6(position, link.subnet)}:${random.integer(16, 4095).toString(16)}`
  if (random.chance(0.7)) lines.push(`route add default via ${four(first(over))} dev ${first(over).name}`)
  if (random.chance(0.7)) lines.push(`-6 route add default via ${six(first(over))} dev ${first(over).name} metric 512`)
  random.times(random.integer(2, 8), (number) => {
    const link = random.pick(over)
    lines.push(
      random.chance(0.6)
        ? `route add 203.0.${number}.0/24 via ${four(link)} dev ${link.name} ${options4(context, link)}`
        : `-6 route add fd77:${number}::/64 via ${six(link)} dev ${link.name} ${options6(random)}`,
    )
  })
  lines.push(...specials(context, over))
  if (over.length > 1 && random.chance(0.6)) lines.push(...multipath(over, { four, six, random }))
  const carrying = over.filter((link) => ['nh0', 'nh1'].includes(link.name))
  if (carrying.length > 0) lines.push(...nexthopObjects(carrying, { four, six, random }))
  return lines
}

function first(over: readonly Routable[]): Routable {
  const link = over[0]
  if (link === undefined) throw new Error('no link to route over')
  return link
}

function options4({ random, position }: PlanContext, link: Routable): string {
  return [
    random.maybe(0.3, `metric ${random.integer(1, 5000)}`),
    random.maybe(0.3, `table ${random.integer(100, 300)}`),
    random.maybe(0.2, `src ${subnet4(position, link.subnet)}.1`),
    random.maybe(0.2, `mtu ${random.integer(600, 1400)}`),
    random.maybe(0.2, `proto ${random.pick(['static', 'boot', 'dhcp', 'bird', '77'])}`),
    random.maybe(0.1, 'tos 0x10'),
    random.maybe(0.2, 'onlink'),
  ].join(' ')
}

function options6(random: Random): string {
  return [
    `metric ${random.integer(1, 5000)}`,
    random.maybe(0.3, `table ${random.integer(100, 300)}`),
    random.maybe(0.2, `mtu ${random.integer(1280, 1400)}`),
    random.maybe(0.2, `pref ${random.pick(['low', 'medium', 'high'])}`),
    random.maybe(0.2, `proto ${random.pick(['static', 'ra', 'bird', '78'])}`),
    random.maybe(0.2, 'onlink'),
  ].join(' ')
}

function specials({ random, position }: PlanContext, over: readonly Routable[]): string[] {
  const link = random.pick(over)
  const gateway = `${subnet4(position, link.subnet)}.9`
  return random.some(
    [
      `route add 100.64.0.0/10 dev ${link.name} scope link`,
      `route add local 100.127.1.1 dev lo table local`,
      `route add broadcast 100.127.1.255 dev ${link.name} table local`,
      `route add multicast 239.1.0.0/16 dev ${link.name}`,
      `route add 100.128.0.0/16 encap ip id 42 dst 192.0.2.7 via ${gateway} dev ${link.name}`,
      `route add 100.129.0.0/16 via inet6 fe80::1 dev ${link.name}`,
      `-6 route add fd78::/64 from fd79::/64 dev ${link.name} metric 77`,
      `route add 100.130.0.0/16 dev ${link.name} advmss 1200 window 4000 rtt 20 initcwnd 20 quickack 1 mtu lock 900`,
    ],
    0.35,
  )
}

interface Gateways {
  readonly four: (link: Routable) => string
  readonly six: (link: Routable) => string
  readonly random: Random
}

function multipath(over: readonly Routable[], { four, six, random }: Gateways): string[] {
  const legs = over.slice(0, random.integer(2, 3))
  const join = (gateway: (link: Routable) => string) =>
    legs.map((link) => `nexthop via ${gateway(link)} dev ${link.name} weight ${random.integer(1, 200)}`).join(' ')
  return [`route add 100.131.0.0/16 ${join(four)}`, `-6 route add fd7a::/48 metric 99 ${join(six)}`]
}

function nexthopObjects(over: readonly Routable[], { four, six, random }: Gateways): string[] {
  const link = random.pick(over)
  return [
    `nexthop add id 11 via ${four(link)} dev ${link.name}`,
    `nexthop add id 12 via ${four(first(over))} dev ${first(over).name}`,
    'nexthop add id 13 group 11,3/12,5',
    `nexthop add id 14 via ${six(link)} dev ${link.name}`,
    'nexthop add id 15 blackhole',
    'route add 100.132.0.0/16 nhid 11',
    'route add 100.133.0.0/16 nhid 13',
    'route add 100.134.0.0/16 nhid 15',
    '-6 route add fd7b::/48 nhid 14 metric 42',
  ]
}

function rules(random: Random, links: readonly PlannedLink[]): string[] {
  const device = () => random.pick([...links.map((link) => link.name), 'not-there'])
  return random.times(random.integer(0, 8), (number) => {
    const six = random.chance(0.4)
    const selectors = [
      random.maybe(0.2, 'not'),
      random.chance(0.5) ? `from ${six ? 'fd55::/32' : '10.55.0.0/16'}` : 'from all',
      random.maybe(0.3, `to ${six ? 'fd56::1' : '10.56.0.1'}`),
      random.maybe(0.3, `fwmark ${random.pick(['7', '0x10/0xf0', '0xffffffff'])}`),
      random.maybe(0.2, `iif ${device()}`),
      random.maybe(0.2, `oif ${device()}`),
      random.maybe(0.1, 'tos 0x10'),
      random.maybe(0.2, `ipproto ${random.pick(['tcp', 'udp'])} dport ${random.pick(['53', '8000-8100'])}`),
      random.maybe(0.1, 'uidrange 1000-2000'),
    ]
    return `${six ? '-6 ' : ''}rule add ${selectors.filter(Boolean).join(' ')} priority ${1000 + number} ${action(random)}`
  })
}

function action(random: Random): string {
  const lookup = `lookup ${random.pick(['main', 'local', 'default', '123', '4000'])}`
  return random.pick([
    lookup,
    lookup,
    `${lookup} suppress_prefixlength ${random.integer(0, 32)}`,
    `${lookup} suppress_ifgroup 7`,
    'goto 32766',
    'blackhole',
    'unreachable',
    'prohibit',
    'nop',
  ])
}
