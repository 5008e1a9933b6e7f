import type { CheckResult, Outcome } from './check.ts'

const SIGNS: Readonly<Record<Outcome, string>> = { pass: '✔', fail: '✖', warning: '▲', skipped: '·' }

/**
 * One line a check; what is broken with its reason and with what an engine does then.
 *
 * ```
 * ✔ container/create-network  CreateNetwork succeeds
 * ✖ container/mac-kept        the MAC that was given is not answered, not even unchanged
 *     found: it answered MacAddress "02:42:0a:4d:00:77"
 *     Docker: the container does not start: "driver modified interface …"
 * ```
 */
export function reportLines(results: readonly CheckResult[]): string[] {
  const width = Math.max(...results.map(({ id }) => id.length))
  return results.flatMap(({ id, rule, outcome, reason, consequence }) => [
    `${SIGNS[outcome]} ${id.padEnd(width)}  ${rule}`,
    ...(reason === undefined ? [] : [`    ${outcome === 'skipped' ? 'skipped' : 'found'}: ${reason}`]),
    ...(consequence === undefined ? [] : [`    Docker: ${consequence}`]),
  ])
}

/** `84 passed, 2 failed, 1 warning, 6 skipped`. */
export function summaryLine(results: readonly CheckResult[]): string {
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length
  const warnings = count('warning')
  return [
    `${count('pass')} passed`,
    `${count('fail')} failed`,
    `${warnings} warning${warnings === 1 ? '' : 's'}`,
    `${count('skipped')} skipped`,
  ].join(', ')
}

/** Exit status: 0 all passed, 1 something is broken, 3 warnings only. */
export function exitStatusOf(results: readonly CheckResult[]): 0 | 1 | 3 {
  if (results.some(({ outcome }) => outcome === 'fail')) return 1
  return results.some(({ outcome }) => outcome === 'warning') ? 3 : 0
}
