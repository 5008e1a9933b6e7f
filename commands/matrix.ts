import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import { matrix } from '../src/command/path-matrix.ts'
import type { Command } from '../src/command.ts'

export const MATRIX_COMMAND: Command = {
  name: 'matrix',
  summary: 'Who can talk to whom: every pair of containers and ports, predicted; nothing is sent.',
  details: [
    'Without --port, the ports that somebody listens on. A policy is SOURCE->DESTINATION[:PORT]; the exit status is 1',
    'when one is not kept.',
  ],
  positionals: [],
  options: [
    { name: 'port', argument: 'PORT[/udp]', many: true, summary: 'this port of everybody, or icmp (repeatable)' },
    { name: 'must', argument: 'A->B:PORT', many: true, summary: 'a policy: A has to reach it (repeatable)' },
    { name: 'must-not', argument: 'A->B:PORT', many: true, summary: 'a policy: A must not reach it (repeatable)' },
    { name: 'junit', summary: 'JUnit XML: a test case a policy, or else one a pair' },
    ...FACTS_OPTIONS,
    JSON_OPTION,
  ],
  examples: [
    ['matrix', 'all containers, all ports that somebody listens on'],
    ['matrix -n web -n db --port 80 --port 8500', 'two of them, two ports'],
    ["matrix --must 'web->db:8500' --must-not 'web->cache'", 'for a pipeline'],
    ['matrix --from host.json --junit', 'offline, for a test report'],
  ],
  run: matrix,
}
