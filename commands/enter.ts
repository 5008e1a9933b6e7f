import { readFacts } from '../src/command/facts.ts'
import { FACTS_OPTIONS, Options } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'
import { enterNamespace } from '../src/kernel/enter.ts'

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
  async run({ positionals, rest, options }) {
    const selected = new Map([
      ['netns', positionals],
      ['docker-socket', options.list('docker-socket')],
    ])
    const { namespaces } = await readFacts({ options: new Options(selected) }, { kinds: [] })
    const [namespace] = namespaces
    if (namespace === undefined) return 4
    const all = options.has('all')
    // the shell of this host need not exist among the files of a container
    const shell = (all ? undefined : process.env['SHELL']) || '/bin/sh'
    return enterNamespace(namespace, rest.length > 0 ? rest : [shell], { all })
  },
}
