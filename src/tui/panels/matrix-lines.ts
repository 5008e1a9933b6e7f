import type { MatrixCell } from '../../model/journey.ts'
import { sanitise } from '../../report/sanitise.ts'
import { layoutOf } from '../layout.ts'
import { cellMark, gridOf, type MatrixRow, targetText } from '../matrix/matrix.ts'
import { tableHeightOf, viewWindow } from '../selection.ts'
import type { State } from '../state.ts'
import { tableOf } from '../table.ts'
import { displayWidth, EMPTY_LINE, type Line, line, padTo, type Span, span, type Tone, wrap } from '../text.ts'

const TONES: Readonly<Record<ReturnType<typeof cellMark>, Tone>> = {
  '✓': 'good',
  '✖': 'error',
  '?': 'warning',
  '·': 'faint',
}
const WIDEST_NAME = 24
/** Columns a cell takes at least: its mark, and a bracket on either side when it is chosen. */
const CELL = 3

/**
 * ```
 *              1  2  3
 * ▸ web        ✓ [✖] ✓
 *   db         ✓  ✓  ?
 *
 *  web → 2 cache 172.20.0.2:6379 tcp
 *  ✖ dropped: no route …
 * ```
 */
export function matrixLines(state: State): readonly Line[] {
  const { answer } = state.matrix.asked
  if (answer === undefined) return []
  const table = tableOf(state)
  const { targets } = gridOf(answer)
  const { rightWidth } = layoutOf(state.size)
  const rows = table.items.map(({ row }) => row as MatrixRow)
  const nameWidth = Math.min(WIDEST_NAME, Math.max(4, ...sample(rows).map(({ from }) => displayWidth(sanitise(from)))))
  const cellWidth = Math.max(CELL, String(targets.length).length + 1)
  const room = Math.max(1, Math.floor((rightWidth - nameWidth - 4) / cellWidth))
  const first = Math.max(0, Math.min(state.matrix.column - Math.floor(room / 2), targets.length - room))
  const { top, height, selected } = viewWindow(state, table)
  const shown = { first, room, nameWidth, cellWidth, column: state.matrix.column }
  const lines = rows.slice(top, top + height).map((row, at) => rowLine(row, shown, top + at === selected))
  const filling = Array.from(
    { length: Math.max(0, Math.min(1, tableHeightOf(state) - lines.length)) },
    () => EMPTY_LINE,
  )
  return [headLine(targets.length, shown), ...lines, ...filling, ...chosenLines(rows[selected], state, rightWidth)]
}

function sample<Each>(rows: readonly Each[]): readonly Each[] {
  return rows.slice(0, 400)
}

interface Shown {
  readonly first: number
  readonly room: number
  readonly nameWidth: number
  readonly cellWidth: number
  readonly column: number
}

function headLine(count: number, { first, room, nameWidth, cellWidth, column }: Shown): Line {
  const numbers = Array.from({ length: Math.min(room, count - first) }, (_, at): Span => {
    const text = padTo(String(first + at + 1), cellWidth - 1, 'right')
    return span(`${text} `, first + at === column ? 'heading' : 'faint')
  })
  const before = first > 0 ? '‹' : ' '
  const after = first + room < count ? '›' : ''
  return line('  ', span(padTo('FROM', nameWidth), 'heading'), span(before, 'faint'), ...numbers, span(after, 'faint'))
}

function rowLine(
  { from, cells }: MatrixRow,
  { first, room, nameWidth, cellWidth, column }: Shown,
  isChosen: boolean,
): Line {
  const spans = cells.slice(first, first + room).map((cell, at): Span => {
    const mark = cellMark(cell)
    const isCell = isChosen && first + at === column
    const text = isCell ? `[${mark}]` : ` ${mark} `
    return span(' '.repeat(cellWidth - CELL) + text, TONES[mark])
  })
  return line(
    span(isChosen ? '▸ ' : '  ', 'accent'),
    span(padTo(sanitise(from), nameWidth), isChosen ? 'strong' : 'plain'),
    ...spans,
  )
}

/** Lines of a reason under the grid. */
const REASON_LINES = 2

function chosenLines(row: MatrixRow | undefined, state: State, width: number): readonly Line[] {
  const cell = row?.cells[state.matrix.column]
  if (row === undefined || cell === undefined) return []
  const mark = cellMark(cell)
  const head = `${sanitise(row.from, { max: 40 })} → ${state.matrix.column + 1}  ${targetText(cell.to)}`
  const reason = wrap(`${mark} ${sentence(cell)}`, width - 4).slice(0, REASON_LINES)
  return [line(' ', span(head, 'strong')), ...reason.map((text) => line('  ', span(text, TONES[mark])))]
}

function sentence({ verdict, isAnswered, reason }: MatrixCell): string {
  if (isAnswered) return 'delivered and answered'
  return sanitise(verdict === 'delivered' ? reason : `${verdict}: ${reason}`)
}
