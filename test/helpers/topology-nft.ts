import type { Random } from './topology-random.ts'

/** A native ruleset: sets, maps, verdict maps, named counters, comments, every family that has hooks without a device. */
export function nftRuleset(random: Random, devices: readonly string[]): string[] {
  const families = random.some(['inet', 'ip', 'ip6', 'arp', 'bridge'], 0.5)
  return (families.length === 0 ? ['inet'] : families).flatMap((family) => table(random, family, devices))
}

function table(random: Random, family: string, devices: readonly string[]): string[] {
  const layer3 = ['inet', 'ip', 'ip6'].includes(family)
  const hook = random.pick(['input', 'output', ...(layer3 || family === 'bridge' ? ['forward', 'prerouting'] : [])])
  const rules = (count: number, make: () => string) => random.times(random.integer(0, count), make)
  const device = () => random.pick(devices)
  return [
    `table ${family} ts_${family} {`,
    ...(layer3 ? objects(random) : []),
    '  chain sub {',
    ...rules(4, () => `    ${layer3 ? layer3Rule(random, family, device()) : layer2Rule(random, device())}`),
    '  }',
    `  chain base {`,
    `    type filter hook ${hook} priority ${random.integer(-300, 300)}; policy ${random.pick(['accept', 'drop'])};`,
    ...rules(8, () => `    ${layer3 ? layer3Rule(random, family, device()) : layer2Rule(random, device())}`),
    '    jump sub',
    '  }',
    '  chain empty { }',
    '}',
    ...(layer3 && random.chance(0.5) ? natTable(random, family) : []),
  ]
}

function objects(random: Random): string[] {
  return [
    '  set hosts { type ipv4_addr; flags interval; elements = { 10.1.0.0/16, 10.3.0.1 } }',
    `  set ports { type inet_service; elements = { ${random.integer(1, 99)}, 443 } }`,
    '  map marks { type inet_service : mark; elements = { 80 : 0x1, 443 : 0x2 } }',
    '  counter named { packets 7 bytes 700 }',
  ]
}

const LAYER3_RULES = [
  'ip saddr @hosts accept',
  'tcp dport @ports counter packets 3 bytes 180 drop',
  'meta mark set tcp dport map @marks',
  'tcp dport vmap { 22 : accept, 23 : drop, 24 : jump_sub }',
  'counter name "named"',
  'ct state { established, related } accept comment "known connections"',
  'limit rate 10/second burst 5 packets log prefix "limited: " accept',
  'tcp dport { 80, 443, 8000-8100 } ct mark set 0x10',
  'udp dport 53 counter accept comment "it is \'dns\' {;} -j"',
  'meta l4proto { tcp, udp } th sport 1-1023 return',
  'ip6 nexthdr icmpv6 icmpv6 type { nd-neighbor-solicit, nd-router-advert } accept',
  'tcp flags & (syn | rst) == syn reject with tcp reset',
  'ip protocol icmp icmp type echo-request counter accept',
]

/** Rules that name the other protocol are refused in a table of one family. */
const FOREIGN: Readonly<Record<string, RegExp>> = { ip: /ip6|icmpv6/, ip6: /\bip |@hosts|\bicmp / }

function layer3Rule(random: Random, family: string, device: string): string {
  const rule = random
    .pick(LAYER3_RULES.filter((text) => !FOREIGN[family]?.test(text)))
    .replace('24 : jump_sub', '24 : return')
  return random.chance(0.3) ? `iifname "${device}" ${rule}` : rule
}

const LAYER2_RULES = [
  'counter accept',
  'counter packets 5 bytes 500 drop comment "layer two"',
  'meta mark set 0x7',
  'log prefix "l2: "',
]

function layer2Rule(random: Random, device: string): string {
  return random.chance(0.3) ? `iifname "${device}" ${random.pick(LAYER2_RULES)}` : random.pick(LAYER2_RULES)
}

function natTable(random: Random, family: string): string[] {
  const to =
    family === 'ip6' ? 'dnat to [fd00::7]:8080' : family === 'ip' ? 'dnat to 10.0.0.7:8080' : 'dnat ip to 10.0.0.7:8080'
  return [
    `table ${family} ts_nat_${family} {`,
    '  chain translate_in {',
    `    type nat hook prerouting priority ${random.integer(-150, -50)};`,
    `    tcp dport 8080 counter ${to}`,
    '  }',
    '  chain translate_out {',
    '    type nat hook postrouting priority 100;',
    '    meta mark 0x9 masquerade',
    '  }',
    '}',
  ]
}
