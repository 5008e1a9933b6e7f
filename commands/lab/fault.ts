import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { LAB_FAULT_LS_COMMAND } from './fault/ls.ts'

export const LAB_FAULT_COMMAND: Command = {
  name: 'lab fault',
  summary: 'Break something in a lab that is up, to find out what it is, and put it back.',
  details: [
    'Every fault is one that people meet. It is told as what a person notices; doctor, path and all other commands help',
    'to find its cause. What a lab has of them is changed inside the lab only.',
  ],
  positionals: [],
  options: [JSON_OPTION],
  examples: [
    ['lab fault random compose-host', 'something is broken: find it'],
    ['lab fault status compose-host --hint', 'where to look'],
    ['lab fault status compose-host --reveal', 'what it was'],
    ['lab fault heal compose-host', 'everything as before'],
  ],
  subcommands: [
    {
      name: 'ls',
      summary: 'faults there are, or those that a lab can have',
      load: () => Promise.resolve(LAB_FAULT_LS_COMMAND),
    },
    {
      name: 'inject',
      summary: 'break one thing',
      load: async () => (await import('./fault/inject.ts')).LAB_FAULT_INJECT_COMMAND,
    },
    {
      name: 'random',
      summary: 'break something, and do not say what',
      load: async () => (await import('./fault/random.ts')).LAB_FAULT_RANDOM_COMMAND,
    },
    {
      name: 'status',
      summary: 'what a lab suffers from',
      load: async () => (await import('./fault/status.ts')).LAB_FAULT_STATUS_COMMAND,
    },
    {
      name: 'heal',
      summary: 'put everything back',
      load: async () => (await import('./fault/heal.ts')).LAB_FAULT_HEAL_COMMAND,
    },
  ],
  run: (context) => LAB_FAULT_LS_COMMAND.run(context),
}
