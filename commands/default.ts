import { ownerOptionsOf, readFacts, readSnapshotFile } from '../src/command/facts.ts'
import { FACTS_OPTIONS, TABLE_OPTIONS } from '../src/command/options.ts'
import { showOverview } from '../src/command/overview.ts'
import type { Command } from '../src/command.ts'

export const DEFAULT_COMMAND: Command = {
  name: '',
  summary:
    'See every network namespace of this machine, who owns it and how it is wired: live on a terminal, as text elsewhere.',
  positionals: [],
  options: [...FACTS_OPTIONS, ...TABLE_OPTIONS],
  examples: [
    ['', 'the live screen'],
    ['ns', 'list the namespaces'],
    ['show links -n web --json', 'for scripts'],
    ['--from host.json', 'the screen on a saved snapshot'],
    ['| less', 'the overview as text'],
  ],
  async run(context) {
    const { options, output } = context
    if (!output.terminal.interactive || process.stdin.isTTY !== true || options.has('json')) {
      return showOverview(context, await readFacts(context, { kinds: ['links', 'addrs'] }))
    }
    const file = options.text('from')
    const [{ runTui }, host] = await Promise.all([
      import('../src/tui/main.tsx'),
      file === undefined ? openLive(context) : openSaved(file),
    ])
    try {
      return await runTui(host, { factsOptions: factsOptionsOf(context) })
    } finally {
      await host.close()
    }
  },
}

/** The words with which another process reads the same host. */
function factsOptionsOf({ options }: Parameters<Command['run']>[0]): readonly string[] {
  const file = options.text('from')
  if (file !== undefined) return ['--from', file]
  return options.list('docker-socket').flatMap((socket) => ['--docker-socket', socket])
}

async function openLive(context: Parameters<Command['run']>[0]) {
  const { openLiveHost } = await import('../src/inspect/live.ts')
  return openLiveHost({ engines: ownerOptionsOf(context) })
}

async function openSaved(file: string) {
  const { savedHost } = await import('../src/tui/saved-host.ts')
  return savedHost(readSnapshotFile(file))
}
