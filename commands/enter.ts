import { enterSelected } from '../src/command/enter.ts'
import { FACTS_OPTIONS } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'

export const ENTER_COMMAND: Command = {
  name: 'enter',
  summary: 'Run a shell or a command inside a namespace.',
  details: [
    'Its network alone, so that the tools of this host are at hand, with the resolv.conf, hosts and nsswitch.conf',
    'of the container (or of /etc/netns/NAME). The exit status is that of the command.',
  ],
  positionals: [{ name: 'SELECTOR', completes: 'selector' }],
  rest: 'COMMAND…',
  options: [
    { name: 'all', summary: 'all namespaces of the first process in it: its files and processes too' },
    ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
  ],
  examples: [
    ['enter web', 'a shell'],
    ['enter web -- ss -tlnp', 'one command with the tools of this host'],
    ['enter web --all -- ls /etc', 'one command of the container itself'],
  ],
  run({ positionals: [selector = ''], rest, options }) {
    return enterSelected({ options }, { selector, command: rest, all: options.has('all') })
  },
}
