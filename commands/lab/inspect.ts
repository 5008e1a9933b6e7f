import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { formatLab, inspectLab } from '../../src/lab/inspect-lab.ts'
import { sanitise } from '../../src/report/sanitise.ts'

export const LAB_INSPECT_COMMAND: Command = {
  name: 'lab inspect',
  summary: 'Show what a lab that is up consists of.',
  positionals: [{ name: 'NAME', completes: 'lab' }],
  options: [JSON_OPTION],
  examples: [
    ['lab inspect pets-bridge', 'its hosts, networks and containers'],
    ['lab inspect pets-bridge --json', 'with every choice that was made'],
  ],
  async run({ options, output, positionals: [name = ''] }) {
    const lab = await inspectLab(name)
    if (options.has('json')) output.json(lab)
    else for (const line of formatLab(lab)) output.write(`${sanitise(line)}\n`)
    return 0
  },
}
