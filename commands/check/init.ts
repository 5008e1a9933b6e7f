import { checkInit } from '../../src/command/check-init.ts'
import { FACTS_OPTIONS } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'

export const CHECK_INIT_COMMAND: Command = {
  name: 'check init',
  summary: 'Write a check file that is passed as things are now.',
  details: [
    'Links, addresses, routes, rules, listening ports, filter rules, name servers and what they answer: a line each, so',
    'that what changes is told by its line. Host, containers, labs and named namespaces, unless -n says which.',
  ],
  positionals: [],
  options: [
    ...FACTS_OPTIONS,
    { name: 'output', short: 'o', argument: 'FILE', completes: 'file', summary: 'a new file instead of stdout' },
  ],
  examples: [
    ['check init > host.yaml && tsnet-shoot check host.yaml', 'the whole host'],
    ['check init -n web -n db -o pets.yaml', 'two namespaces of it'],
    ['check init --from before.json', 'what it was like then'],
  ],
  run: checkInit,
}
