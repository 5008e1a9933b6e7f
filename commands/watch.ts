import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import { EVENT_KINDS, watch } from '../src/command/watch.ts'
import type { Command } from '../src/command.ts'

export const WATCH_COMMAND: Command = {
  name: 'watch',
  summary: 'Print what the kernel reports of every namespace, as it happens, until ctrl-C.',
  details: [`Kinds: ${EVENT_KINDS.join(' ')}`],
  positionals: [],
  options: [
    {
      name: 'kinds',
      argument: 'A,B,C',
      completes: 'kind',
      values: EVENT_KINDS,
      summary: 'only these kinds of events',
    },
    {
      name: 'counters',
      argument: 'TIME',
      summary: 'with --json: all counters too, so often (1s): a recording for dash --from',
    },
    { name: 'conntrack', summary: 'connections too: made, changed and ended' },
    ...FACTS_OPTIONS.filter(({ name }) => name !== 'from'),
    { ...JSON_OPTION, summary: 'a JSON document a line' },
  ],
  examples: [
    ['watch', 'links, addresses, routes, neighbours, FDB entries and rule sets'],
    ['watch -n web --kinds link,neighbour', 'of one container'],
    ['watch --json --counters 1s > host.ndjson', 'a recording for dash --from'],
    ['watch --json | jq -r \'select(.kind == "namespace") | .text\'', 'containers that come and go'],
  ],
  run: watch,
}
