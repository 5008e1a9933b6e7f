import type { Panel } from './state.ts'

/** Columns and lines of the screen, the frame included. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Where everything is; the last line is for the keys. */
export type Layout = Readonly<Record<Panel | 'chart', Area>>

/**
 * ```
 * ┌chart────────────┐┌rates───────────┐
 * ├talkers──────────┤├losses──────────┤
 * ├tables───────────┤├events──────────┤
 *  keys
 * ```
 */
export function layoutOf(columns: number, lines: number): Layout {
  const height = Math.max(9, lines - 1)
  const left = Math.floor(columns / 2)
  const high = Math.floor(height * 0.44)
  const middle = Math.floor((height - high) / 2)
  const pair = (top: number, rows: number): readonly [Area, Area] => [
    { left: 0, top, width: left, height: rows },
    { left, top, width: columns - left, height: rows },
  ]
  const [chart, rates] = pair(0, high)
  const [talkers, losses] = pair(high, middle)
  const [tables, events] = pair(high + middle, height - high - middle)
  return { chart, rates, talkers, losses, tables, events }
}
