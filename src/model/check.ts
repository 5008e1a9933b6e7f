/** How much a check matters when it fails: `error` 1, `warning` 3 as exit status, `info` is only told. */
export const CHECK_SEVERITIES = ['error', 'warning', 'info'] as const
export type CheckSeverity = (typeof CHECK_SEVERITIES)[number]

/** `untested`: it could not be tried, a privilege or a program is missing. `skipped`: the file says so, and why. */
export const CHECK_VERDICTS = ['passed', 'failed', 'skipped', 'untested'] as const
export type CheckVerdict = (typeof CHECK_VERDICTS)[number]

/** Where the check is written; both count from 1. */
export interface CheckPlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One property that is not as expected. */
export interface CheckMismatch {
  /** Where the expectation is written. */
  readonly place: CheckPlace
  /** `mtu`, `addresses`, or `result` for the whole. */
  readonly property: string
  /** In words: `1500`, `≥ 3`, `a text that contains "ok"`. */
  readonly expected: string
  readonly found: string
}

/** What became of one check. */
export interface CheckResult {
  readonly place: CheckPlace
  /** The sentence of the file, or what the check is about: `web: link eth0`. */
  readonly name: string
  /** link, route, tcp, … */
  readonly resource: string
  /** What of it: `eth0`, `db:5432`. */
  readonly subject: string
  /** The namespace, as the file selects it; absent where there is none. */
  readonly from?: string
  readonly severity: CheckSeverity
  readonly verdict: CheckVerdict
  /** One sentence, when it did not pass. */
  readonly detail?: string
  readonly mismatches: readonly CheckMismatch[]
  /** How often it was tried. */
  readonly attempts: number
  readonly durationMs: number
  /** Figures that were measured: `ms`, `rate`, `count`. */
  readonly values?: Readonly<Record<string, number>>
}

export interface CheckCounts {
  readonly passed: number
  readonly failed: number
  /** Of the failed, those that are no errors. */
  readonly warnings: number
  readonly skipped: number
  readonly untested: number
}

/** All results, in the order of the files. What `check --json` prints; additions only. */
export interface CheckReport {
  readonly format: 1
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly hostname: string
  readonly durationMs: number
  readonly counts: CheckCounts
  readonly results: readonly CheckResult[]
}

export function countChecks(results: readonly CheckResult[]): CheckCounts {
  const count = (verdict: CheckVerdict): number => results.filter((each) => each.verdict === verdict).length
  const warnings = results.filter(({ verdict, severity }) => verdict === 'failed' && severity !== 'error').length
  return {
    passed: count('passed'),
    failed: count('failed'),
    warnings,
    skipped: count('skipped'),
    untested: count('untested'),
  }
}

/** Exit status: 1 an error failed; 4 something could not be tested; 3 only warnings failed; 0 all passed. */
export function checkStatus(results: readonly CheckResult[]): 0 | 1 | 3 | 4 {
  const failed = results.filter(({ verdict }) => verdict === 'failed')
  if (failed.some(({ severity }) => severity === 'error')) return 1
  if (results.some(({ verdict }) => verdict === 'untested')) return 4
  return failed.some(({ severity }) => severity === 'warning') ? 3 : 0
}
