import { COMPLETION_SCRIPTS } from '../src/command/completion-scripts.ts'
import type { Command } from '../src/command.ts'
import { TsnetError } from '../src/errors.ts'
import { didYouMean } from '../src/model/nearest.ts'

const SHELLS = Object.keys(COMPLETION_SCRIPTS)

export const COMPLETION_COMMAND: Command = {
  name: 'completion',
  summary: 'Print the completion script of a shell.',
  details: ['It asks the program itself, so that the names of namespaces are offered as well.'],
  positionals: [{ name: 'SHELL', completes: 'shell', values: SHELLS }],
  options: [],
  examples: [
    ['completion bash > /etc/bash_completion.d/tsnet-shoot', 'for everybody'],
    ['completion zsh > ~/.zfunc/_tsnet-shoot', 'for a folder of $fpath'],
    ['completion fish | source', 'for this fish'],
  ],
  async run({ positionals: [shell = ''], output }) {
    const script = COMPLETION_SCRIPTS[shell]
    if (script === undefined) {
      throw new TsnetError('usage', `completion ${shell}: no such shell${didYouMean(shell, SHELLS)}`, {
        hint: `Shells: ${SHELLS.join(' ')}`,
      })
    }
    output.write(script)
    return 0
  },
}
