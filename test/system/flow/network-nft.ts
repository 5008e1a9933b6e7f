import type { Random } from '../../helpers/topology-random.ts'

/** What `nft -f -` reads: native tables with sets, maps and verdict maps. */
export function nftRules(random: Random, name: string): string[] {
  const isHost = name === 'h1' || name === 'h2'
  return [
    'table inet filter {',
    '  set ports { type inet_service; flags interval; elements = { 80, 1000-2000 } }',
    '  set nets { type ipv4_addr; flags interval; elements = { 10.1.1.0/24, 192.168.3.0/24 } }',
    '  set pairs { type ipv4_addr . inet_service; elements = { 10.1.0.2 . 80, 10.2.0.2 . 53 } }',
    '  map sources { type ipv4_addr : verdict; flags interval; elements = { 10.1.0.0/24 : accept, 192.168.3.2 : drop } }',
    '  map pairways { type ipv4_addr . inet_service : verdict; elements = { 10.1.0.3 . 80 : accept, 10.1.1.2 . 81 : drop } }',
    '  map marks { type ipv4_addr : mark; elements = { 10.1.0.2 : 0x10, 192.168.3.2 : 0x3 } }',
    '  map ways { type inet_service : verdict; elements = { 80 : accept, 81 : drop, 53 : jump other } }',
    '  chain other {',
    ...rules(random, 'other', 2),
    '  }',
    ...['input', 'output', ...(isHost ? ['forward'] : [])].flatMap((hook) => chain(random, hook)),
    ...(random.chance(0.3) ? chain(random, 'prerouting') : []),
    ...(random.chance(0.2) ? ROUTE_CHAIN : []),
    '}',
    ...(isHost && random.chance(0.7) ? natTable(random, name) : []),
    ...(isHost && random.chance(0.25) ? bridgeTable(random) : []),
  ]
}

/** A mark that is set here has the packet routed again. */
const ROUTE_CHAIN = [
  '  chain reroute {',
  '    type route hook output priority mangle; policy accept;',
  '    ip daddr 10.0.0.0/8 counter meta mark set 0x10',
  '  }',
]

function chain(random: Random, hook: string): string[] {
  const priority = hook === 'prerouting' ? random.pick(['-150', '-250', 'mangle']) : random.pick(['0', '0', '-5', '10'])
  const policy = random.chance(0.12) && hook !== 'output' ? 'drop' : 'accept'
  return [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority ${priority}; policy ${policy};`,
    ...(policy === 'drop'
      ? [
          '    ct state established,related accept',
          '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept',
        ]
      : []),
    ...rules(random, hook, random.integer(0, 4)),
    '  }',
  ]
}

function rules(random: Random, hook: string, count: number): string[] {
  return random.times(count, () =>
    `    ${matches(random, hook)} counter ${verdict(random, hook)}`.replaceAll(/ +/g, ' '),
  )
}

const NETS = [
  '10.1.0.0/24',
  '10.1.1.0/24',
  '10.2.0.0/24',
  '192.168.0.0/16',
  '10.1.0.2',
  '192.168.3.2',
  '10.1.0.2-10.1.0.9',
]
const LINKS = ['"wan"', '"br0"', '"br1"', '"eth0"', '"lo"', '"br*"', '{ "wan", "br1" }']

function matches(random: Random, hook: string): string {
  const operator = () => random.maybe(0.2, '!= ')
  return [
    hook === 'prerouting'
      ? random.maybe(0.2, random.pick(['fib saddr . iif oif missing', 'fib saddr oif exists']))
      : '',
    random.maybe(0.3, `ip saddr ${operator()}${random.pick([...NETS, '@nets', '{ 10.1.0.2, 10.2.0.0/24 }'])}`),
    random.maybe(0.3, `ip daddr ${operator()}${random.pick([...NETS, '@nets'])}`),
    ['input', 'forward', 'prerouting'].includes(hook)
      ? random.maybe(0.25, `iifname ${operator()}${random.pick(LINKS)}`)
      : '',
    ['output', 'forward'].includes(hook) ? random.maybe(0.25, `oifname ${operator()}${random.pick(LINKS)}`) : '',
    random.maybe(0.3, random.pick(EXTRA)),
    random.maybe(0.25, random.pick(TRANSPORT)),
  ]
    .filter(Boolean)
    .join(' ')
}

const TRANSPORT = [
  'tcp dport 80',
  'tcp dport != 80',
  'udp dport { 53, 5353 }',
  'tcp dport @ports',
  'th dport 1-100',
  'tcp flags syn / syn,ack',
  'icmp type echo-request',
  'meta l4proto { tcp, udp }',
  'ip protocol icmp',
  'ip daddr . tcp dport @pairs',
  'ip daddr . th dport @pairs',
]

const EXTRA = [
  'ct state new',
  'ct state established,related',
  'ct state invalid',
  'ct state != new',
  'ct status dnat',
  'ct direction reply',
  'fib daddr type local',
  'fib saddr type != local',
  'ip saddr . tcp dport { 10.1.0.2 . 80, 192.168.3.2 . 8080 }',
  'meta mark & 0xff != 0x10',
  'ct mark 0x7',
  'ip daddr & 255.255.0.0 == 10.1.0.0',
  'meta mark 0x10',
  'meta mark & 0xf == 0x3',
  'meta nfproto ipv4',
  'meta nfproto ipv6',
  'ip ttl < 64',
  'meta length 0-70',
  'ct original ip daddr 192.168.1.2',
]

function verdict(random: Random, hook: string): string {
  return random.pick([
    'accept',
    'accept',
    'drop',
    ...(hook === 'prerouting' ? [] : ['reject', 'reject with icmpx type admin-prohibited']),
    'return',
    ...(hook === 'other'
      ? []
      : [
          'ip saddr vmap @sources',
          'ip daddr . th dport vmap @pairways',
          'jump other',
          'goto other',
          'tcp dport vmap @ways',
          'th dport vmap { 80 : accept, 53 : drop }',
        ]),
    'meta mark set 0x10',
    'ct mark set 0x7',
    'ct mark set meta mark',
    'meta mark set ct mark',
    'meta mark set ip saddr map @marks',
  ])
}

function natTable(random: Random, name: string): string[] {
  const target = name === 'h1' ? '10.1.0.2' : '10.2.0.2'
  return [
    'table ip nat {',
    '  map ports { type inet_service : ipv4_addr . inet_service; elements = { 8081 : 10.1.1.2 . 80 } }',
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    `    fib daddr type local tcp dport 8080 counter dnat to ${target}:80`,
    '    tcp dport 8081 counter dnat ip to tcp dport map @ports',
    '  }',
    '  chain output {',
    '    type nat hook output priority -100; policy accept;',
    ...random.some(
      [
        `    ip daddr 192.168.1.2 tcp dport 8080 counter dnat to ${target}:80`,
        '    tcp dport 81 counter redirect to :80',
      ],
      0.5,
    ),
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    ...random.some(
      [
        '    ip saddr 10.1.0.0/16 oifname != "br*" counter masquerade',
        '    ip saddr 10.2.0.0/24 oifname "wan" counter snat to 192.168.2.2',
        '    ct status dnat counter masquerade',
      ],
      0.6,
    ),
    '  }',
    '}',
  ]
}

function bridgeTable(random: Random): string[] {
  return [
    'table bridge filter {',
    '  chain forward {',
    '    type filter hook forward priority 0; policy accept;',
    ...random.some(
      [
        '    ip daddr 10.1.0.3 tcp dport 80 counter drop',
        '    iifname "vc0" udp dport 53 counter drop',
        '    ip protocol icmp counter accept',
      ],
      0.5,
    ),
    '  }',
    '}',
  ]
}
