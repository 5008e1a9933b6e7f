import type { CheckReport, CheckResult } from '../model/check.ts'
import { placeOf, placeText } from './check-text.ts'
import { sanitise } from './sanitise.ts'

/** TAP version 14; a warning that fails is a TODO, which does not fail the whole. */
export function checkTap({ results }: CheckReport): string {
  const points = results.map((result, position) => pointText(result, position + 1))
  return `TAP version 14\n1..${results.length}\n${points.join('')}`
}

function pointText(result: CheckResult, number: number): string {
  const { verdict, severity, name, detail = '' } = result
  const isOk = verdict === 'passed' || verdict === 'skipped'
  const directive = directiveOf(result)
  const point = `${isOk ? 'ok' : 'not ok'} ${number} - ${escapeDescription(name)}${directive}\n`
  if (isOk) return point
  const diagnostic = {
    message: detail,
    severity: verdict === 'untested' ? 'untested' : severity,
    at: placeText(placeOf(result)),
  }
  const lines = Object.entries(diagnostic).map(([key, value]) => `  ${key}: ${quoted(value)}\n`)
  return `${point}  ---\n${lines.join('')}  ...\n`
}

function directiveOf({ verdict, severity, detail = '' }: CheckResult): string {
  if (verdict === 'skipped') return ` # SKIP ${escapeDescription(detail)}`
  return verdict === 'failed' && severity !== 'error' ? ` # TODO ${severity}` : ''
}

/** A bare # would begin a directive. */
function escapeDescription(text: string): string {
  return sanitise(text).replace(/[\\#]/g, (sign) => `\\${sign}`)
}

/** A JSON text is a YAML one. */
function quoted(text: string): string {
  return JSON.stringify(sanitise(text))
}
