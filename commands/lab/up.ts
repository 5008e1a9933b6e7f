import { loadLab, withLabFile } from '../../src/command/lab-file.ts'
import { agentCommand, interruptible, LabProgress } from '../../src/command/lab-progress.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { upLab } from '../../src/lab/build/build-lab.ts'
import { countSteps, formatPlan } from '../../src/lab/plan/format-plan.ts'
import { planLab } from '../../src/lab/plan/plan.ts'
import { waitForChecks } from '../../src/lab/run-checks/wait-for-checks.ts'

export const LAB_UP_COMMAND: Command = {
  name: 'lab up',
  summary: 'Build a lab.',
  details: [
    'NAME is a lab that comes with the program (lab ls lists them), FILE one of your own. All of the file is checked',
    'before anything is changed; when a step fails, everything is taken back.',
  ],
  positionals: [{ name: 'NAME|FILE', completes: 'lab-file' }],
  options: [
    { name: 'dry-run', summary: 'only print what would be done' },
    { name: 'wait', summary: 'try the checks of the file until they pass, at most half a minute' },
    JSON_OPTION,
  ],
  examples: [
    ['lab up pets-bridge', 'a lab that comes with the program'],
    ['lab up ./mine.yaml --dry-run', 'what would be done for one of your own'],
  ],
  run: (context) =>
    withLabFile(context, async () => {
      const { options, output, positionals } = context
      const lab = loadLab(context, positionals[0] ?? '')
      const resolved = lab.resolve()
      const steps = planLab(undefined, resolved)
      if (options.has('dry-run')) {
        if (options.has('json')) output.json({ lab: resolved.name, steps })
        else output.write(formatPlan(resolved, steps))
        return 0
      }
      const progress = new LabProgress()
      const builtAt = new Date().toISOString()
      await interruptible((signal) =>
        upLab(resolved, {
          file: lab.file,
          builtAt,
          agentCommand,
          signal,
          progress: progress.show,
          note: (text) => output.note(text),
        }),
      ).finally(() => progress.clear())
      const failed = options.has('wait') ? await waitForChecks(resolved) : []
      if (options.has('json')) output.json({ lab: resolved.name, steps: steps.length, failed })
      else output.write(`${resolved.name} is up: ${countSteps(steps.length)}\n`)
      for (const { name, detail = '' } of failed) output.note(`✖ ${name}: ${detail}`)
      return failed.length === 0 ? 0 : 1
    }),
}
