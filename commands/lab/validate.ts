import { loadLab, withLabFile } from '../../src/command/lab-file.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { labCondition } from '../../src/lab/build/lab-state.ts'
import { runLabChecks } from '../../src/lab/run-checks/run-checks.ts'
import { type CheckResult, checkStatus } from '../../src/model/check.ts'
import { checkLines } from '../../src/report/check-text.ts'

export const LAB_VALIDATE_COMMAND: Command = {
  name: 'lab validate',
  summary: 'Check a lab file, and when the lab is up, whether it does what it is to show.',
  details: [
    'All that is wrong in the file is told with line and column. The checks of the file are tried in the lab that is up.',
    'Exit status: 0 all passed, 1 a check failed, 2 an error in the file, 3 only warnings, 4 a check could not be tried.',
  ],
  positionals: [{ name: 'NAME|FILE', completes: 'lab-file' }],
  options: [
    { name: 'static', summary: 'only the file, even if the lab is up' },
    { name: 'run', summary: 'an error if the lab is not up' },
    JSON_OPTION,
  ],
  examples: [
    ['lab validate ./mine.yaml', 'before it is built'],
    ['lab validate pets-bridge --run', 'after it was built: its own checks'],
  ],
  run: (context) =>
    withLabFile(context, async () => {
      const { options, output, positionals } = context
      const lab = loadLab(context, positionals[0] ?? '')
      const { name, checks } = lab.resolve()
      const isUp = labCondition(name) === 'up'
      const wanted = !options.has('static') && (isUp || options.has('run'))
      const json = options.has('json')
      const tell = (result: CheckResult): void => {
        if (!json) output.write(`${checkLines(result, { colour: output.terminal.colour }).join('\n')}\n`)
      }
      const results = wanted ? await runLabChecks(name, checks, tell) : []
      const passed = results.filter(({ verdict }) => verdict === 'passed').length
      if (json)
        output.json({
          lab: name,
          problems: [],
          up: isUp,
          results: results.map((each) => ({ ...each, result: each.verdict })),
        })
      else if (!wanted) output.write(`${name}: the file is good; ${checks.length} checks when it is up\n`)
      else output.write(`${name}: ${passed} of ${results.length} checks passed\n`)
      return checkStatus(results)
    }),
}
