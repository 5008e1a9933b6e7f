import type { Context } from '../command.ts'
import { nameOf } from '../model/wiring.ts'
import { type Column, namespaceColumn, type Row, type Table } from '../report/columns.ts'
import { columnNamed, formatTable, jsonRows, type TableOptions } from '../report/table.ts'

export interface Shown {
  /** Rows of several namespaces stand together. */
  readonly several: boolean
}

/** Prints rows as the person asked for them: a table, or JSON. */
export function showTable(context: Context, table: Table, rows: readonly Row[], { several }: Shown): void {
  const { options, output } = context
  const columns = several ? [namespaceColumn<Row>(), ...table.columns] : table.columns
  const asked = tableOptionsOf(context)
  if (!options.has('json')) {
    output.write(formatTable(columns, rows, asked))
    return
  }
  for (const name of asked.columns?.split(',') ?? []) columnNamed(columns, name.trim())
  output.json(jsonRows(rows.filter(isObject), nameOf))
}

/** A policy is a line of the table, but no rule: in JSON it is found in the snapshot's chains. */
function isObject({ object }: Row): boolean {
  return !('policy' in object)
}

/** How a table is wanted. */
export function tableOptionsOf({ options, output }: Pick<Context, 'options' | 'output'>): TableOptions {
  const { width, colour } = output.terminal
  const sort = options.text('sort')
  const columns = options.text('columns')
  return {
    colour,
    wide: options.has('wide'),
    ...(width === undefined ? {} : { width }),
    ...(sort === undefined ? {} : { sort }),
    ...(columns === undefined ? {} : { columns }),
  }
}

/** Columns of a table as they may be asked for. */
export function columnNames(columns: readonly Column<never>[]): string[] {
  return columns.map(({ name }) => name.toLowerCase())
}
