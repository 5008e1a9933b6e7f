import { layoutOf, SMALLEST } from '../layout.ts'
import { overlayLines } from '../overlay-lines.ts'
import type { State } from '../state.ts'
import { tableOf } from '../table.ts'
import { type Line, line, span } from '../text.ts'
import { captureLines } from './capture-lines.ts'
import { drawingLines } from './drawing-lines.ts'
import { matrixLines } from './matrix-lines.ts'
import { namespaceLines } from './namespace-lines.ts'
import { type Panel, paintPanel } from './paint.ts'
import type { Palette } from './palette.ts'
import { hintLine, statusLine } from './status-lines.ts'
import { tabLine } from './tab-line.ts'
import { tableLines } from './table-lines.ts'
import { headingLine, titleLine } from './title-lines.ts'

/** The whole screen: panels side by side in rows, from top to bottom. */
export type Frame = readonly (readonly Panel[])[]

/** What the screen shows, from the state alone. */
export function frameOf(state: State, palette: Palette): Frame {
  const { columns, rows } = state.size
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    const text = `needs ${SMALLEST.columns}×${SMALLEST.rows}`
    return [[paintPanel([line(text)], { width: columns, height: 1 }, palette)]]
  }
  const wide = { width: columns, height: 2 }
  return [
    [paintPanel([titleLine(state), headingLine(state)], wide, palette)],
    bodyOf(state, palette),
    [paintPanel([statusLine(state), hintLine(state)], wide, palette)],
  ]
}

/** Whether two frames look the same: then nothing has to be drawn. */
export function isSameFrame(a: Frame | undefined, b: Frame): boolean {
  const panels = a?.flat() ?? []
  const others = b.flat()
  return (
    panels.length === others.length &&
    panels.every(({ text, width, height }, position) => {
      const other = others[position]
      return other !== undefined && text === other.text && width === other.width && height === other.height
    })
  )
}

function bodyOf(state: State, palette: Palette): readonly Panel[] {
  const { folded, bodyHeight, leftWidth, rightWidth } = layoutOf(state.size)
  if (state.overlay !== undefined) {
    const { top } = state.overlay
    const lines = overlayLines(state.overlay, state.size.columns).slice(top, top + bodyHeight)
    return [paintPanel(lines, { width: state.size.columns, height: bodyHeight }, palette)]
  }
  const left = (): Panel => paintPanel(namespaceLines(state), { width: leftWidth, height: bodyHeight }, palette)
  const right = (): Panel => paintPanel(viewLines(state), { width: rightWidth, height: bodyHeight }, palette)
  if (folded) return [state.place.pane === 'namespaces' ? left() : right()]
  return [left(), paintPanel(rule(bodyHeight), { width: 1, height: bodyHeight }, palette), right()]
}

function rule(height: number): readonly Line[] {
  return Array.from({ length: height }, () => line(span('│', 'faint')))
}

function viewLines(state: State): readonly Line[] {
  const { rightWidth } = layoutOf(state.size)
  return [tabLine(state, rightWidth), ...contentLines(state)]
}

function contentLines(state: State): readonly Line[] {
  const { view } = state.place
  if (view === 'topology') return drawingLines(state)
  if (view === 'matrix' && tableOf(state).items.length > 0) return matrixLines(state)
  return view === 'capture' ? captureLines(state) : tableLines(state)
}
