/** What a row promises (docs/architecture.md, budgets), about its figure: a ratio to the peer, or a quantity. */
export interface Budget {
  readonly atMost?: number
  readonly atLeast?: number
}

/** One line of the table. */
export interface Row {
  /** `snapshot 200: ip loop ÷ ours`. */
  readonly name: string
  readonly ours: string
  readonly peer?: string
  readonly figure: number
  /** `×` of a ratio, otherwise `ms`, `MB`, `%`. */
  readonly unit: string
  readonly budget?: Budget
  readonly note?: string
}

export function isMet({ figure, budget }: Row): boolean {
  if (budget?.atMost !== undefined && !(figure <= budget.atMost)) return false
  return budget?.atLeast === undefined || figure >= budget.atLeast
}

const HEADER = ['benchmark', 'ours', 'peer', 'figure', 'budget', '']

/** The rows as aligned text. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADER, ...rows.map(cellsOf)]
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellsOf(row: Row): string[] {
  const verdict = row.budget === undefined ? '' : isMet(row) ? 'ok' : 'MISSED'
  const note = row.note === undefined ? '' : ` (${row.note})`
  return [row.name, row.ours, row.peer ?? '', `${significant(row.figure)} ${row.unit}`, budgetText(row), verdict + note]
}

function budgetText({ budget, unit }: Row): string {
  if (budget?.atMost !== undefined) return `≤ ${budget.atMost} ${unit}`
  return budget?.atLeast === undefined ? '' : `≥ ${budget.atLeast} ${unit}`
}

function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

export function milliseconds(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toPrecision(3)} ms`
}
