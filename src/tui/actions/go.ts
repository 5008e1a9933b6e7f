import { layoutOf } from '../layout.ts'
import { gridOf } from '../matrix/matrix.ts'
import { ALL, type Place, type Scope, type Step, stepAside, stepBack, stepForward, stepInto, stepUp } from '../place.ts'
import { selectedItem, targetOf } from '../selection.ts'
import { filterKey, only, type State, type Transition, tell } from '../state.ts'
import type { ViewId } from '../views/view.ts'
import { VIEWS } from '../views/views.ts'
import { describe } from './look.ts'
import { seek, selectRow, withSelection } from './seek.ts'

export function enter(state: State): Transition {
  const target = targetOf(state)
  if (target.kind === 'describe') return describe(state)
  if (target.kind === 'none' || target.kind === 'cell' || target.kind === 'packet') return only(state)
  if (target.kind === 'fold') return only(toggleFold(state, target.id))
  return only(goInto(state, { ...withoutRow(state.place), pane: 'view', ...target.place }))
}

function toggleFold(state: State, id: string): State {
  const folded = new Set(state.folded)
  if (!folded.delete(id)) folded.add(id)
  return { ...state, folded }
}

/** Goes to a place that esc comes back from. */
export function goInto(state: State, place: Place): State {
  return arrive({ ...state, trail: stepInto(state.trail, here(state)) }, place)
}

export function goAside(state: State, place: Place): State {
  return arrive({ ...state, trail: stepAside(state.trail, here(state)) }, place)
}

/** The place with the row that is selected in it, to come back to. */
function here(state: State): Place {
  const item = selectedItem(state)
  return item === undefined ? state.place : { ...state.place, row: item.id }
}

/** Selects the row that the place names, unfolding what hides it and dropping a filter that does. */
function arrive(state: State, { object, ...place }: Place): State {
  const arrived: State = { ...state, place, shift: 0, sought: object }
  if (place.pane !== 'view') return arrived
  if (object !== undefined) {
    const found = seek(arrived, state.host.status === 'saved')
    return found.sought === undefined ? found : waiting(found, place)
  }
  return place.row === undefined ? arrived : (selectRow(arrived, place.row) ?? waiting(arrived, place))
}

/** What is read only from now on is selected as soon as it is there. */
function waiting(state: State, { view, row }: Place): State {
  return row === undefined ? state : withSelection(withoutFilter(state, view), row, 0)
}

function withoutFilter(state: State, key: string): State {
  if (!state.filters.has(key)) return state
  const filters = new Map(state.filters)
  filters.delete(key)
  return { ...state, filters }
}

/** Closes what is nearest: the filter, then the place. */
export function backOut(state: State): Transition {
  const key = filterKey(state)
  if (state.filters.has(key)) return only(withoutFilter(state, key))
  if (state.marked.size > 0) return only({ ...state, marked: new Set() })
  if (state.ends.length > 0 && state.place.view !== 'path') return only({ ...state, ends: [] })
  const step = stepUp(state.trail, here(state))
  if (step !== undefined) return only(take(state, step))
  if (state.place.pane === 'view') return only({ ...state, place: { ...state.place, pane: 'namespaces' } })
  return tell(state, 'this is the top: q quits', 'faint')
}

export function goBack(state: State): Transition {
  const step = stepBack(state.trail, here(state))
  return step === undefined ? tell(state, 'no place before this one', 'faint') : only(take(state, step))
}

export function goForward(state: State): Transition {
  const step = stepForward(state.trail, here(state))
  return step === undefined ? tell(state, 'no place after this one', 'faint') : only(take(state, step))
}

function take(state: State, { place, trail }: Step): State {
  return { ...arrive(state, place), trail }
}

/** Where only one pane has room, whoever asks for a view wants to see it. */
export function toView(state: State, view: ViewId): State {
  const pane = layoutOf(state.size).folded ? 'view' : state.place.pane
  if (view === state.place.view && pane === state.place.pane) return state
  return goAside(state, { ...withoutRow(state.place), view, pane })
}

export function toScope(state: State, scope: Scope): State {
  if (scope === state.place.scope) return state
  return goAside(state, { ...withoutRow(state.place), scope })
}

export function nextView(state: State, by: 1 | -1): Transition {
  const at = VIEWS.findIndex(({ id }) => id === state.place.view)
  const next = VIEWS[(at + by + VIEWS.length) % VIEWS.length]
  return only(next === undefined ? state : toView(state, next.id))
}

export function viewByNumber(state: State, key: string): Transition {
  const view = VIEWS[Number(key) - 1]
  return only(view === undefined ? state : toView(state, view.id))
}

export function allNamespaces(state: State): Transition {
  return only(toScope(state, ALL))
}

const SIDEWAYS = 10

export function toLeft(state: State): Transition {
  if (state.place.pane === 'view' && state.place.view === 'matrix' && state.matrix.column > 0) {
    return only(moveColumn(state, -1))
  }
  if (state.place.pane === 'view' && state.place.view === 'topology' && state.shift > 0) {
    return only({ ...state, shift: Math.max(0, state.shift - SIDEWAYS) })
  }
  return only({ ...state, place: { ...withoutRow(state.place), pane: 'namespaces' } })
}

export function toRight(state: State): Transition {
  if (state.place.pane === 'view') {
    if (state.place.view === 'matrix') return only(moveColumn(state, 1))
    return only(state.place.view === 'topology' ? { ...state, shift: state.shift + SIDEWAYS } : state)
  }
  return only({ ...state, place: { ...withoutRow(state.place), pane: 'view' } })
}

function moveColumn(state: State, by: 1 | -1): State {
  const { matrix } = state
  const last = (matrix.asked.answer === undefined ? 0 : gridOf(matrix.asked.answer).targets.length) - 1
  return { ...state, matrix: { ...matrix, column: Math.max(0, Math.min(matrix.column + by, last)) } }
}

function withoutRow(place: Place): Place {
  const { row: _, ...rest } = place
  return rest
}
