import { dash } from '../src/command/dash.ts'
import { FACTS_OPTIONS } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'

const FROM = 'a recording of `watch --json --counters 1s` instead of this host'

export const DASH_COMMAND: Command = {
  name: 'dash',
  summary: 'Live charts: rates, top talkers, drops and retransmits, connection tracking, IPVS, events.',
  details: [
    'Keys: tab next panel · arrows scroll · v namespaces, bridges, interfaces · s sort · + − range · space pause · q quit.',
    'Bytes of connections are counted only where net.netfilter.nf_conntrack_acct is 1; connections are elsewhere.',
  ],
  positionals: [],
  options: [
    ...FACTS_OPTIONS.map((option) => (option.name === 'from' ? { ...option, summary: FROM } : option)),
    { name: 'speed', argument: 'N', summary: 'with --from: N times as fast; 0 shows all of it at once (default 1)' },
  ],
  examples: [
    ['dash', 'this host'],
    ['dash -n web -n db', 'two containers'],
    ['watch --json --counters 1s > host.ndjson', 'record'],
    ['dash --from host.ndjson --speed 10', 'and look at it later'],
  ],
  run: dash,
}
