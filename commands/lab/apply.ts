import { loadLab, withLabFile } from '../../src/command/lab-file.ts'
import { agentCommand, interruptible, LabProgress } from '../../src/command/lab-progress.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { applyLab } from '../../src/lab/build/build-lab.ts'
import { presentPart, readBuiltLab } from '../../src/lab/build/lab-state.ts'
import { countSteps, formatPlan } from '../../src/lab/plan/format-plan.ts'
import { planLab } from '../../src/lab/plan/plan.ts'

export const LAB_APPLY_COMMAND: Command = {
  name: 'lab apply',
  summary: 'Change a lab that is up into what its file says now: only what differs.',
  details: [
    'Addresses and ports that were chosen stay. What was removed from under the lab is made again. When a step fails,',
    'the lab is as it was.',
  ],
  positionals: [{ name: 'NAME|FILE', completes: 'lab-file' }],
  options: [{ name: 'dry-run', summary: 'only print what would be done' }, JSON_OPTION],
  examples: [['lab apply ./mine.yaml', 'after the file was edited']],
  run: (context) =>
    withLabFile(context, async () => {
      const { options, output, positionals } = context
      const lab = loadLab(context, positionals[0] ?? '')
      const { name } = lab.resolve()
      if (options.has('dry-run')) {
        const { resolved } = readBuiltLab(name)
        const wanted = lab.resolve(resolved)
        const steps = planLab(presentPart(resolved), wanted)
        if (options.has('json')) output.json({ lab: name, steps })
        else output.write(formatPlan(wanted, steps))
        return 0
      }
      const progress = new LabProgress()
      const builtAt = new Date().toISOString()
      const steps = await interruptible((signal) =>
        applyLab(name, lab.resolve, {
          file: lab.file,
          builtAt,
          agentCommand,
          signal,
          progress: progress.show,
          note: (text) => output.note(text),
        }),
      ).finally(() => progress.clear())
      if (options.has('json')) output.json({ lab: name, steps })
      else output.write(steps === 0 ? `${name}: nothing to do\n` : `${name}: ${countSteps(steps)}\n`)
      return 0
    }),
}
