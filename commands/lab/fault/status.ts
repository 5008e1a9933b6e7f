import { tellFault } from '../../../src/command/fault.ts'
import { JSON_OPTION } from '../../../src/command/options.ts'
import type { Command } from '../../../src/command.ts'
import { faultOf } from '../../../src/lab/faults/inject-fault.ts'

export const LAB_FAULT_STATUS_COMMAND: Command = {
  name: 'lab fault status',
  summary: 'Say what a person notices of the fault that a lab has.',
  positionals: [{ name: 'LAB', completes: 'lab' }],
  options: [
    { name: 'hint', summary: 'also where to look' },
    { name: 'reveal', summary: 'also what it is, and what was done' },
    JSON_OPTION,
  ],
  examples: [
    ['lab fault status compose-host', 'what to look for'],
    ['lab fault status compose-host --reveal', 'the answer'],
  ],
  run({ positionals: [lab = ''], options, output }) {
    const told = tellFault(lab, faultOf(lab), { hint: options.has('hint'), reveal: options.has('reveal') })
    if (options.has('json')) output.json(told)
    else output.write(told.lines.map((line) => `${line}\n`).join(''))
    return Promise.resolve(0)
  },
}
