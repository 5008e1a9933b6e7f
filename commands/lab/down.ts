import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { downLab } from '../../src/lab/build/build-lab.ts'

export const LAB_DOWN_COMMAND: Command = {
  name: 'lab down',
  summary: 'Remove a lab and everything that there is of it.',
  details: [
    'What is removed is found by its mark, so it works as well after a crash, or when the state of the lab is lost.',
    'Programs that run inside of the lab are ended.',
  ],
  positionals: [{ name: 'NAME', completes: 'lab' }],
  options: [JSON_OPTION],
  examples: [['lab down pets-bridge', 'remove it']],
  async run({ positionals: [name = ''], options, output }) {
    const swept = await downLab(name)
    if (options.has('json')) output.json({ lab: name, ...swept })
    else output.write(`${name} is down: ${swept.namespaces} namespaces removed\n`)
    return 0
  },
}
