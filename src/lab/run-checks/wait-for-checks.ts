import { setTimeout as pause } from 'node:timers/promises'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import { type CheckResult, runChecks } from './run-checks.ts'

const DEADLINE_MS = 30_000
const PAUSE_MS = 200

/** Tries the checks of a lab again and again until all pass. @returns those that never did */
export async function waitForChecks({ name, checks }: ResolvedLab): Promise<readonly CheckResult[]> {
  const deadline = performance.now() + DEADLINE_MS
  let left = checks
  for (;;) {
    const results = await runChecks(name, left, () => undefined)
    const failed = results.filter(({ result }) => result !== 'passed')
    if (failed.length === 0 || performance.now() > deadline) return failed
    left = left.filter((check) => failed.some((result) => result.name === check.name && result.from === check.from))
    await pause(PAUSE_MS)
  }
}
