import { paint } from './drawing/canvas.ts'
import type { State } from './state.ts'
import { factsOf, indentOf, tableOf } from './table.ts'
import { displayWidth, padTo } from './text.ts'
import { arrangementOf } from './views/topology.ts'

/** The whole view as text: every row that the filter lets through, or the marked ones, nothing cut. */
export function tableText(state: State): string {
  if (state.place.view === 'topology') return drawingText(state)
  const { columns, items } = tableOf(state)
  const marked = items.filter(({ id }) => state.marked.has(id))
  const rows = (marked.length > 0 ? marked : items).map((item) =>
    columns.map((column, position) => (position === 0 ? ' '.repeat(indentOf(item)) : '') + column.text(item.row)),
  )
  const headings = columns.map(({ name }) => name)
  const widths = headings.map((name, position) =>
    Math.max(displayWidth(name), ...rows.map((cells) => displayWidth(cells[position] ?? ''))),
  )
  const lines = [headings, ...rows].map((cells) =>
    cells
      .map((cell, position) => padTo(cell, widths[position] ?? 0, columns[position]?.align))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

function drawingText(state: State): string {
  const arrangement = arrangementOf(factsOf(state))
  const lines = paint(arrangement, { rows: { from: 0, to: arrangement.height } })
  return `${lines
    .map(({ spans }) =>
      spans
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n')}\n`
}
