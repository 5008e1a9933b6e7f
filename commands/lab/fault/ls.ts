import { listFaults } from '../../../src/command/fault.ts'
import { JSON_OPTION } from '../../../src/command/options.ts'
import type { Command } from '../../../src/command.ts'

export const LAB_FAULT_LS_COMMAND: Command = {
  name: 'lab fault ls',
  summary: 'List the faults that there are, or those that a lab can have, with their places.',
  positionals: [{ name: 'LAB', optional: true, completes: 'lab' }],
  options: [JSON_OPTION],
  examples: [
    ['lab fault ls', 'all of them'],
    ['lab fault ls compose-host', 'those that this lab can have, and where'],
  ],
  async run({ positionals: [lab], options, output }) {
    const rows = await listFaults(lab)
    if (options.has('json')) {
      output.json(rows)
      return 0
    }
    const width = Math.max(...rows.map(({ name }) => name.length))
    for (const { name, summary, targets } of rows) {
      output.write(`${name.padEnd(width)}  ${summary}\n`)
      if (targets !== undefined) output.write(`${' '.repeat(width)}  at ${targets.join(' ')}\n`)
    }
    return 0
  },
}
