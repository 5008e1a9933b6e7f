import { detailLayout } from './capture/detail-layout.ts'
import { packetWindow } from './capture/follow.ts'
import { type Order, type Window, windowOf } from './cursor.ts'
import { layoutOf } from './layout.ts'
import { type Pane, paneOf } from './pane.ts'
import { listKey, type State } from './state.ts'
import { factsOf, type Table, tableOf } from './table.ts'
import type { Item, Target } from './views/view.ts'

/** The list that the arrow keys move in, and the part of it that is on the screen. */
export function activeList(state: State): { readonly order: Order; readonly window: Window } {
  if (state.place.pane === 'namespaces') {
    const pane = paneOf(state)
    return { order: pane, window: paneWindow(state, pane) }
  }
  const order = tableOf(state)
  return { order, window: viewWindow(state, order) }
}

/** The window of the view, whichever pane has the keys. */
export function viewWindow(state: State, table: Table): Window {
  const cursor = state.cursors.get(listKey({ ...state.place, pane: 'view' }))
  if (state.place.view === 'capture') {
    return packetWindow(cursor, table, { height: tableHeightOf(state), isSorted: state.sorts.has('capture') })
  }
  return windowOf(cursor, table, tableHeightOf(state))
}

/** Below a matrix stands what its chosen cell says. */
const BELOW_MATRIX = 4

/** Rows of the view that fit. */
export function tableHeightOf({ place, size, capture }: State): number {
  const { tableHeight } = layoutOf(size)
  if (place.view === 'capture' && capture.detail !== undefined) return detailLayout(size).listHeight
  return place.view === 'matrix' ? Math.max(1, tableHeight - BELOW_MATRIX) : tableHeight
}

/** The left pane's cursor is the scope itself. */
export function paneWindow(state: State, pane: Pane): Window {
  const cursor = state.cursors.get('namespaces')
  const id = String(state.place.scope)
  return windowOf(
    { id, position: cursor?.position ?? 0, offset: cursor?.offset ?? 0 },
    pane,
    layoutOf(state.size).bodyHeight,
  )
}

/** Selected row of the view; nothing when the keys are in the left pane or the view is empty. */
export function selectedItem(state: State): Item | undefined {
  if (state.place.pane !== 'view') return undefined
  return tableOf(state).items[activeList(state).window.selected]
}

/** What enter does, also where the view has no target of its own. */
export type Answer =
  | Target
  | { readonly kind: 'describe'; readonly label: string }
  | { readonly kind: 'none'; readonly label: string }

/** What enter would do now. The line at the bottom always says it. */
export function targetOf(state: State): Answer {
  if (state.place.pane === 'namespaces') return paneTarget(state)
  const item = selectedItem(state)
  if (item === undefined) return { kind: 'none', label: 'nothing here' }
  return tableOf(state).view.enter?.(item, factsOf(state)) ?? { kind: 'describe', label: 'describe this row' }
}

function paneTarget(state: State): Target {
  const item = paneOf(state).items[activeList(state).window.selected]
  if (item?.kind === 'group') {
    return { kind: 'fold', id: item.group.id, label: item.open ? 'fold this group' : 'unfold this group' }
  }
  return { kind: 'place', place: { pane: 'view' }, label: 'to its view' }
}
