import { TsnetError } from '../errors.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Column } from './columns.ts'
import { displayWidth, padCells } from './sanitise.ts'

export interface TableOptions {
  /** Columns of the terminal; absent: as wide as the content. */
  readonly width?: number
  readonly colour?: boolean
  readonly wide?: boolean
  /** `COLUMN` or `COLUMN:desc`. */
  readonly sort?: string
  /** `a,b,c`. */
  readonly columns?: string
}

const GAP = '  '
/** Cut further, two names look the same. */
const SHORTEST = 10

/**
 * Rows as lines of text, the heading first, each ended by a newline. What does not fit the width loses the middle of
 * its longest cells, then its last columns.
 *
 * @throws TsnetError `usage` for an unknown column
 */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], options: TableOptions): string {
  const chosen = chooseColumns(columns, options)
  const cells = sortRows(columns, rows, options.sort).map((row) => chosen.map((column) => column.text(row)))
  const natural = chosen.map((column, at) =>
    cells.reduce((width, line) => Math.max(width, displayWidth(line[at] ?? '')), column.name.length),
  )
  const limited = options.width !== undefined && options.wide !== true
  const widths = limited ? fitWidths(natural, options.width ?? 0, options.columns === undefined) : natural
  const heading = lineOf(
    chosen.map(({ name }) => name),
    chosen,
    widths,
  )
  const lines = cells.map((line) => lineOf(line, chosen, widths))
  return [options.colour === true ? `\x1b[1m${heading}\x1b[22m` : heading, ...lines, ''].join('\n')
}

function lineOf<Row>(texts: readonly string[], columns: readonly Column<Row>[], widths: readonly number[]): string {
  const cells = widths.map((width, at) => padCells(texts[at] ?? '', width, columns[at]?.align))
  return cells.join(GAP).trimEnd()
}

/** What `--columns` names, else what is not only for `--wide`. */
function chooseColumns<Row>(columns: readonly Column<Row>[], options: TableOptions): readonly Column<Row>[] {
  if (options.columns === undefined) return columns.filter(({ wide }) => options.wide === true || wide !== true)
  return options.columns.split(',').map((name) => columnNamed(columns, name.trim()))
}

export function columnNamed<Row>(columns: readonly Column<Row>[], wanted: string): Column<Row> {
  const column = columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  if (column !== undefined) return column
  const names = columns.map(({ name }) => name.toLowerCase())
  throw new TsnetError('usage', `column ${wanted}: no such column${didYouMean(wanted, names)}`, {
    hint: `Columns: ${names.join(' ')}`,
  })
}

/** Stable: equal rows stay as they were. */
function sortRows<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  order: string | undefined,
): readonly Row[] {
  if (order === undefined) return rows
  const [name = '', direction = 'asc'] = order.split(':')
  if (direction !== 'asc' && direction !== 'desc') {
    throw new TsnetError('usage', `sort ${order}: want COLUMN, COLUMN:asc or COLUMN:desc`)
  }
  const column = columnNamed(columns, name)
  const sign = direction === 'desc' ? -1 : 1
  const collator = new Intl.Collator('en', { numeric: true })
  return rows
    .map((row) => ({ row, key: column.sort(row) }))
    .sort((a, b) => sign * compareKeys(a.key, b.key, collator))
    .map(({ row }) => row)
}

function compareKeys(a: string | number, b: string | number, collator: Intl.Collator): number {
  // not a difference: two columns without a value are both -Infinity
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : Number(a > b)
  return collator.compare(String(a), String(b))
}

/** Widths that fit: the widest give way first; when all are short, the last columns go. */
export function fitWidths(natural: readonly number[], room: number, mayDrop: boolean): readonly number[] {
  const widths = [...natural]
  const excess = (): number => widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - room
  for (let over = excess(); over > 0; over = excess()) {
    const widest = Math.max(...widths)
    if (widest <= SHORTEST) break
    const wide = widths.filter((width) => width === widest).length
    const next = Math.max(SHORTEST, ...widths.filter((width) => width < widest))
    const step = Math.min(widest - next, Math.ceil(over / wide))
    for (const [at, width] of widths.entries()) if (width === widest) widths[at] = width - step
  }
  while (mayDrop && widths.length > 1 && excess() > 0) widths.pop()
  return widths
}

/** Objects behind rows for `--json`, each once, with where it is. Rows that only a table has are left out. */
export function jsonRows<Each extends JsonRow>(
  rows: readonly Each[],
  nameOf: (namespace: Each['namespace']) => string,
): object[] {
  const seen = new Set<object>()
  const objects: object[] = []
  for (const { namespace, object } of rows) {
    if (seen.has(object)) continue
    seen.add(object)
    objects.push({ namespace: { inode: namespace.inode, name: nameOf(namespace) }, ...object })
  }
  return objects
}

interface JsonRow {
  readonly namespace: { readonly inode: number }
  readonly object: object
}
