import { type TestContext, type TestFunction, test } from 'vitest'

/** Why a test cannot run here. */
export interface Lack {
  /** What is missing, e.g. `this kernel has no IP_VS`. */
  readonly reason: string
  /**
   * The vm test that checks the same on a kernel that has it, e.g. `test/vm/kernel-features.test.ts`.
   * Only then is the skip permitted with `CI=true` (scripts/test.mjs reads it from the JSON report).
   */
  readonly coveredBy?: string
}

type NamedTest = (name: string, body: TestFunction, timeoutMs?: number) => void

/**
 * `test`, or a `test` that is skipped and says why:
 * `skipUnless(hasIpvs, { reason: 'this kernel has no IP_VS', coveredBy: 'test/vm/….test.ts' })('name', …)`.
 */
export function skipUnless(available: boolean, lack: Lack): NamedTest {
  return available ? test : (name) => test(name, (context) => skipTest(context, lack))
}

/** Ends a running test as skipped, for what only shows while it runs. */
export function skipTest(context: TestContext, lack: Lack): never {
  const covered = lack.coveredBy === undefined ? '' : ` (covered by ${lack.coveredBy})`
  Object.assign(context.task.meta, { lack })
  console.warn(`skipped: ${context.task.name}: ${lack.reason}${covered}`)
  return context.skip(`${lack.reason}${covered}`)
}
