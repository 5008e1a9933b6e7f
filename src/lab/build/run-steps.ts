import { messageOf, TsnetError } from '../../errors.ts'
import { formatStep } from '../plan/format-plan.ts'
import type { Step } from '../plan/plan.ts'
import type { Journal, JournalEntry } from './journal.ts'
import type { LabBuilder } from './lab-builder.ts'

/** Told before each step. */
export type Progress = (done: number, total: number, what: string) => void

export interface RunOptions {
  readonly journal: Journal
  readonly progress: Progress
  /** Asked for between two steps. */
  readonly signal: AbortSignal
}

/** Endpoints made or removed at once: each holds a descriptor or two meanwhile. */
const MOST_TOGETHER = 256

/**
 * Does one step after the other; endpoints that follow each other together, for their rules are then put in one go.
 *
 * @throws TsnetError naming the step that failed
 */
export async function runSteps(builder: LabBuilder, steps: readonly Step[], options: RunOptions): Promise<void> {
  const { journal, progress, signal } = options
  for (let at = 0; at < steps.length; ) {
    if (signal.aborted) throw new TsnetError('failed', `lab ${builder.lab}: interrupted`)
    const group = groupAt(steps, at)
    progress(at, steps.length, group.map(formatStep)[0] ?? '')
    for (const position of group.keys()) journal.begin(at + position)
    const results = await Promise.allSettled(group.map((step) => performNamed(builder, step)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    at += group.length
  }
  progress(steps.length, steps.length, '')
}

function groupAt(steps: readonly Step[], at: number): readonly Step[] {
  const first = steps[at]
  if (first?.object.kind !== 'endpoint') return steps.slice(at, at + 1)
  const rest = steps.slice(at, at + MOST_TOGETHER)
  const end = rest.findIndex(({ action, object }) => action !== first.action || object.kind !== 'endpoint')
  return end < 0 ? rest : rest.slice(0, end)
}

async function performNamed(builder: LabBuilder, step: Step): Promise<void> {
  try {
    await builder.perform(step)
  } catch (error) {
    throw failedStep(step, error)
  }
}

function failedStep(step: Step, error: unknown): unknown {
  if (!(error instanceof TsnetError)) return error
  const { code, hint } = error
  const detail = hint === undefined ? { cause: error } : { cause: error, hint }
  return new TsnetError(code, `${formatStep(step)}: ${error.message}`, detail)
}

/** Takes back the steps that were begun, last first, also those of which only half was done. @returns what is left */
export async function takeBack(builder: LabBuilder, { steps, begun }: JournalEntry): Promise<readonly string[]> {
  const left: string[] = []
  for (const position of begun.toReversed()) {
    const step = steps[position]
    if (step === undefined) continue
    try {
      await builder.remove(step.object)
      if (step.action === 'remove') await builder.perform({ action: 'make', object: step.object })
    } catch (error) {
      left.push(`${formatStep(step)}: ${messageOf(error)}`)
    }
  }
  return left
}
