import { loadLab, withLabFile } from '../../src/command/lab-file.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { labCondition } from '../../src/lab/build/lab-state.ts'
import { type CheckResult, runChecks } from '../../src/lab/run-checks/run-checks.ts'
import { sanitise } from '../../src/report/sanitise.ts'

const MARKS = { passed: '✔', failed: '✖', untested: '▲' } as const

export const LAB_VALIDATE_COMMAND: Command = {
  name: 'lab validate',
  summary: 'Check a lab file, and when the lab is up, whether it does what it is to show.',
  details: [
    'All that is wrong in the file is told with line and column. The checks of the file are tried in the lab that is up.',
    'Exit status: 0 all passed, 1 a check failed, 2 an error in the file, 4 a check could not be tried.',
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
      const tell = ({ result, name: check, detail }: CheckResult): void => {
        if (json) return
        output.write(`${MARKS[result]} ${sanitise(check)}\n`)
        if (detail !== undefined) output.write(`    ${sanitise(detail)}\n`)
      }
      const results = wanted ? await runChecks(name, checks, tell) : []
      const passed = results.filter(({ result }) => result === 'passed').length
      if (json) output.json({ lab: name, problems: [], up: isUp, results })
      else if (!wanted) output.write(`${name}: the file is good; ${checks.length} checks when it is up\n`)
      else output.write(`${name}: ${passed} of ${results.length} checks passed\n`)
      return statusOf(results)
    }),
}

function statusOf(results: readonly CheckResult[]): number {
  if (results.some(({ result }) => result === 'failed')) return 1
  return results.some(({ result }) => result === 'untested') ? 4 : 0
}
