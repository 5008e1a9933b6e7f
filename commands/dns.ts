import { dns } from '../src/command/http.ts'
import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'
import { DNS_TYPES } from '../src/measure/ask-dns.ts'

export const DNS_COMMAND: Command = {
  name: 'dns',
  summary: 'How a name is looked up in a namespace: each server asked, and what is behind 127.0.0.11.',
  details: ['Every name that the search list makes is asked for. The exit status is 1 when nobody has a record of it.'],
  positionals: [{ name: 'FROM', completes: 'selector' }, { name: 'NAME' }],
  options: [
    {
      name: 'type',
      short: 't',
      argument: 'TYPE',
      many: true,
      values: DNS_TYPES,
      summary: `${DNS_TYPES.join(', ')} (default A and AAAA; repeatable)`,
    },
    { name: 'timeout', argument: 'SECONDS', summary: 'of each server (default 2)' },
    ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
    JSON_OPTION,
  ],
  examples: [
    ['dns web db', 'the addresses of a container'],
    ['dns web 172.19.0.2 -t PTR', 'the name of an address'],
  ],
  run: dns,
}
