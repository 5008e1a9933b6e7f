import type { Column } from '../../report/columns.ts'
import { type Sort, type State, type Transition, tell } from '../state.ts'
import { tableOf } from '../table.ts'

/** A capital sorts by the column it begins, then the other way round, then by the next such column. */
export function sortByLetter(state: State, letter: string): Transition {
  const columns = tableOf(state).columns.filter(({ name }) => name.toUpperCase().startsWith(letter))
  if (columns.length === 0) return tell(state, `no column begins with ${letter}`, 'faint')
  return sortBy(state, nextSort(columns, state.sorts.get(state.place.view)))
}

function nextSort(columns: readonly Column<unknown>[], sort: Sort | undefined): Sort | undefined {
  const at = columns.findIndex(({ name }) => name === sort?.column)
  const current = columns[at]
  if (current === undefined || sort === undefined) return first(columns[0])
  if (sort.descending === isNumeric(current)) return { column: current.name, descending: !sort.descending }
  const next = columns[at + 1]
  return next === undefined ? undefined : first(next)
}

/** Numbers are looked at largest first. */
function first(column: Column<unknown> | undefined): Sort | undefined {
  return column === undefined ? undefined : { column: column.name, descending: isNumeric(column) }
}

function isNumeric(column: Column<unknown>): boolean {
  return column.align === 'right'
}

export function sortBy(state: State, sort: Sort | undefined): Transition {
  const sorts = new Map(state.sorts)
  if (sort === undefined) sorts.delete(state.place.view)
  else sorts.set(state.place.view, sort)
  const text =
    sort === undefined ? 'in their own order' : `sorted by ${sort.column}${sort.descending ? ', largest first' : ''}`
  return tell({ ...state, sorts }, text)
}
