import type { Column } from '../../report/columns.ts'
import { layoutOf } from '../layout.ts'
import { viewWindow } from '../selection.ts'
import { flashKey, type Sort, type State } from '../state.ts'
import { factsOf, indentOf, type Table, tableOf } from '../table.ts'
import { cutEnd, displayWidth, EMPTY_LINE, type Line, line, padTo, type Span, span, type Tone, wrap } from '../text.ts'
import type { Item, View } from '../views/view.ts'

/** Columns between two cells, where there is room. */
const GAP = 2
/** Before the first cell: the pointer, and the mark of a chosen or changed row. */
const GUTTER = 2

/**
 * ```
 *   LINK   KIND  STATE  MTU   ADDRESS        PEER
 * ▸ eth0   veth  up     1500  172.19.0.3/16  host veth1f2a
 *  ~lo     –     up     65536 127.0.0.1/8
 * ```
 */
export function tableLines(state: State): readonly Line[] {
  const table = tableOf(state)
  const { rightWidth } = layoutOf(state.size)
  if (table.items.length === 0) return emptyLines(state, table, rightWidth)
  const fitting = fitColumns(table.widths, rightWidth - GUTTER)
  const { top, height, selected } = viewWindow(state, table)
  const rows = table.items
    .slice(top, top + height)
    .map((item, row) => rowLine(item, { state, table, fitting, selected: top + row === selected }))
  return [headingLine(table.columns, fitting, state.sorts.get(table.view.id)), ...rows]
}

function emptyLines(state: State, { view, total }: Table, width: number): readonly Line[] {
  const filter = state.filters.get(view.id)
  const text =
    total > 0 && filter !== undefined
      ? `None of ${total} rows matches /${filter} — esc clears the filter.`
      : emptySentence(state, view)
  return [EMPTY_LINE, ...wrap(text, width - 4).map((part) => line('  ', span(part, 'faint')))]
}

export function emptySentence(state: State, { empty }: View): string {
  const { host, place } = state
  if (typeof place.scope === 'number' && !host.snapshot.namespaces.some(({ inode }) => inode === place.scope)) {
    return 'This namespace is no longer there.'
  }
  return typeof empty === 'string' ? empty : empty(factsOf(state))
}

/** What a column keeps at least; the first one names the row. */
const LEAST = 12
const LEAST_FIRST = 26

/** Widths of the columns that fit, and of the gaps between them. */
export interface Fitting {
  readonly widths: readonly number[]
  readonly gap: number
}

/**
 * As many columns from the left as keep their least, then what room is left is shared out, so that narrow
 * columns are whole and only the widest are cut.
 */
export function fitColumns(wanted: readonly number[], room: number): Fitting {
  const isTight = wanted.reduce((sum, width) => sum + width + GAP, -GAP) > room
  const gap = isTight ? 1 : GAP
  const widths: number[] = []
  let left = room
  for (const [position, width] of wanted.entries()) {
    const least = Math.min(width, position === 0 ? LEAST_FIRST : LEAST) + (position === 0 ? 0 : gap)
    if (least > left) break
    widths.push(least - (position === 0 ? 0 : gap))
    left -= least
  }
  return { widths: widths.length === 0 ? [Math.max(1, room)] : shareOut(widths, wanted, left), gap }
}

/** Those that lack least are made whole first. */
function shareOut(least: readonly number[], wanted: readonly number[], room: number): readonly number[] {
  const widths = [...least]
  const lacking = least
    .map((width, position) => ({ position, lack: (wanted[position] ?? 0) - width }))
    .sort((a, b) => a.lack - b.lack)
  let left = room
  for (const [place, { position, lack }] of lacking.entries()) {
    const more = Math.min(lack, Math.floor(left / (lacking.length - place)))
    widths[position] = (widths[position] ?? 0) + more
    left -= more
  }
  return widths
}

function headingLine(columns: readonly Column<unknown>[], { widths, gap }: Fitting, sort: Sort | undefined): Line {
  const cells = widths.map((width, position) => {
    const column = columns[position]
    if (column === undefined) return ''
    const arrow = sort?.column === column.name ? (sort.descending ? '▼' : '▲') : ''
    return padTo(column.name + arrow, width, column.align)
  })
  return line(span(' '.repeat(GUTTER) + cells.join(' '.repeat(gap)), 'heading'))
}

interface RowContext {
  readonly state: State
  readonly table: Table
  readonly fitting: Fitting
  readonly selected: boolean
}

const HEALTH_TONES: Readonly<Record<string, Tone>> = { '●': 'plain', '▲': 'warning', '✖': 'error' }

function rowLine(item: Item, context: RowContext): Line {
  const { state, table, fitting, selected } = context
  const { widths, gap } = fitting
  const lit = widths.map((_, position) => isLit(item, table.columns[position]?.name ?? '', state))
  const tone = HEALTH_TONES[item.health?.mark ?? '●'] ?? 'plain'
  const texts = widths.map((_, position) => cellText(item, table.columns[position], position))
  const cells = spreadCells(texts, fitting).map(({ text, width, position }) => {
    const { align, cut } = table.columns[position] ?? {}
    const cell = padTo(cut === 'end' ? cutEnd(text, width) : text, width, align)
    return span(position === 0 ? cell : ' '.repeat(gap) + cell, lit[position] === true ? 'changed' : tone)
  })
  const pointer = span(selected ? '▸' : ' ', 'accent')
  return {
    ...line(pointer, markSpan(item, state, lit.includes(true)), ...cells),
    selected: selected && state.place.pane === 'view',
  }
}

function cellText(item: Item, column: Column<unknown> | undefined, position: number): string {
  return (position === 0 ? treePrefix(item) : '') + (column?.text(item.row) ?? '')
}

interface Cell {
  readonly text: string
  readonly width: number
  readonly position: number
}

/** A text that is too long for its column takes the room of the empty ones after it. */
function spreadCells(texts: readonly string[], { widths, gap }: Fitting): readonly Cell[] {
  const cells: Cell[] = []
  for (let position = 0; position < texts.length; ) {
    const text = texts[position] ?? ''
    let width = widths[position] ?? 0
    let next = position + 1
    while (next < texts.length && texts[next] === '' && displayWidth(text) > width) {
      width += gap + (widths[next] ?? 0)
      next++
    }
    cells.push({ text, width, position })
    position = next
  }
  return cells
}

/** Whether a cell changed a moment ago, or the whole row is new. */
function isLit({ id }: Item, column: string, { flashes }: State): boolean {
  return flashes.has(flashKey(id, column)) || flashes.has(flashKey(id, ''))
}

function markSpan(item: Item, state: State, isChanged: boolean): Span {
  if (state.marked.has(item.id)) return span('◆', 'accent')
  if (state.flashes.has(flashKey(item.id, ''))) return span('+', 'changed')
  return isChanged ? span('~', 'changed') : healthSpan(item)
}

function healthSpan({ health }: Item): Span {
  return health === undefined || health.mark === '●'
    ? span(' ')
    : span(health.mark, HEALTH_TONES[health.mark] ?? 'plain')
}

function treePrefix(item: Item): string {
  if (item.open === undefined) return ' '.repeat(indentOf(item))
  return `${' '.repeat(indentOf(item) - 2)}${item.open ? '▾' : '▹'} `
}
