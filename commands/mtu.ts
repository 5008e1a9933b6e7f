import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import { mtu } from '../src/command/ping.ts'
import type { Command } from '../src/command.ts'

export const MTU_COMMAND: Command = {
  name: 'mtu',
  summary: 'The largest packet that arrives whole, by search, beside what the facts predict.',
  details: [
    'Echo requests that must not be fragmented, ever closer sizes. What routers say is remembered by the sender for ten',
    'minutes, as after tracepath. The exit status is 1 when it is not as predicted, or nothing is answered.',
  ],
  positionals: [
    { name: 'FROM', completes: 'selector' },
    { name: 'TO', completes: 'selector' },
  ],
  options: [
    { name: 'timeout', argument: 'SECONDS', summary: 'for an answer, at most (default 1)' },
    { name: 'ipv4', short: '4', summary: 'the IPv4 address of a name' },
    { name: 'ipv6', short: '6', summary: 'the IPv6 address of a name' },
    ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
    JSON_OPTION,
  ],
  examples: [
    ['mtu web db', 'between two containers'],
    ['mtu web 1.1.1.1 --json | jq .mtu', 'to an address'],
  ],
  run: mtu,
}
