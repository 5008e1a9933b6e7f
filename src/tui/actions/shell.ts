import { selectedItem } from '../selection.ts'
import { type State, type Transition, tell, withEffect } from '../state.ts'
import { NO_NAMESPACE } from '../views/view.ts'

/** The namespace of the selected row, or of the left pane. */
export function openShell(state: State): Transition {
  const namespace = selectedItem(state)?.namespace ?? state.place.scope
  if (typeof namespace !== 'number' || namespace === NO_NAMESPACE)
    return tell(state, 'select one namespace for a shell', 'warning')
  if (state.host.status === 'saved') {
    return tell(state, 'this is a saved snapshot: there is no namespace to enter', 'warning')
  }
  return withEffect(state, { type: 'shell', namespace })
}
