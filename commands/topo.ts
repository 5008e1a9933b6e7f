import { hiddenOf, noteHidden, readFacts } from '../src/command/facts.ts'
import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import { drawTopology, TOPOLOGY_FORMATS } from '../src/command/topology.ts'
import type { Command } from '../src/command.ts'
import { buildTopology } from '../src/model/topology.ts'

export const TOPO_COMMAND: Command = {
  name: 'topo',
  summary: 'Draw the wiring: namespaces as boxes, links as lines.',
  details: ['Where there are more than 60 namespaces, drawings have one box a kind of owner; tree and json have all.'],
  positionals: [],
  options: [
    {
      name: 'format',
      short: 'f',
      argument: 'FORMAT',
      completes: 'format',
      values: TOPOLOGY_FORMATS,
      summary: `${TOPOLOGY_FORMATS.join(', ')} (default tree)`,
    },
    ...FACTS_OPTIONS,
    { ...JSON_OPTION, summary: 'the same as --format json' },
  ],
  examples: [
    ['topo', 'a tree'],
    ['topo --format svg > host.svg', 'a picture'],
    ['topo --format dot | dot -Tpdf > host.pdf', 'drawn by Graphviz'],
    ['topo -n web -n host --format mermaid', 'two of them, for a page of documentation'],
  ],
  async run(context) {
    const { options, output } = context
    const format = options.text('format') ?? (options.has('json') ? 'json' : 'tree')
    const draw = await drawTopology(format)
    const { snapshot, namespaces } = await readFacts(context, { kinds: ['links', 'addrs', 'fdb'] })
    const topology = buildTopology(snapshot, namespaces)
    if (draw === 'json') output.json(topology)
    else output.write(draw(topology))
    if (format === 'tree') noteHidden(context, hiddenOf(snapshot, namespaces))
    return 0
  },
}
