import { JSON_OPTION } from '../../../src/command/options.ts'
import type { Command } from '../../../src/command.ts'
import { healFault } from '../../../src/lab/faults/heal-fault.ts'

export const LAB_FAULT_HEAL_COMMAND: Command = {
  name: 'lab fault heal',
  summary: 'Put a lab back to how it was before its fault, whatever was done about it meanwhile.',
  positionals: [{ name: 'LAB', completes: 'lab' }],
  options: [JSON_OPTION],
  examples: [['lab fault heal compose-host', 'everything as before']],
  async run({ positionals: [lab = ''], options, output }) {
    const { fault, summary } = await healFault(lab)
    if (options.has('json')) output.json({ lab, fault })
    else output.write(`${lab}: healed; it was ${fault}: ${summary}\n`)
    return 0
  },
}
