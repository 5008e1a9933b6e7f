import type { Place as KernelPlace } from '../../model/journey.ts'
import { sanitise } from '../../report/sanitise.ts'
import { layoutOf } from '../layout.ts'
import { listKey, type State } from '../state.ts'
import { tableOf } from '../table.ts'
import { placeWords, shownAt } from '../views/places.ts'

/** Selects the row, in sight and not at the edge. Undefined while it is not there, whatever hides rows put away. */
export function selectRow(state: State, row: string): State | undefined {
  for (const shown of revealed(state)) {
    const position = tableOf(shown).positionOf(row)
    if (position !== undefined) return withSelection(shown, row, position)
  }
  return undefined
}

/** The cursor waits for a row that is not read yet. */
export function withSelection(state: State, row: string, position: number): State {
  const offset = Math.min(position, Math.floor(layoutOf(state.size).tableHeight / 3))
  const key = listKey({ ...state.place, pane: 'view' })
  return { ...state, cursors: new Map(state.cursors).set(key, { id: row, position, offset }) }
}

/** As it is, then without the filter, without "faults only", with the branches of the namespace unfolded. */
function* revealed(state: State): Generator<State> {
  yield state
  const filters = new Map(state.filters)
  const unfiltered = filters.delete(state.place.view) ? { ...state, filters } : state
  if (unfiltered !== state) yield unfiltered
  const everything = { ...unfiltered, faultsOnly: false }
  if (state.faultsOnly) yield everything
  const branch = `${state.place.scope}/`
  const folded = new Set([...state.folded].filter((id) => !id.startsWith(branch)))
  if (folded.size < state.folded.size) yield { ...everything, folded }
}

/**
 * Goes on looking for the kernel object that somebody went to: its table may be read only from now on.
 *
 * @param isRead whether what is not there now is not there at all
 */
export function seek(state: State, isRead: boolean): State {
  const { sought, host } = state
  if (sought === undefined) return state
  const namespace = host.snapshot.namespaces.find(({ inode }) => inode === sought.namespace)
  const row = namespace && shownAt(host.snapshot, namespace, sought)?.row
  const found = row === undefined ? undefined : selectRow(state, row)
  if (found !== undefined) return { ...found, sought: undefined }
  if (!isRead || state.frozen) return state
  const over = { ...state, sought: undefined }
  if (!isOfOneRow(sought)) return over
  const text = `${placeWords(sought)} is no longer there (${sanitise(sought.name, { max: 40 })})`
  return { ...over, notice: { text, tone: 'warning' } }
}

/** Not of what is about something missing. */
function isOfOneRow({ kind, entry, link, chain }: KernelPlace): boolean {
  if (kind === 'link' || kind === 'bridge-port') return link !== undefined
  return entry !== undefined || chain !== undefined
}
