import { sanitise } from '../../report/sanitise.ts'
import { cellMark, gridOf, type MatrixRow, type MatrixState, targetText } from '../matrix/matrix.ts'
import { type Item, NO_NAMESPACE, type View } from './view.ts'

/** Rows are sources; the cells are drawn by the panel, for there are more columns than any table has. */
export const MATRIX: View<MatrixRow> = {
  id: 'matrix',
  title: 'matrix',
  heading: ({ matrix }) => matrixHeading(matrix),
  aliases: ['reachability'],
  kinds: ['links', 'addrs'],
  inputs: ['matrix'],
  isWhole: true,
  topic: 'matrix',
  empty: ({ matrix: { asked } }) => {
    if (asked.answer !== undefined) return 'No container listens on any port: there is nothing to ask for.'
    return asked.problem === undefined ? '◐ Predicting every pair… esc stops it.' : sanitise(asked.problem)
  },
  columns: (_, { matrix }) => [
    { name: 'FROM', align: 'left', text: ({ from }) => sanitise(from), sort: ({ from }) => from },
    ...(matrix.asked.answer === undefined ? [] : gridOf(matrix.asked.answer).targets).map((target, at) => ({
      name: targetText(target),
      align: 'left' as const,
      text: ({ cells }: MatrixRow) => cellMark(cells[at]),
      sort: ({ cells }: MatrixRow) => cellMark(cells[at]),
    })),
  ],
  items: ({ matrix }) => (matrix.asked.answer === undefined ? [] : gridOf(matrix.asked.answer).rows).map(rowItem),
  enter: ({ row }, { matrix }) => {
    const cell = row.cells[matrix.column]
    if (cell === undefined) return undefined
    return { kind: 'cell', label: `the path ${sanitise(row.from, { max: 30 })} → ${targetText(cell.to)}` }
  },
}

function rowItem(row: MatrixRow): Item<MatrixRow> {
  return { id: `matrix ${row.from}`, namespace: NO_NAMESPACE, row, object: { from: row.from, cells: row.cells } }
}

function matrixHeading({ asked }: MatrixState): string {
  const { answer, isAsking } = asked
  const work = isAsking ? ' · ◐ predicting, esc stops it' : ''
  if (answer === undefined) return `matrix${work}`
  const fails = answer.cells.filter((cell) => cellMark(cell) === '✖').length
  return `matrix · ${answer.cells.length} pairs, ${fails} ✖${work}`
}
