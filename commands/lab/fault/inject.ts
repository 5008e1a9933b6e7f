import { tellFault } from '../../../src/command/fault.ts'
import { JSON_OPTION } from '../../../src/command/options.ts'
import type { Command } from '../../../src/command.ts'
import { chooseFault } from '../../../src/lab/faults/choose-fault.ts'
import { injectFault } from '../../../src/lab/faults/inject-fault.ts'

export const LAB_FAULT_INJECT_COMMAND: Command = {
  name: 'lab fault inject',
  summary: 'Break one thing in a lab that is up. How everything was is kept on disk before.',
  details: [
    'A FAULT with several ways (default-route-wrong:gateway) without one is the first way that the lab can have.',
  ],
  positionals: [{ name: 'LAB', completes: 'lab' }, { name: 'FAULT' }],
  options: [
    { name: 'target', argument: 'PLACE', summary: 'where, as lab fault ls LAB names it (default: the first place)' },
    { name: 'machine', summary: 'also when it changes a limit of this whole machine (conntrack-full)' },
    { name: 'hint', summary: 'also say where to look and what was done' },
    JSON_OPTION,
  ],
  examples: [
    ['lab fault inject compose-host ip-forward-off', 'its usual place'],
    ['lab fault inject compose-host link-down --target db', "a place of one's own"],
  ],
  async run({ positionals: [lab = '', name = ''], options, output }) {
    const record = await injectFault(lab, {
      choose: (facts) => chooseFault(facts, name, { target: options.text('target'), machine: options.has('machine') }),
      injectedAt: new Date().toISOString(),
      secret: false,
    })
    const reveal = options.has('hint')
    if (options.has('json')) output.json(tellFault(lab, record, { hint: reveal, reveal }))
    else
      output.write(
        tellFault(lab, record, { hint: reveal, reveal })
          .lines.map((line) => `${line}\n`)
          .join(''),
      )
    return 0
  },
}
