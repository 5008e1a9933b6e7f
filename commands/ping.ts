import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import { ping } from '../src/command/ping.ts'
import type { Command } from '../src/command.ts'

export const PING_COMMAND: Command = {
  name: 'ping',
  summary: 'Latency and loss from one namespace to another, or to any address.',
  details: ['Without a child process. The exit status is 0 when anything was answered, 1 when nothing.'],
  positionals: [
    { name: 'FROM', completes: 'selector' },
    { name: 'TO', completes: 'selector' },
  ],
  options: [
    { name: 'count', short: 'c', argument: 'NUMBER', summary: 'of requests (default 4)' },
    { name: 'interval', short: 'i', argument: 'SECONDS', summary: 'between them (default 1)' },
    { name: 'size', short: 's', argument: 'BYTES', summary: 'behind the ICMP header (default 56)' },
    { name: 'timeout', argument: 'SECONDS', summary: 'how long the last one is waited for (default 1)' },
    { name: 'ttl', argument: 'NUMBER', summary: 'time to live' },
    { name: 'df', summary: 'they must not be fragmented' },
    { name: 'quiet', short: 'q', summary: 'the figures alone' },
    { name: 'ipv4', short: '4', summary: 'the IPv4 address of a name' },
    { name: 'ipv6', short: '6', summary: 'the IPv6 address of a name' },
    ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
    JSON_OPTION,
  ],
  examples: [
    ['ping web db', 'four requests'],
    ['ping web db -c 100 -i 0.01 -q', 'p99 and jitter of a hundred'],
    ['ping web 10.0.0.1 -s 1472 --df', 'whether 1500 bytes pass whole'],
  ],
  run: ping,
}
