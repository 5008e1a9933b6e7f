import { describeObject } from './describe-object.ts'
import type { Step } from './plan.ts'

/**
 * A plan as `--dry-run` shows it, a step a line.
 * ```
 * pets: 5 steps
 *   1  + host h1: Docker 28 with iptables
 * ```
 */
export function formatPlan(lab: string, steps: readonly Step[]): string {
  if (steps.length === 0) return `${lab}: nothing to do\n`
  const width = String(steps.length).length
  const lines = steps.map((step, position) => `  ${String(position + 1).padStart(width)}  ${formatStep(step)}\n`)
  return `${lab}: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}\n${lines.join('')}`
}

/** `+` is made, `-` is removed. */
export function formatStep({ action, object }: Step): string {
  return `${action === 'make' ? '+' : '-'} ${describeObject(object)}`
}
