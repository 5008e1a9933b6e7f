import { bindingOf } from '../keys.ts'
import { layoutOf } from '../layout.ts'
import { overlayLines } from '../overlay-lines.ts'
import { type Overlay, only, type State, type Transition, withEffect } from '../state.ts'
import { quit } from './question.ts'
import { saveView } from './save.ts'

/** A key while help, a description or JSON lies over the view: it scrolls, or closes it. */
export function typeOverlay(state: State, overlay: Overlay, key: string): Transition {
  const { bodyHeight } = layoutOf(state.size)
  const to = (top: number): Transition => {
    const last = Math.max(0, overlayLines(overlay, state.size.columns).length - bodyHeight)
    return only({ ...state, overlay: { ...overlay, top: Math.max(0, Math.min(top, last)) } })
  }
  switch (bindingOf(key)?.action) {
    case 'down':
      return to(overlay.top + 1)
    case 'up':
      return to(overlay.top - 1)
    case 'scroll-down':
      return to(overlay.top + 3)
    case 'scroll-up':
      return to(overlay.top - 3)
    case 'page-down':
    case 'mark':
      return to(overlay.top + bodyHeight - 1)
    case 'page-up':
      return to(overlay.top - bodyHeight + 1)
    case 'first':
      return to(0)
    case 'last':
      return to(Number.MAX_SAFE_INTEGER)
    case 'save':
      return saveView(state)
    case 'suspend':
      return withEffect(state, { type: 'suspend' })
    case 'redraw':
      return withEffect(state, { type: 'redraw' })
    case 'quit':
      return key === 'q' ? close(state) : quit(state, key)
    case 'escape':
    case 'left':
    case 'enter':
    case 'help':
    case 'describe':
    case 'json':
      return close(state)
    default:
      return only(state)
  }
}

function close(state: State): Transition {
  return only({ ...state, overlay: undefined })
}
