import { setTimeout as pause } from 'node:timers/promises'
import type { CheckResult } from '../../model/check.ts'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import { runLabChecks } from './run-checks.ts'

const DEADLINE_MS = 30_000
const PAUSE_MS = 200

/** Tries the checks of a lab again and again until all pass. @returns those that never did */
export async function waitForChecks({ name, checks }: ResolvedLab): Promise<readonly CheckResult[]> {
  const deadline = performance.now() + DEADLINE_MS
  let left = checks
  for (;;) {
    const results = await runLabChecks(name, left, () => undefined)
    const failed = results.filter(({ verdict }) => verdict === 'failed' || verdict === 'untested')
    if (failed.length === 0 || performance.now() > deadline) return failed
    left = left.filter(({ place }) => failed.some((each) => each.place === place))
    await pause(PAUSE_MS)
  }
}
