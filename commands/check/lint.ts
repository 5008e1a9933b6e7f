import { CHECK_OPTIONS } from '../../src/command/check.ts'
import { loadChecks, withCheckFiles } from '../../src/command/check-input.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'

export const CHECK_LINT_COMMAND: Command = {
  name: 'check lint',
  summary: 'Read check files and those that they include, and tell all that is wrong with them.',
  details: ['Nothing is run, nor looked at. Exit status: 0 they are good, 2 an error in one of them.'],
  positionals: [{ name: 'FILE…', many: true, completes: 'file' }],
  options: [...CHECK_OPTIONS.filter(({ name }) => name === 'set' || name === 'vars'), JSON_OPTION],
  examples: [['check lint web.yaml', 'file, line, column and what is wrong']],
  run: (context) =>
    withCheckFiles(context, async () => {
      const { options, output, positionals } = context
      const checks = loadChecks(context)
      if (options.has('json')) output.json({ problems: [], checks: checks.length })
      else output.write(`${positionals.length === 1 ? 'the file is' : 'the files are'} good: ${checks.length} checks\n`)
      return 0
    }),
}
