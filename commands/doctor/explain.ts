import { explainFinding } from '../../src/command/doctor-pages.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'

export const DOCTOR_EXPLAIN_COMMAND: Command = {
  name: 'doctor explain',
  summary: 'A kind of finding: symptom, why it happens, how to see it by hand, how to fix it, when it is intended.',
  positionals: [{ name: 'ID', optional: true }],
  options: [JSON_OPTION],
  examples: [
    ['doctor explain ip-forward-off', 'one'],
    ['doctor explain', 'all of them'],
  ],
  run: explainFinding,
}
