import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { type Examination, type FixStep, statusOfFindings } from '../model/finding.ts'
import { uniqueSelector } from '../model/select.ts'
import type { HostSnapshot } from '../model/snapshot.ts'
import { findingLines, fixScript, uncheckedLines } from '../report/findings.ts'
import { type DoctorReading, examineFacts, readDoctorFacts } from './doctor-facts.ts'

/** What is wrong with this host, or with those that were saved: ends with 1 error, 3 warnings only, 4 nothing read. */
export async function doctor(context: Context): Promise<number> {
  const { options } = context
  if (options.has('apply')) {
    if (options.has('from')) {
      throw new TsnetError('usage', 'doctor --apply: changes this host, and --from is another one', {
        hint: '--fix prints the commands for it',
      })
    }
    const { applyFixes } = await import('./doctor-apply.ts')
    return applyFixes(context)
  }
  const facts = await readDoctorFacts(context)
  const examination = examineFacts(context, facts)
  print(context, facts, examination)
  return statusOf(facts, examination)
}

function print({ options, output }: Context, { snapshots }: DoctorReading, examination: Examination): void {
  if (options.has('fix')) {
    output.write(fixScript(examination.findings, (step) => selectorOf(snapshots, step)))
    return
  }
  if (options.has('json')) {
    output.json(examination)
    return
  }
  output.write(`${findingLines(examination, { colour: output.terminal.colour }).join('\n')}\n`)
  for (const line of uncheckedLines(examination.unchecked)) output.note(line)
}

/** The words that mean the namespace of a step. */
export function selectorOf(snapshots: readonly HostSnapshot[], { namespace, host = 0 }: FixStep): string {
  const snapshot = snapshots[host]
  const found = snapshot?.namespaces.find(({ inode }) => inode === namespace)
  return snapshot === undefined || found === undefined ? `inode:${namespace}` : uniqueSelector(snapshot, found)
}

function statusOf({ snapshots }: DoctorReading, { findings }: Examination): number {
  if (findings.length > 0) return statusOfFindings(findings)
  // nobody could look at anything: that is no clean bill
  return snapshots.every(({ namespaces }) => namespaces.every(({ links }) => links.length === 0)) ? 4 : 0
}
