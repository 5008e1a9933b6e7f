import { randomInt } from 'node:crypto'
import { readSeed, tellFault } from '../../../src/command/fault.ts'
import { JSON_OPTION } from '../../../src/command/options.ts'
import type { Command } from '../../../src/command.ts'
import { drawFault } from '../../../src/lab/faults/choose-fault.ts'
import { injectFault } from '../../../src/lab/faults/inject-fault.ts'

const SEEDS = 1_000_000

export const LAB_FAULT_RANDOM_COMMAND: Command = {
  name: 'lab fault random',
  summary: 'Break something in a lab that is up, and leave it to the person to find out what.',
  positionals: [{ name: 'LAB', completes: 'lab' }],
  options: [
    { name: 'seed', argument: 'N', summary: 'the same fault as another time' },
    { name: 'reveal', summary: 'say at once what it is' },
    JSON_OPTION,
  ],
  examples: [
    ['lab fault random compose-host', 'an exercise'],
    ['lab fault random compose-host --seed 7', 'the same one for everybody'],
  ],
  async run({ positionals: [lab = ''], options, output }) {
    const seed = readSeed(options.text('seed')) ?? randomInt(SEEDS)
    const record = await injectFault(lab, {
      choose: (facts) => drawFault(facts, seed),
      injectedAt: new Date().toISOString(),
      secret: true,
      seed,
    })
    const reveal = options.has('reveal')
    const told = tellFault(lab, record, { hint: reveal, reveal })
    if (options.has('json')) output.json(told)
    else output.write(told.lines.map((line) => `${line}\n`).join(''))
    return 0
  },
}
