import type { State } from '../state.ts'
import { displayWidth, type Line, line, type Span, span } from '../text.ts'
import { VIEWS } from '../views/views.ts'

/** `1 summary  2 links  3 bridges …`; when they do not fit, the page of them with the chosen one, between ‹ and ›. */
export function tabLine(state: State, width: number): Line {
  const labels = VIEWS.map(({ title }, position) => (position < 9 ? `${position + 1} ${title}` : title))
  const chosen = VIEWS.findIndex(({ id }) => id === state.place.view)
  const { from, to } = pageOf(labels, chosen, width - 4)
  const tabs = labels.slice(from, to).map((label, position): Span => {
    return from + position === chosen ? span(`[${label}]`, 'heading') : span(` ${label} `, 'faint')
  })
  return line(span(from > 0 ? '‹ ' : '  ', 'faint'), ...tabs, span(to < labels.length ? ' ›' : '', 'faint'))
}

/** Pages, so that the tabs stay where they are while one goes through them. */
function pageOf(
  labels: readonly string[],
  chosen: number,
  room: number,
): { readonly from: number; readonly to: number } {
  let from = 0
  let left = room
  for (const [position, label] of labels.entries()) {
    const width = displayWidth(label) + 2
    if (width > left && position > from) {
      if (chosen < position) return { from, to: position }
      from = position
      left = room
    }
    left -= width
  }
  return { from, to: labels.length }
}
