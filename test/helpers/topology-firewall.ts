import { nftRuleset } from './topology-nft.ts'
import type { FirewallPlan, IptablesVariant, PlanContext, PlannedLink } from './topology-plan.ts'
import type { Random } from './topology-random.ts'

const VARIANTS: readonly IptablesVariant[] = ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy']

/** Sets, native nft, both iptables back ends, and connections that were tracked. */
export function firewallOf({ random }: PlanContext, links: readonly PlannedLink[]): FirewallPlan {
  const devices = [...links.map((link) => link.name), 'not-there']
  return {
    ipsets: ipsets(random),
    nft: random.chance(0.7) ? nftRuleset(random, devices) : [],
    iptables: Object.fromEntries(
      random.some(VARIANTS, 0.5).map((variant) => [variant, iptablesSave(random, { variant, devices })]),
    ),
    conntrack: random.times(random.integer(0, 6), () => conntrackEntry(random)),
  }
}

function ipsets(random: Random): string[] {
  const addresses = () => random.times(random.integer(0, 5), (number) => `10.44.0.${number + 1}`)
  return [
    'create plain hash:ip family inet hashsize 1024 maxelem 65536',
    ...addresses().map((address) => `add plain ${address}`),
    ...random.some(
      [
        'create nets hash:net family inet6 counters comment\nadd nets fd44::/32 comment "it has spaces"',
        'create ports bitmap:port range 1-1000 timeout 3000\nadd ports 80\nadd ports 443 timeout 600',
        'create pairs hash:ip,port family inet\nadd pairs 10.44.1.1,tcp:80\nadd pairs 10.44.1.2,udp:53',
        'create devices hash:net,iface\nadd devices 10.44.2.0/24,eth0',
        'create all list:set size 8\nadd all plain',
      ],
      0.5,
    ),
  ]
}

function conntrackEntry(random: Random): string[] {
  const source = `10.88.0.${random.integer(1, 254)}`
  const destination = `10.89.0.${random.integer(1, 254)}`
  const ports = ['--sport', String(random.integer(1024, 65535)), '--dport', String(random.integer(1, 1023))]
  const common = ['-s', source, '-d', destination, '-t', String(random.integer(1000, 9000))]
  const mark = random.chance(0.3) ? ['-m', String(random.integer(1, 255))] : []
  const zone = random.chance(0.2) ? ['-w', String(random.integer(1, 99))] : []
  const state = random.pick(['ESTABLISHED', 'SYN_SENT', 'TIME_WAIT', 'CLOSE_WAIT'])
  return random.chance(0.5)
    ? ['-I', '-p', 'tcp', ...common, ...ports, '--state', state, '-u', 'ASSURED,SEEN_REPLY', ...mark, ...zone]
    : ['-I', '-p', 'udp', ...common, ...ports, '-u', 'SEEN_REPLY', ...mark, ...zone]
}

interface Chains {
  readonly table: string
  readonly builtIn: readonly string[]
}

const TABLES: readonly Chains[] = [
  { table: 'filter', builtIn: ['INPUT', 'FORWARD', 'OUTPUT'] },
  { table: 'nat', builtIn: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'] },
  { table: 'mangle', builtIn: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] },
  { table: 'raw', builtIn: ['PREROUTING', 'OUTPUT'] },
]

interface IptablesContext {
  readonly variant: IptablesVariant
  readonly devices: readonly string[]
}

/** What `iptables-restore` reads: counters, comments with every kind of quoting, user chains. */
function iptablesSave(random: Random, context: IptablesContext): string[] {
  const tables = random.some(TABLES, 0.6)
  return (tables.length === 0 ? TABLES.slice(0, 1) : tables).flatMap(({ table, builtIn }) => {
    const users = random.times(random.integer(0, 3), (number) => random.pick([`USER-${number}`, `KUBE-SVC-X${number}`]))
    const policy = () => (table === 'filter' && random.chance(0.3) ? 'DROP' : 'ACCEPT')
    const chains = [...builtIn, ...users]
    return [
      `*${table}`,
      ...builtIn.map((chain) => `:${chain} ${policy()} ${counters(random)}`),
      ...users.map((chain) => `:${chain} - [0:0]`),
      ...random.times(random.integer(0, 12), () => {
        const chain = random.pick(chains)
        return `${counters(random)} -A ${chain} ${iptablesRule(random, { ...context, table, chain, users })}`
      }),
      'COMMIT',
    ]
  })
}

function counters(random: Random): string {
  return random.chance(0.5) ? '[0:0]' : `[${random.integer(0, 1e6)}:${random.integer(0, 2 ** 48)}]`
}

const COMMENTS = [
  '"plain words"',
  'one',
  String.raw`"say \"hi\" \\ there"`,
  `"it's -j DROP [1:2]"`,
  '"-A INPUT ☃"',
  '"#"',
]

interface RuleContext extends IptablesContext {
  readonly table: string
  readonly chain: string
  readonly users: readonly string[]
}

function iptablesRule(random: Random, context: RuleContext): string {
  const target = targetOf(random, context)
  const protocol = target.protocol ?? random.maybe(0.4, random.pick(['tcp', 'udp']))
  const ports = `-m ${protocol} --dport ${random.pick(['80', '1000:2000'])}`
  return [
    ...whereFrom(random, context),
    protocol === '' ? '' : `-p ${protocol} ${ports}`,
    random.maybe(0.3, random.pick(isSix(context) ? MATCHES : [...MATCHES, '-m set --match-set plain src'])),
    random.maybe(0.5, `-m comment --comment ${random.pick(COMMENTS)}`),
    target.text,
  ]
    .filter(Boolean)
    .join(' ')
}

function isSix({ variant }: IptablesContext): boolean {
  return variant.startsWith('ip6')
}

function whereFrom(random: Random, context: RuleContext): string[] {
  const { chain, devices } = context
  const incoming = ['PREROUTING', 'INPUT', 'FORWARD'].includes(chain)
  const outgoing = ['POSTROUTING', 'OUTPUT', 'FORWARD'].includes(chain)
  const [source, destination] = isSix(context) ? ['fd12:3400::/24', 'fd12::5/128'] : ['10.12.0.0/14', '10.12.1.1/32']
  return [
    random.maybe(0.3, `${random.pick(['', '! '])}-s ${source}`),
    random.maybe(0.3, `-d ${destination}`),
    incoming ? random.maybe(0.3, `-i ${random.pick(devices)}`) : '',
    outgoing ? random.maybe(0.3, `! -o ${random.pick(devices)}`) : '',
  ]
}

const MATCHES = [
  '-m conntrack --ctstate RELATED,ESTABLISHED',
  '-m mark --mark 0x4/0xf',
  '-m limit --limit 5/min --limit-burst 7',
  '-m statistic --mode random --probability 0.33332999982',
  '-m string --string "GET /a b" --algo bm --to 65535',
  '-m addrtype --dst-type LOCAL',
  '-m length --length 40:100',
  '-m connmark ! --mark 0x9',
]

function targetOf(random: Random, context: RuleContext): { text: string; protocol?: string } {
  const six = context.variant.startsWith('ip6')
  const choices: { text: string; protocol?: string }[] = [
    { text: '-j ACCEPT' },
    { text: '-j RETURN' },
    { text: '' },
    ...context.users
      .filter((user) => user > context.chain)
      .map((user) => ({ text: `-${random.pick(['j', 'g'])} ${user}` })),
  ]
  if (context.table !== 'nat') choices.push({ text: '-j DROP' })
  if (context.table === 'filter') choices.push({ text: '-j LOG --log-prefix "dropped: "' }, { text: '-j REJECT' })
  if (context.table === 'mangle') choices.push({ text: '-j MARK --set-xmark 0x1/0xff' })
  if (context.table === 'nat') choices.push(...natTargets(six, context.chain))
  return random.pick(choices)
}

function natTargets(six: boolean, chain: string): { text: string; protocol?: string }[] {
  if (['PREROUTING', 'OUTPUT'].includes(chain)) {
    const to = six ? '[fd00::9]:8080' : '10.0.0.9:8080'
    return [
      { text: `-j DNAT --to-destination ${to}`, protocol: 'tcp' },
      { text: '-j REDIRECT --to-ports 3128', protocol: 'tcp' },
    ]
  }
  if (chain !== 'POSTROUTING') return []
  return [{ text: '-j MASQUERADE' }, { text: `-j SNAT --to-source ${six ? 'fd00::8' : '10.0.0.8'}` }]
}
