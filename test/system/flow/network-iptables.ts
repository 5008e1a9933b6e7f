import type { Random } from '../../helpers/topology-random.ts'

/** What iptables-restore reads: Docker's own shape, or anything that matches packets of these networks. */
export function iptablesRules(random: Random, name: string): string[] {
  const isHost = name === 'h1' || name === 'h2'
  const isDocker = isHost && random.chance(0.6)
  return [
    ...filterTable(random, isHost, isDocker),
    ...(isHost || random.chance(0.3) ? natTable(random, name, isDocker) : []),
    ...(random.chance(0.4) ? mangleTable(random) : []),
    ...(random.chance(0.2) ? rawTable(random) : []),
  ]
}

const NETS = [
  '10.1.0.0/24',
  '10.1.1.0/24',
  '10.2.0.0/24',
  '192.168.0.0/16',
  '10.1.0.2/32',
  '192.168.3.2/32',
  '10.9.0.0/24',
]
const LINKS = ['wan', 'br0', 'br1', 'eth0', 'lo', 'r1', 'br+', 'ov']

function matches(random: Random, chain: string): string {
  const isIn = ['PREROUTING', 'INPUT', 'FORWARD'].includes(chain)
  const isOut = ['FORWARD', 'OUTPUT', 'POSTROUTING'].includes(chain)
  const negated = () => random.maybe(0.25, '! ')
  const protocol = random.pick(['', '', 'tcp', 'udp', 'icmp'])
  return [
    random.maybe(0.35, `${negated()}-s ${random.pick(NETS)}`),
    random.maybe(0.35, `${negated()}-d ${random.pick(NETS)}`),
    isIn ? random.maybe(0.3, `${negated()}-i ${random.pick(LINKS)}`) : '',
    isOut ? random.maybe(0.3, `${negated()}-o ${random.pick(LINKS)}`) : '',
    protocol === '' ? '' : `-p ${protocol}`,
    protocol === 'tcp' || protocol === 'udp' ? random.maybe(0.6, ports(random, protocol)) : '',
    protocol === 'icmp' ? random.maybe(0.5, `-m icmp --icmp-type ${random.pick(['8', '0', '3', '3/3'])}`) : '',
    random.maybe(0.3, random.pick(EXTRA)),
    chain === 'FORWARD'
      ? random.maybe(0.08, random.pick(['-m physdev --physdev-is-bridged', '-m physdev --physdev-in vc0']))
      : '',
    chain === 'PREROUTING' ? random.maybe(0.08, random.pick(['-m rpfilter --invert', '-m rpfilter --loose'])) : '',
    random.maybe(0.3, '-m comment --comment "it says \\"-j DROP\\""'),
  ]
    .filter(Boolean)
    .join(' ')
}

function ports(random: Random, protocol: string): string {
  return random.pick([
    `-m ${protocol} --dport ${random.pick(['80', '53', '8080', '1:100', '81'])}`,
    `-m multiport --dports ${random.pick(['80,443', '53,8000:8100'])}`,
    `-m ${protocol} --sport 1024:65535`,
    ...(protocol === 'tcp' ? ['-m tcp --tcp-flags FIN,SYN,RST,ACK SYN', '-m tcp ! --tcp-flags SYN,ACK SYN'] : []),
  ])
}

const EXTRA = [
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate RELATED,ESTABLISHED',
  '-m conntrack --ctstate INVALID',
  '-m conntrack ! --ctstate NEW,ESTABLISHED',
  '-m conntrack --ctstate DNAT',
  '-m conntrack --ctdir REPLY',
  '-m conntrack --ctorigdst 192.168.1.2',
  '-m addrtype --dst-type LOCAL',
  '-m addrtype --src-type LOCAL',
  '-m addrtype ! --dst-type LOCAL,BROADCAST',
  '-m mark --mark 0x10/0xff',
  '-m mark ! --mark 0x0',
  '-m connmark --mark 0x7',
  '-m iprange --src-range 10.1.0.2-10.1.0.9',
  '-m set --match-set known src',
  '-m set ! --match-set nets dst',
  '-m set --match-set pairs dst,dst',
  '-m length --length 0:70',
  '-m ttl --ttl-lt 64',
]

function verdict(random: Random): string {
  return random.pick([
    '-j ACCEPT',
    '-j ACCEPT',
    '-j DROP',
    '-j REJECT --reject-with icmp-port-unreachable',
    '-j REJECT --reject-with icmp-admin-prohibited',
    '-j RETURN',
    '-j USER',
    '-g USER',
  ])
}

function filterTable(random: Random, isHost: boolean, isDocker: boolean): string[] {
  const policy = () => (random.chance(0.12) ? 'DROP' : 'ACCEPT')
  const chains = isHost ? ['INPUT', 'FORWARD', 'FORWARD', 'OUTPUT'] : ['INPUT', 'OUTPUT']
  return [
    '*filter',
    `:INPUT ${policy()} [0:0]`,
    `:FORWARD ${isDocker ? 'DROP' : policy()} [0:0]`,
    `:OUTPUT ${random.chance(0.05) ? 'DROP' : 'ACCEPT'} [0:0]`,
    ':USER - [0:0]',
    ...(isDocker ? [':DOCKER - [0:0]', ':STAGE-1 - [0:0]', ':STAGE-2 - [0:0]'] : []),
    ...random.times(random.integer(0, 4), () => line(random, random.pick(chains))),
    ...(isDocker ? dockerFilter() : []),
    ...random.times(random.integer(0, 3), () =>
      `-A USER ${matches(random, 'USER')} ${random.pick(['-j DROP', '-j ACCEPT', '-j RETURN'])}`.replace('  ', ' '),
    ),
    'COMMIT',
  ]
}

function line(random: Random, chain: string): string {
  const tail = verdict(random)
  return `-A ${chain} ${matches(random, chain)} ${tail}`.replace('  ', ' ')
}

/** As Docker 20.10 writes it, with shorter names of chains. */
function dockerFilter(): string[] {
  const bridges = ['br0', 'br1']
  return [
    '-A FORWARD -j STAGE-1',
    ...bridges.flatMap((bridge) => [
      `-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A FORWARD -o ${bridge} -j DOCKER`,
      `-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`,
      `-A FORWARD -i ${bridge} -o ${bridge} -j ACCEPT`,
      `-A STAGE-1 -i ${bridge} ! -o ${bridge} -j STAGE-2`,
      `-A STAGE-2 -o ${bridge} -j DROP`,
    ]),
    '-A DOCKER -d 10.1.0.2/32 ! -i br0 -o br0 -p tcp -m tcp --dport 80 -j ACCEPT',
    '-A STAGE-1 -j RETURN',
    '-A STAGE-2 -j RETURN',
  ]
}

function natTable(random: Random, name: string, isDocker: boolean): string[] {
  const own = name === 'h1' ? '10.1' : '10.2'
  const target = name === 'h1' ? '10.1.0.2' : '10.2.0.2'
  return [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ...(isDocker
      ? [
          ':DOCKER - [0:0]',
          '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
          '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
          ...(random.chance(0.8) ? [`-A POSTROUTING -s ${own}.0.0/24 ! -o br0 -j MASQUERADE`] : []),
          ...(random.chance(0.8) ? [`-A POSTROUTING -s ${own}.1.0/24 ! -o br1 -j MASQUERADE`] : []),
          `-A POSTROUTING -s ${target}/32 -d ${target}/32 -p tcp -m tcp --dport 80 -j MASQUERADE`,
          ...random.some(['-A DOCKER -i br0 -j RETURN'], 0.6),
          `-A DOCKER ! -i br0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${target}:80`,
        ]
      : []),
    ...random.times(random.integer(0, 2), () => natRule(random)),
    'COMMIT',
  ]
}

function natRule(random: Random): string {
  const before = random.pick(['PREROUTING', 'OUTPUT'])
  const tcp = (chain: string) =>
    `${matches(random, chain).replaceAll(/-p \S+( -m (tcp|udp|icmp|multiport) \S+( \S+)?( \S+)?)?/g, '')} -p tcp`
  return random
    .pick([
      `-A ${before} ${tcp(before)} -m tcp --dport 8080 -j DNAT --to-destination ${random.pick(['10.1.0.3:80', '10.1.1.2:80', '192.168.3.2:80', '10.2.0.2'])}`,
      `-A ${before} ${tcp(before)} -m tcp --dport 81 -j REDIRECT --to-ports 80`,
      `-A POSTROUTING ${matches(random, 'POSTROUTING')} -j MASQUERADE`,
      `-A POSTROUTING ${tcp('POSTROUTING')} -j SNAT --to-source ${random.pick(['192.168.1.2', '192.168.1.77', '10.1.0.1'])}`,
      `-A POSTROUTING -s 10.1.0.0/24 -j NETMAP --to 10.1.5.0/24`,
      `-A PREROUTING -d 10.1.6.0/24 -j NETMAP --to 10.1.0.0/24`,
    ])
    .replaceAll(/ +/g, ' ')
}

function mangleTable(random: Random): string[] {
  const rule = () => {
    const chain = random.pick(['PREROUTING', 'OUTPUT', 'FORWARD', 'POSTROUTING', 'INPUT'])
    const target = random.pick([
      '-j MARK --set-xmark 0x10/0xffffffff',
      '-j MARK --set-xmark 0x3/0xf',
      '-j CONNMARK --set-xmark 0x7/0xffffffff',
      '-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff',
      '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
      ...(chain === 'OUTPUT' || chain === 'PREROUTING' ? ['-j TTL --ttl-set 1'] : []),
      '-j ACCEPT',
      '-j DROP',
    ])
    return `-A ${chain} ${matches(random, chain)} ${target}`.replace('  ', ' ')
  }
  return [
    '*mangle',
    ...['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]`),
    ...random.times(random.integer(1, 3), rule),
    'COMMIT',
  ]
}

function rawTable(random: Random): string[] {
  const chain = random.pick(['PREROUTING', 'OUTPUT'])
  return [
    '*raw',
    ':PREROUTING ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    `-A ${chain} ${random.maybe(0.6, `-d ${random.pick(NETS)}`)} ${random.pick(['-j CT --notrack', '-j DROP', '-p tcp -j CT --notrack'])}`.replace(
      '  ',
      ' ',
    ),
    'COMMIT',
  ]
}
