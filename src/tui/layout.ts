import type { Size } from './state.ts'

/** Below this width there is no room for two panes side by side. */
const TWO_PANES = 100
/** The least that a person can still work in. */
export const SMALLEST: Size = { columns: 30, rows: 8 }

/**
 * ```
 * title                    1
 * ─ namespaces ─┬─ where ─ 1
 *  list         │  tabs    1  ┐
 *               │  header  1  ├ body
 *               │  rows    n  ┘
 * status                   1
 * keys                     1
 * ```
 * One line of the screen stays free, so that nothing ever scrolls.
 */
export interface Layout {
  /** Whether only one pane is shown at a time. */
  readonly folded: boolean
  readonly leftWidth: number
  readonly rightWidth: number
  /** Lines of either pane below its title. */
  readonly bodyHeight: number
  /** Rows of a table: the body without tabs and column headings. */
  readonly tableHeight: number
}

export function layoutOf(size: Size): Layout {
  const columns = Math.max(1, size.columns)
  const bodyHeight = Math.max(1, size.rows - 5)
  const folded = columns < TWO_PANES
  const leftWidth = folded ? columns : Math.min(36, Math.floor(columns / 4) + 2)
  return {
    folded,
    leftWidth,
    rightWidth: folded ? columns : columns - leftWidth - 1,
    bodyHeight,
    tableHeight: Math.max(1, bodyHeight - 2),
  }
}
