import { FACTS_OPTIONS } from '../src/command/options.ts'
import { saveSnapshot } from '../src/command/save-snapshot.ts'
import type { Command } from '../src/command.ts'
import { KINDS } from '../src/model/snapshot.ts'

export const SNAPSHOT_COMMAND: Command = {
  name: 'snapshot',
  summary: 'Print everything that can be known about this host as one JSON document.',
  details: [`Kinds: ${KINDS.join(' ')}`, 'Any other command takes the file with --from.'],
  positionals: [],
  options: [
    ...FACTS_OPTIONS,
    {
      name: 'kinds',
      argument: 'A,B,C',
      completes: 'kind',
      values: KINDS,
      summary: 'read only these kinds (default: all)',
    },
    { name: 'output', short: 'o', argument: 'FILE', completes: 'file', summary: 'write to a file instead of stdout' },
    { name: 'redact', summary: 'stable pseudonyms for addresses, MACs and names; the wiring stays' },
    {
      name: 'seed',
      argument: 'TEXT',
      summary: 'the same pseudonyms for the same text, so that redacted snapshots can be compared',
    },
    { name: 'json', summary: 'accepted for symmetry: it always is' },
  ],
  examples: [
    ['snapshot -o host.json', 'keep it'],
    ["snapshot | jq '.namespaces | length'", 'count the namespaces'],
    ['snapshot --kinds links,addrs,routes', 'only a part, faster'],
    ['snapshot --redact -o report.json', 'something to attach to a bug report'],
    ['snapshot --from host.json --redact', 'redact a saved one'],
  ],
  run: saveSnapshot,
}
