import { FACTS_OPTIONS } from '../src/command/options.ts'
import { report } from '../src/command/report.ts'
import type { Command } from '../src/command.ts'

const FROM = 'saved snapshots instead of this host, one a host (repeatable; - is stdin)'

export const REPORT_COMMAND: Command = {
  name: 'report',
  summary: 'Everything about a host in one HTML file, to read, send or keep.',
  details: [
    'The wiring as a picture to click on, what doctor finds, predicted journeys, all tables with search and sorting.',
    'The page opens from a file, needs no network and asks nobody for anything. Nothing is sent to predict a journey.',
  ],
  positionals: [],
  options: [
    { name: 'html', argument: 'FILE', completes: 'file', summary: 'where to write it (- is stdout)' },
    { name: 'journeys', argument: 'N', summary: 'predict at most so many pairs (default 200, up to 5000)' },
    { name: 'all', summary: 'also findings about what is as it is on purpose' },
    ...FACTS_OPTIONS.map((option) => (option.name === 'from' ? { ...option, many: true, summary: FROM } : option)),
  ],
  examples: [
    ['report --html host.html', 'this host, with all its containers'],
    ['report --html web.html -n web -n host', 'two namespaces of it'],
    ['report --html both.html --from a.json --from b.json', 'two hosts, offline'],
    ['snapshot --redact | tsnet-shoot report --from - --html report.html', 'with pseudonyms, for a bug report'],
  ],
  run: report,
}
