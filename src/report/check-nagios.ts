import { type CheckReport, type CheckResult, checkStatus } from '../model/check.ts'
import { placeOf, placeText } from './check-text.ts'
import { sanitise } from './sanitise.ts'

const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const

/** Exit status by the Nagios plugin API: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
export function nagiosStatus({ results }: Pick<CheckReport, 'results'>): 0 | 1 | 2 | 3 {
  const status = checkStatus(results)
  if (status === 1) return 2
  if (status === 3) return 1
  return status === 4 ? 3 : 0
}

/** The status line with performance data, then a line for each check that did not pass. */
export function checkNagios(report: CheckReport): string {
  const { counts, durationMs, results } = report
  const { passed, failed, skipped, untested } = counts
  const bad = results.filter(({ verdict }) => verdict === 'failed' || verdict === 'untested')
  const [worst] = bad.toSorted((a, b) => rank(a) - rank(b))
  const said = worst === undefined ? `${passed} passed` : `${passed} passed, ${failed} failed, ${untested} not tested`
  const first = worst === undefined ? '' : `: ${plain(worst.name)}`
  const data = [
    `passed=${passed};;;0;${results.length}`,
    `failed=${failed};;;0;${results.length}`,
    `skipped=${skipped};;;0;${results.length}`,
    `untested=${untested};;;0;${results.length}`,
    `time=${(durationMs / 1000).toFixed(3)}s;;;0`,
  ]
  const head = `CHECK ${STATES[nagiosStatus(report)]} - ${said}${first} | ${data.join(' ')}`
  const rest = bad.map((result) => plain(`${placeText(placeOf(result))}: ${result.name}: ${result.detail ?? ''}`))
  return `${[head, ...rest].join('\n')}\n`
}

function rank({ verdict, severity }: CheckResult): number {
  if (verdict === 'untested') return 1
  return severity === 'error' ? 0 : 2
}

/** A bar would begin performance data. */
function plain(text: string): string {
  return sanitise(text).replaceAll('|', '\\x7c')
}
