import type { CheckReport } from '../model/check.ts'
import { checkGithub } from './check-github.ts'
import { checkJunit } from './check-junit.ts'
import { checkNagios } from './check-nagios.ts'
import { checkPrometheus } from './check-prometheus.ts'
import { checkTap } from './check-tap.ts'
import { checkText } from './check-text.ts'
import { safeJson } from './sanitise.ts'

export const CHECK_FORMATS = ['text', 'json', 'ndjson', 'junit', 'tap', 'nagios', 'prometheus', 'github'] as const
export type CheckFormat = (typeof CHECK_FORMATS)[number]

/** A report in one of its forms, as it is written to a file. */
export function formatCheckReport(format: CheckFormat, report: CheckReport): string {
  return WRITERS[format](report)
}

const WRITERS: Readonly<Record<CheckFormat, (report: CheckReport) => string>> = {
  text: (report) => checkText(report, { colour: false }),
  json: (report) => `${safeJson(JSON.stringify(report, undefined, 2))}\n`,
  ndjson: checkNdjson,
  junit: checkJunit,
  tap: checkTap,
  nagios: checkNagios,
  prometheus: checkPrometheus,
  github: checkGithub,
}

/** A line for each result, then one with the counts. */
function checkNdjson({ results, ...summary }: CheckReport): string {
  const lines = [...results.map((result) => ({ type: 'result', ...result })), { type: 'summary', ...summary }]
  return lines.map((line) => `${safeJson(JSON.stringify(line))}\n`).join('')
}
