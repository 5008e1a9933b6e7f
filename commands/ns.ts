import { hiddenOf, noteHidden, readFacts } from '../src/command/facts.ts'
import { FACTS_OPTIONS, TABLE_OPTIONS } from '../src/command/options.ts'
import { showTable } from '../src/command/show-table.ts'
import type { Command } from '../src/command.ts'
import { identityOf } from '../src/report/tables/ns.ts'
import { anyTable } from '../src/report/tables.ts'

export const NS_COMMAND: Command = {
  name: 'ns',
  summary: 'List every network namespace and who owns it.',
  positionals: [],
  options: [...FACTS_OPTIONS, ...TABLE_OPTIONS],
  examples: [
    ['ns', 'all of them'],
    ['ns --wide --sort pids:desc', 'with every column, the busiest first'],
    ['ns --json | jq \'.[] | select(.owner.kind == "docker")\'', 'those of Docker containers'],
  ],
  async run(context) {
    const { options, output } = context
    const { snapshot, namespaces } = await readFacts(context, { kinds: [] })
    if (options.has('json')) {
      output.json(namespaces.map(identityOf))
      return 0
    }
    const table = anyTable('ns')
    showTable(context, table, table.rows(snapshot, namespaces), { several: false })
    noteHidden(context, hiddenOf(snapshot, namespaces))
    return 0
  },
}
