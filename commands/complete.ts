import { candidatesFor } from '../src/command/candidates.ts'
import type { Command } from '../src/command.ts'
import { COMMANDS, loadDefault } from './table.ts'

/** Called by the completion scripts: `__complete -- WORDS…`, the last one is being typed. */
export const COMPLETE_COMMAND: Command = {
  name: '__complete',
  summary: 'Print what the last word may become, one a line.',
  positionals: [],
  rest: 'WORD…',
  options: [],
  examples: [['__complete -- show li', 'links']],
  async run({ rest, output }) {
    const candidates = await candidatesFor(rest, COMMANDS, await loadDefault())
    output.write(candidates.map((candidate) => `${candidate}\n`).join(''))
    return 0
  },
}
