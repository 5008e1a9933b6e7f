import { capture } from '../src/command/capture.ts'
import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'

export const CAPTURE_COMMAND: Command = {
  name: 'capture',
  summary: 'Packets of several namespaces at once, into one pcapng file or as lines with names.',
  details: [
    'FILTER is what tcpdump takes. Without -w and --decode the packets go to stdout as pcapng, for a pipe. -n may be given',
    'more than once, and * in it stands for anything; without it every namespace is captured. Each interface has its own',
    'block, NAMESPACE:IF; the first packet of a conversation has a comment that names its ends; times are the kernel’s.',
    'It ends at a limit or with ctrl-C, the file complete. The exit status is 1 when the file could not be written.',
  ],
  positionals: [{ name: 'FILTER', optional: true, many: true }],
  options: [
    ...FACTS_OPTIONS.filter(({ name }) => name === 'netns'),
    {
      name: 'interface',
      short: 'i',
      argument: 'IF',
      many: true,
      summary: 'only this one; * stands for anything (repeatable)',
    },
    { name: 'write', short: 'w', argument: 'FILE', completes: 'file', summary: 'pcapng goes there (- is stdout)' },
    { name: 'decode', short: 'd', summary: 'a line a packet, with names instead of addresses' },
    {
      name: 'read',
      short: 'r',
      argument: 'FILE',
      completes: 'file',
      summary: 'decode a pcapng or pcap file instead (- is stdin)',
    },
    { name: 'count', short: 'c', argument: 'N', summary: 'end after so many packets' },
    { name: 'duration', argument: 'SECONDS', summary: 'end after this time' },
    { name: 'size', argument: 'BYTES', summary: 'end before more is written: 500K, 10M, 1G' },
    {
      name: 'rotate-size',
      argument: 'BYTES',
      summary: 'begin the next file (NAME-00001.pcapng, …) before one is larger',
    },
    { name: 'rotate-time', argument: 'SECONDS', summary: 'begin the next file after this time' },
    { name: 'files', argument: 'N', summary: 'keep only the newest N of them' },
    { name: 'snaplen', short: 's', argument: 'BYTES', summary: 'keep no more of a packet' },
    {
      name: 'buffer',
      short: 'B',
      argument: 'BYTES',
      summary: 'room in the kernel, for all namespaces together (default 64M)',
    },
    ...FACTS_OPTIONS.filter(({ name }) => name !== 'netns'),
    { ...JSON_OPTION, summary: 'as --decode, one JSON object a line' },
    { name: 'bytes', summary: 'with --json: in columns, and with the bytes in base64 instead of the decoded layers' },
  ],
  examples: [
    ['capture -n web -n db -w both.pcapng tcp port 8500', 'one connection at both ends, in one file'],
    ["capture -n 'lab:overlay/*' --decode icmp or udp port 4789", 'a ping and the VXLAN packets around it'],
    ['capture -n web | tshark -r -', 'into another program'],
    ['capture -w ring.pcapng --rotate-size 100M --files 10', 'the last gigabyte of everything'],
    ['capture -r both.pcapng', 'what is in a file, with names'],
  ],
  run: capture,
}
