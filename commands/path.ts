import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import { PATH_FORMATS, path } from '../src/command/path.ts'
import type { Command } from '../src/command.ts'

const FROM = 'saved snapshots instead of this host, one a host (repeatable; - is stdin)'

export const PATH_COMMAND: Command = {
  name: 'path',
  summary: 'Where a packet would go, hop by hop, and what stops it: predicted, nothing is sent.',
  details: [
    'SOURCE is a namespace, or outside; DESTINATION an address or name as the source would resolve it, with :PORT.',
    'Without a port it is a ping. The exit status is 0 when it arrives and the answer comes back, 1 when not, 4 when',
    'the facts do not say.',
  ],
  positionals: [
    { name: 'SOURCE', completes: 'selector' },
    { name: 'DESTINATION[:PORT]', completes: 'selector' },
  ],
  options: [
    {
      name: 'proto',
      argument: 'PROTOCOL',
      values: ['tcp', 'udp', 'icmp'],
      summary: 'tcp (default with a port), udp, icmp',
    },
    { name: 'ipv4', short: '4', summary: 'the IPv4 address of a name' },
    { name: 'ipv6', short: '6', summary: 'the IPv6 address of a name' },
    {
      name: 'source-address',
      argument: 'ADDRESS',
      summary: 'that the sender bound, or that the packet from outside has',
    },
    { name: 'source-port', argument: 'PORT', summary: 'of the sender: an existing connection may have it' },
    { name: 'link', argument: 'NAME', summary: 'the sender is bound to it; from outside: comes in by it' },
    { name: 'mark', argument: 'NUMBER', summary: 'fwmark of the socket' },
    { name: 'ttl', argument: 'NUMBER', summary: 'time to live' },
    { name: 'size', argument: 'BYTES', summary: 'of the IP packet' },
    { name: 'df', summary: 'it must not be fragmented' },
    { name: 'uid', argument: 'NUMBER', summary: 'user of the sender, for rules that ask' },
    { name: 'detailed', summary: 'every table, chain, rule, route and entry that is consulted' },
    { name: 'minimal', summary: 'one line' },
    { name: 'mtu', summary: 'what each link on the way takes, and the largest payload that passes' },
    {
      name: 'format',
      short: 'f',
      argument: 'FORMAT',
      completes: 'format',
      values: PATH_FORMATS,
      summary: `${PATH_FORMATS.join(', ')} (default text)`,
    },
    ...FACTS_OPTIONS.filter(({ name }) => name !== 'netns').map((option) =>
      option.name === 'from' ? { ...option, many: true, summary: FROM } : option,
    ),
    JSON_OPTION,
  ],
  examples: [
    ['path web db:8500', 'a connection between two containers'],
    ['path web 1.1.1.1 --detailed', 'a ping, with every rule that it meets'],
    ['path outside host:8000', 'a published port, from somewhere else'],
    ['path web db:8500 --from before.json --minimal', 'offline'],
    ['path a/web 10.9.0.3:80 --from a.json --from b.json', 'from host a to host b'],
  ],
  run: path,
}
