import type { FaultRow } from './measure-fault.ts'

/** What the scoreboard asks for. */
export const REQUIRED = { recall: 1, fixRate: 1, precision: 0.95, healRate: 1 } as const

export interface Score {
  readonly recall: number
  readonly precision: number
  readonly fixRate: number
  readonly healRate: number
}

export function scoreOf(rows: readonly FaultRow[]): Score {
  const found = rows.filter((row) => row.found).length
  const curable = rows.filter((row) => row.fixed !== undefined)
  const told = found + rows.reduce((sum, row) => sum + row.falseAlarms, 0)
  return {
    recall: share(found, rows.length),
    precision: share(found, told),
    fixRate: share(curable.filter((row) => row.fixed).length, curable.length),
    healRate: share(rows.filter((row) => row.healed).length, rows.length),
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole
}

/** @returns what is below what is required, in words */
export function shortcomings(score: Score): readonly string[] {
  return (Object.keys(REQUIRED) as (keyof Score)[])
    .filter((key) => score[key] < REQUIRED[key])
    .map((key) => `${key} ${percent(score[key])} instead of ${percent(REQUIRED[key])}`)
}

export function formatTable(rows: readonly FaultRow[]): string {
  const head = ['lab', 'fault', 'at', 'found', 'false', 'fixed', 'healed', 'looked', 'all']
  const cells = rows.map((row) => [
    row.lab,
    row.fault,
    row.target,
    row.found ? 'yes' : 'NO',
    row.falseAlarms === 0 ? '-' : String(row.falseAlarms),
    row.fixed === undefined ? 'by design' : row.fixed ? 'yes' : 'NO',
    row.healed ? 'yes' : 'NO',
    `${Math.round(row.examinedMs)} ms`,
    `${(row.totalMs / 1000).toFixed(1)} s`,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((line) => (line[column] ?? '').length)))
  const { recall, precision, fixRate, healRate } = scoreOf(rows)
  return [
    ...[head, ...cells].map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    `recall ${percent(recall)}, precision ${percent(precision)}, fixed ${percent(fixRate)}, healed ${percent(healRate)}: ${rows.length} faults`,
  ].join('\n')
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1).replace(/\.0$/, '')} %`
}
