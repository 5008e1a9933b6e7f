import { JSON_OPTION } from '../src/command/options.ts'
import { trace } from '../src/command/trace.ts'
import type { Command } from '../src/command.ts'
import { PATH_COMMAND } from './path.ts'

/** Those of `path` that a real packet can have. */
const SHARED = new Set([
  ...['ipv4', 'ipv6', 'source-address', 'source-port', 'link', 'mark', 'ttl', 'size', 'df', 'uid'],
  ...['detailed', 'minimal', 'format', 'docker-socket', 'no-color'],
])

export const TRACE_COMMAND: Command = {
  name: 'trace',
  summary: 'Where a real packet goes, hop by hop, beside where it was predicted to go.',
  details: [
    'Sends one packet from SOURCE (a SYN, which becomes a connection where somebody listens; a datagram; an echo request)',
    'and follows it through every namespace of this machine. Where there are nft or iptables-nft rules, a table',
    'tsnet-trace of its own has the kernel tell what they say; it goes away with the trace, whatever ends it.',
    'Why the kernel drops packets comes from a trace instance tsnet-… of its own (tracefs), which is there for the whole',
    'host while the packet is on its way; after kill -9 the next trace removes it. What a loss is known by is said.',
    'The exit status is 0 when the packet arrives and its answer comes back, 1 when not, 4 when nothing could be tried.',
  ],
  positionals: PATH_COMMAND.positionals,
  options: [
    {
      name: 'proto',
      argument: 'PROTOCOL',
      values: ['tcp', 'udp', 'icmp', 'arp'],
      summary: 'tcp (default with a port), udp, icmp; arp asks the link who has the address',
    },
    ...PATH_COMMAND.options.filter(({ name }) => SHARED.has(name)),
    { name: 'timeout', argument: 'SECONDS', summary: 'to wait for an answer (default 2), or for traffic (default 10)' },
    { name: 'passive', argument: 'FILTER', summary: 'send nothing: follow the first packet that tcpdump would show' },
    { name: 'question', argument: 'NAME', summary: 'ask DESTINATION for a name, as a resolver does (udp, port 53)' },
    { name: 'no-rules', summary: 'add nothing to rules or tracing: what they say is then not known' },
    JSON_OPTION,
  ],
  examples: [
    ['trace web db:8500', 'a connection between two containers'],
    ['trace web 1.1.1.1 --size 1500 --df', 'a full-size ping that must not be cut'],
    ['trace web 127.0.0.11 --question db', 'a name, as the container would ask for it'],
    ['trace web db:8500 --passive "tcp port 8500"', 'what is on its way anyhow'],
    ['trace web db --proto arp', 'who says that he has an address; two who say so are a duplicate'],
    ['trace web db:8500 --minimal', 'one line, for scripts'],
  ],
  run: trace,
}
