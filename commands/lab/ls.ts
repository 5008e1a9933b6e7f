import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { listLabs } from '../../src/lab/build/lab-state.ts'
import { builtInLabs } from '../../src/lab/built-in-labs.ts'
import { sanitise } from '../../src/report/sanitise.ts'

export const LAB_LS_COMMAND: Command = {
  name: 'lab ls',
  summary: 'List the labs that are up, and those that come with the program.',
  positionals: [],
  options: [JSON_OPTION],
  examples: [['lab ls', 'what there is']],
  async run({ options, output }) {
    const present = listLabs()
    const conditions = new Map(present.map(({ name, condition }) => [name, condition]))
    const rows = [...new Set([...conditions.keys(), ...builtInLabs()])].map((name) => ({
      name,
      condition: conditions.get(name) ?? 'absent',
      builtIn: builtInLabs().includes(name),
    }))
    if (options.has('json')) {
      output.json(rows)
      return 0
    }
    const width = Math.max(4, ...rows.map(({ name }) => name.length))
    for (const { name, condition } of rows) {
      output.write(`${sanitise(name).padEnd(width)}  ${condition === 'absent' ? '-' : condition}\n`)
    }
    return 0
  },
}
