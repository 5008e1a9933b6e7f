import { sanitise } from '../../report/sanitise.ts'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import { describeObject } from './describe-object.ts'
import { describeServed } from './describe-served.ts'
import type { Step } from './plan.ts'

/**
 * A plan as `--dry-run` shows it, a step a line, and what the agent serves afterwards.
 * ```
 * pets: 1 step
 *   1  + host h1: Docker 28 with iptables
 * ```
 */
export function formatPlan(lab: ResolvedLab, steps: readonly Step[]): string {
  if (steps.length === 0) return `${lab.name}: nothing to do\n`
  const width = String(steps.length).length
  const lines = steps.map((step, position) => `  ${String(position + 1).padStart(width)}  ${formatStep(step)}\n`)
  const served = describeServed(lab)
  const end = served === undefined ? '' : `  ${' '.repeat(width)}  ${served}\n`
  return `${lab.name}: ${countSteps(steps.length)}\n${lines.join('')}${end}`
}

export function countSteps(count: number): string {
  return count === 1 ? '1 step' : `${count} steps`
}

/** `+` is made, `-` is removed. Fit for a terminal: rules and commands of a lab file are anybody's text. */
export function formatStep({ action, object }: Step): string {
  return `${action === 'make' ? '+' : '-'} ${sanitise(describeObject(object))}`
}
