import { iperf, iperfMatrix } from '../src/command/iperf.ts'
import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import type { Command, OptionSpec } from '../src/command.ts'

const MODE: readonly OptionSpec[] = [
  { name: 'udp', short: 'u', summary: 'UDP instead of TCP' },
  { name: 'sctp', summary: 'SCTP instead of TCP' },
  { name: 'reverse', short: 'R', summary: 'the server sends' },
  { name: 'bidir', summary: 'both send' },
  { name: 'parallel', short: 'P', argument: 'NUMBER', summary: 'streams at once' },
  { name: 'duration', short: 't', argument: 'SECONDS', summary: 'default 10, of a matrix 2' },
  { name: 'omit', argument: 'SECONDS', summary: 'at the start, that do not count' },
  { name: 'rate', short: 'b', argument: 'RATE', summary: 'of each stream: 500M, 2G (UDP default 1M, else no limit)' },
  { name: 'dscp', argument: 'VALUE', summary: '0 to 63 or a name: ef, af41' },
  { name: 'congestion', argument: 'NAME', summary: 'congestion control: cubic, reno, bbr' },
  { name: 'zerocopy', short: 'Z', summary: 'sendfile(2)' },
  { name: 'mss', argument: 'BYTES', summary: 'largest segment of TCP or SCTP' },
  { name: 'min-rate', argument: 'RATE', summary: 'less fails, in each direction' },
  { name: 'max-loss', argument: 'PERCENT', summary: 'more fails (UDP)' },
  { name: 'max-retransmits', argument: 'NUMBER', summary: 'more fails (TCP)' },
  { name: 'ipv4', short: '4', summary: 'the IPv4 address of a name' },
  { name: 'ipv6', short: '6', summary: 'the IPv6 address of a name' },
  ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
  JSON_OPTION,
]

const IPERF_MATRIX: Command = {
  name: 'matrix',
  summary: 'Every pair of several namespaces, in both directions, as a heat map.',
  positionals: [],
  options: [
    ...FACTS_OPTIONS.filter(({ name }) => name === 'netns'),
    { name: 'network', argument: 'NAME|CIDR', summary: 'all containers of a network of an engine, or of a subnet' },
    { name: 'at-once', argument: 'NUMBER', summary: 'runs at the same time (default half the processors)' },
    ...MODE,
  ],
  examples: [
    ['iperf matrix -n web -n db -n cache', 'three containers, six runs'],
    ['iperf matrix --network 172.19.0.0/24 --min-rate 1G', 'everybody on a subnet'],
  ],
  run: iperfMatrix,
}

export const IPERF_COMMAND: Command = {
  name: 'iperf',
  summary: 'Measure the rate between two namespaces with iperf3.',
  details: [
    'The server is started in TO, the client in FROM, and both are ended whatever happens. The exit status is 1 when a',
    'threshold is not kept or nothing is transferred, 4 without iperf3. A virtual address measures a service of one task:',
    'iperf3 makes two connections, and of several tasks each would reach another one.',
  ],
  positionals: [
    { name: 'FROM', completes: 'selector' },
    { name: 'TO', completes: 'selector' },
  ],
  options: [
    ...MODE,
    { name: 'port', short: 'p', argument: 'PORT', summary: 'of the server (default one that is free)' },
    { name: 'through', argument: 'ADDRESS[:PORT]', summary: 'what the client connects to: a published port, a VIP' },
  ],
  examples: [
    ['iperf web db', 'ten seconds of TCP'],
    ['iperf web db --udp --rate 500M --max-loss 0.1', 'a threshold decides the exit status'],
    ['iperf client web --port 5001 --through 192.168.0.2:8001', 'by a published port'],
  ],
  subcommands: [
    { name: 'matrix', summary: 'every pair of several namespaces', load: () => Promise.resolve(IPERF_MATRIX) },
  ],
  run: iperf,
}
