import type { Namespace } from '../../model/snapshot.ts'
import { paneOf } from '../pane.ts'
import { activeList, selectedItem } from '../selection.ts'
import { only, type State, type Transition, tell } from '../state.ts'

/** The namespace that is selected as such: in the left pane, in an overview, in the drawing. */
export function selectedNamespace(state: State): Namespace | undefined {
  const { namespaces } = state.host.snapshot
  if (state.place.pane === 'namespaces') {
    const item = paneOf(state).items[activeList(state).window.selected]
    return item?.kind === 'namespace' ? item.namespace : undefined
  }
  const object = selectedItem(state)?.object
  return namespaces.find((each) => each === object)
}

/** space on a namespace: one end of a path, then the other; again takes the mark away. */
export function markEnd(state: State, { inode }: Namespace): Transition {
  const { ends } = state
  if (ends.includes(inode)) return only({ ...state, ends: ends.filter((each) => each !== inode) })
  const next = { ...state, ends: [...ends.slice(0, 1), inode] }
  return tell(
    next,
    next.ends.length === 1 ? 'source marked: space on the destination, then p' : 'p predicts the path',
    'faint',
  )
}
