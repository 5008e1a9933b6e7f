import { doctor } from '../src/command/doctor.ts'
import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'

const FROM = 'saved snapshots instead of this host, one a host (repeatable; - is stdin)'

export const DOCTOR_COMMAND: Command = {
  name: 'doctor',
  summary: 'What is broken on this host or about to be, worst first, each with its evidence and what cures it.',
  details: [
    'Nothing is changed but with --apply. What follows from one cause is told below it. The exit status is 0 when',
    'nothing was found, 1 with an error, 3 with nothing worse than warnings, 4 when nothing could be read.',
  ],
  positionals: [],
  options: [
    ...FACTS_OPTIONS.map((option) => (option.name === 'from' ? { ...option, many: true, summary: FROM } : option)),
    { name: 'watch', argument: 'TIME', summary: 'look twice, so long apart (10s): counters that rise are found too' },
    { name: 'all', summary: 'also what is as it is on purpose (isolation, rules that refuse)' },
    { name: 'fix', summary: 'print a script of the commands that cure what was found' },
    { name: 'apply', summary: 'run them one by one after asking, and take them back unless you confirm within 30 s' },
    { name: 'yes', summary: 'with --apply: ask nothing; kept when nothing is worse afterwards, else taken back' },
    JSON_OPTION,
  ],
  examples: [
    ['doctor', 'this host, with all its containers'],
    ['doctor -n web', 'what concerns one container'],
    ['doctor --watch 10s', 'counters that rise as well'],
    ['doctor --from a.json --from b.json', 'two hosts, offline'],
    ['doctor --fix', 'the commands, as a script'],
    ['doctor explain mtu-overlay-exceeds-underlay', 'one finding: why, how to see it, when it is intended'],
  ],
  subcommands: [
    {
      name: 'explain',
      summary: 'everything about a kind of finding',
      load: async () => (await import('./doctor/explain.ts')).DOCTOR_EXPLAIN_COMMAND,
    },
    {
      name: 'ls',
      summary: 'what is looked for',
      load: async () => (await import('./doctor/ls.ts')).DOCTOR_LS_COMMAND,
    },
    {
      name: 'undo',
      summary: 'take back what an --apply left that was interrupted',
      load: async () => (await import('./doctor/undo.ts')).DOCTOR_UNDO_COMMAND,
    },
  ],
  run: doctor,
}
