import { overlayText } from '../overlay-lines.ts'
import { scopeName } from '../pane.ts'
import { type State, type Transition, withEffect } from '../state.ts'
import { tableText } from '../table-text.ts'

/** The view as text, all of its rows (or the marked ones), to a file in the working directory. */
export function saveView(state: State): Transition {
  const { view, scope } = state.place
  const name = [view, scopeName(state, scope)].map(plainName).join('-')
  return withEffect(state, {
    type: 'save',
    name,
    text: state.overlay === undefined ? tableText(state) : overlayText(state.overlay),
  })
}

/** What may stand in a file name without surprises. */
export function plainName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 60)
}
