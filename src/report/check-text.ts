import type { CheckReport, CheckResult } from '../model/check.ts'
import { sanitise } from './sanitise.ts'

const MARKS = { passed: '✔', failed: '✖', skipped: '–', untested: '▲' } as const
const COLOURS = { passed: 32, failed: 31, skipped: 90, untested: 33 } as const
const WARNING_COLOUR = 33

/**
 * One check, and below it why it did not pass:
 * ```
 * ✖ web.yaml:12:5: web: link eth0
 *     mtu is 1400, not 1500
 * ```
 */
export function checkLines(result: CheckResult, { colour }: { readonly colour: boolean }): readonly string[] {
  const { verdict, severity, name, detail, attempts } = result
  const isWarning = verdict === 'failed' && severity !== 'error'
  const mark = colour
    ? `\x1b[${isWarning ? WARNING_COLOUR : COLOURS[verdict]}m${MARKS[verdict]}\x1b[0m`
    : MARKS[verdict]
  if (verdict === 'passed') return [`${mark} ${sanitise(name)}`]
  const word = isWarning ? ` (${severity})` : verdict === 'failed' ? '' : ` (${verdict})`
  const tries = attempts > 1 ? ` (tried ${attempts} times)` : ''
  const head = `${mark} ${placeText(placeOf(result))}: ${sanitise(name)}${word}`
  return detail === undefined ? [head] : [head, `    ${sanitise(detail)}${tries}`]
}

/** Where to look: at the property that is not as expected, when it is one. */
export function placeOf({ place, mismatches }: CheckResult): CheckResult['place'] {
  const [only] = mismatches
  return only !== undefined && mismatches.length === 1 ? only.place : place
}

export function placeText({ file, line, column }: CheckResult['place']): string {
  return `${sanitise(file)}:${line}:${column}`
}

/** `12 passed, 1 failed, 2 skipped in 0.3 s`. */
export function checkSummary({ counts, durationMs }: Pick<CheckReport, 'counts' | 'durationMs'>): string {
  const { passed, failed, warnings, skipped, untested } = counts
  const parts = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} failed${warnings > 0 ? ` (${warnings} of them no errors)` : ''}`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(untested > 0 ? [`${untested} not tested`] : []),
  ]
  return `${parts.join(', ')} in ${(durationMs / 1000).toFixed(1)} s`
}

export function checkText(report: CheckReport, options: { readonly colour: boolean }): string {
  const lines = report.results.flatMap((result) => checkLines(result, options))
  return `${[...lines, checkSummary(report)].join('\n')}\n`
}
