import { type Cursor, moveTo, scrollBy } from '../cursor.ts'
import { paneOf } from '../pane.ts'
import { activeList } from '../selection.ts'
import { listKey, only, type State, type Transition } from '../state.ts'
import { withoutCursor } from './capture.ts'

export function moveBy(state: State, rows: number): Transition {
  const { order, window } = activeList(state)
  return only(withCursor(state, moveTo(window.selected + rows, window, order)))
}

export function moveByPage(state: State, pages: 1 | -1): Transition {
  const { window } = activeList(state)
  return moveBy(state, pages * Math.max(1, window.height - 1))
}

export function moveToEnd(state: State, end: 'first' | 'last'): Transition {
  // where packets come in, the end is wherever the newest is
  if (end === 'last' && state.place.pane === 'view' && state.place.view === 'capture') return only(withoutCursor(state))
  const { order, window } = activeList(state)
  return only(withCursor(state, moveTo(end === 'first' ? 0 : order.length - 1, window, order)))
}

export function scroll(state: State, rows: number): Transition {
  const { order, window } = activeList(state)
  return only(withCursor(state, scrollBy(rows, window, order)))
}

/** In the left pane the view follows the selection. */
export function withCursor(state: State, cursor: Cursor | undefined): State {
  if (cursor === undefined) return state
  const cursors = new Map(state.cursors).set(listKey(state.place), cursor)
  if (state.place.pane === 'view') return { ...state, cursors, sought: undefined }
  const scope = paneOf(state).items[cursor.position]?.scope ?? state.place.scope
  const { row: _, ...place } = state.place
  return { ...state, cursors, place: { ...place, scope } }
}
