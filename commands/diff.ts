import { readSnapshotFile } from '../src/command/facts.ts'
import { JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'
import { TsnetError } from '../src/errors.ts'
import { diffSnapshots } from '../src/model/diff.ts'
import { formatDiff } from '../src/report/diff.ts'

export const DIFF_COMMAND: Command = {
  name: 'diff',
  summary:
    'What differs between two saved snapshots: names instead of indexes, no counters, firewall rules in their order.',
  positionals: [
    { name: 'BEFORE', completes: 'file' },
    { name: 'AFTER', completes: 'file' },
  ],
  options: [{ name: 'reachability', summary: 'who can talk to whom since then, and who no longer can' }, JSON_OPTION],
  examples: [
    ['diff before.json after.json', 'what a change did'],
    ['snapshot | tsnet-shoot diff good.json -', 'a host that worked, and the same now'],
    ['diff a.json b.json --reachability', 'what it means for the containers'],
    ["diff a.json b.json --json | jq '.[].kind'", 'for scripts'],
  ],
  async run(context) {
    const { positionals, options, output } = context
    const [before = '', after = ''] = positionals
    if (before === '-' && after === '-') throw new TsnetError('usage', 'diff: only one of the two can be stdin')
    const [first, last] = [readSnapshotFile(before), readSnapshotFile(after)]
    if (options.has('reachability')) {
      const { showReachabilityDiff } = await import('../src/command/path-matrix.ts')
      showReachabilityDiff(context, first, last)
      return 0
    }
    const changes = diffSnapshots(first, last)
    if (options.has('json')) output.json(changes)
    else if (changes.length === 0) output.note('no difference')
    else output.write(`${formatDiff(changes).join('\n')}\n`)
    return 0
  },
}
