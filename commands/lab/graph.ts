import { readFacts } from '../../src/command/facts.ts'
import { JSON_OPTION, Options } from '../../src/command/options.ts'
import { drawTopology, TOPOLOGY_FORMATS } from '../../src/command/topology.ts'
import type { Command } from '../../src/command.ts'
import { machinesOf } from '../../src/lab/build/lab-machine.ts'
import { namespacePath } from '../../src/lab/build/lab-paths.ts'
import { buildTopology } from '../../src/model/topology.ts'

export const LAB_GRAPH_COMMAND: Command = {
  name: 'lab graph',
  summary: 'Draw the wiring of a lab that is up.',
  positionals: [{ name: 'NAME', completes: 'lab' }],
  options: [
    {
      name: 'format',
      short: 'f',
      argument: 'FORMAT',
      completes: 'format',
      values: TOPOLOGY_FORMATS,
      summary: `${TOPOLOGY_FORMATS.join(', ')} (default tree)`,
    },
    { ...JSON_OPTION, summary: 'the same as --format json' },
  ],
  examples: [
    ['lab graph pets-bridge', 'a tree'],
    ['lab graph pets-bridge --format svg > pets.svg', 'a picture'],
  ],
  async run({ options, output, positionals: [lab = ''] }) {
    const draw = await drawTopology(options.text('format') ?? (options.has('json') ? 'json' : 'tree'))
    // by path: a namespace of another mount namespace may have the same name
    const selectors = machinesOf(lab).map((name) => `path:${namespacePath(lab, name)}`)
    const chosen = new Options(new Map([['netns', selectors]]))
    const { snapshot, namespaces } = await readFacts({ options: chosen }, { kinds: ['links', 'addrs', 'fdb'] })
    const topology = buildTopology(snapshot, namespaces)
    if (draw === 'json') output.json(topology)
    else output.write(draw(topology))
    return 0
  },
}
