import { failedLeg } from '../../model/journey-legs.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { PlacedBox } from '../drawing/arrange.ts'
import { paint } from '../drawing/canvas.ts'
import { litOf } from '../drawing/lit.ts'
import { layoutOf } from '../layout.ts'
import { viewWindow } from '../selection.ts'
import type { State } from '../state.ts'
import { factsOf, tableOf } from '../table.ts'
import { displayWidth, EMPTY_LINE, type Line, line, type Span, span } from '../text.ts'
import { pathHeading } from '../views/path.ts'
import { arrangementOf } from '../views/topology.ts'
import { emptySentence } from './table-lines.ts'

/** The part of the drawing that holds the chosen box. */
export function drawingLines(state: State): readonly Line[] {
  const table = tableOf(state)
  const { selected } = viewWindow(state, table)
  const chosen = table.items[selected]?.row as PlacedBox | undefined
  const arrangement = arrangementOf(factsOf(state))
  if (chosen === undefined) return [EMPTY_LINE, line('  ', span(emptySentence(state, table.view), 'faint'))]
  const { tableHeight, rightWidth } = layoutOf(state.size)
  const top = firstRow(chosen, tableHeight, arrangement.height)
  const left = firstColumn(chosen, rightWidth - 1, arrangement.width) + state.shift
  const { answer } = state.path.predicted
  const drawn = paint(arrangement, {
    chosen: chosen.box.id,
    ...(answer === undefined ? {} : { lit: litOf(answer, state.host.snapshot) }),
    rows: { from: top, to: top + tableHeight },
  })
  return [pathLine(state), ...drawn.map((each) => ({ spans: [span(' '), ...sliceSpans(each.spans, left)] }))]
}

/** Above the drawing, in words: the path that is lit in it. */
function pathLine({ path }: State): Line {
  if (path.question === undefined) return EMPTY_LINE
  const failed = path.predicted.answer === undefined ? undefined : failedLeg(path.predicted.answer)
  const reason = failed === undefined ? '' : `: ${sanitise(failed.leg.reason)}`
  return line('  ', span(pathHeading(path) + reason, failed === undefined ? 'good' : 'error'))
}

/** The chosen box in the middle, unless everything fits. */
function firstRow({ y, height }: PlacedBox, window: number, total: number): number {
  return clamp(y - Math.max(0, Math.floor((window - height) / 2)), Math.max(0, total - window))
}

function firstColumn({ x, width }: PlacedBox, window: number, total: number): number {
  return clamp(x - Math.max(0, Math.floor((window - width) / 2)), Math.max(0, total - window))
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most))
}

function sliceSpans(spans: readonly Span[], from: number): readonly Span[] {
  let skip = from
  return spans.flatMap(({ text, tone }) => {
    let kept = ''
    for (const character of text) {
      if (skip > 0) skip -= displayWidth(character)
      else kept += character
    }
    return kept === '' ? [] : [{ text: kept, tone }]
  })
}
