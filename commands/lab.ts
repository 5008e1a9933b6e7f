import { JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'
import { builtInLabs } from '../src/lab/built-in-labs.ts'

export const LAB_COMMAND: Command = {
  name: 'lab',
  summary: 'Build networks of hosts and containers on this machine, and remove them.',
  details: [
    'Each host of a lab is a network namespace, with bridges, rules and addresses as a Docker host has them; containers',
    'are namespaces below it. Nothing of a lab is reachable from this machine unless its file says so.',
  ],
  positionals: [],
  options: [JSON_OPTION],
  examples: [
    ['lab up pets-bridge', 'build a lab that comes with the program'],
    ['lab exec pets-bridge/web -- ip address', 'look at it from inside'],
    ['lab validate pets-bridge', 'try whether it does what it is to show'],
    ['lab down pets-bridge', 'remove it'],
  ],
  subcommands: [
    { name: 'up', summary: 'build a lab', load: async () => (await import('./lab/up.ts')).LAB_UP_COMMAND },
    {
      name: 'apply',
      summary: 'change a lab that is up into what its file says now',
      load: async () => (await import('./lab/apply.ts')).LAB_APPLY_COMMAND,
    },
    { name: 'down', summary: 'remove a lab', load: async () => (await import('./lab/down.ts')).LAB_DOWN_COMMAND },
    {
      name: 'validate',
      summary: 'check a lab file, and try a lab that is up',
      load: async () => (await import('./lab/validate.ts')).LAB_VALIDATE_COMMAND,
    },
    {
      name: 'exec',
      summary: 'run a command inside of a lab',
      load: async () => (await import('./lab/exec.ts')).LAB_EXEC_COMMAND,
    },
    {
      name: 'inspect',
      summary: 'show what a lab consists of',
      load: async () => (await import('./lab/inspect.ts')).LAB_INSPECT_COMMAND,
    },
    {
      name: 'graph',
      summary: 'draw the wiring of a lab',
      load: async () => (await import('./lab/graph.ts')).LAB_GRAPH_COMMAND,
    },
    {
      name: 'save',
      summary: 'a lab file of what a host has',
      load: async () => (await import('./lab/save.ts')).LAB_SAVE_COMMAND,
    },
    {
      name: 'fault',
      summary: 'break something in a lab, find it, put it back',
      load: async () => (await import('./lab/fault.ts')).LAB_FAULT_COMMAND,
    },
    {
      name: 'agent',
      summary: 'serve a lab',
      hidden: true,
      load: async () => (await import('./lab/agent.ts')).LAB_AGENT_COMMAND,
    },
    {
      name: 'ls',
      summary: 'labs that are up, and those that come with the program',
      load: async () => (await import('./lab/ls.ts')).LAB_LS_COMMAND,
    },
  ],
  async run({ options, output }) {
    const names = builtInLabs()
    if (options.has('json')) output.json(names)
    else output.write(`${names.join('\n')}\n`)
    return 0
  },
}
