import { sanitise } from '../../report/sanitise.ts'
import { healthOf } from '../doctor/health.ts'
import { parseFilter } from '../filter.ts'
import { KEYS } from '../keys.ts'
import { namespaceName, namespacesOf } from '../pane.ts'
import { activeList, selectedItem, targetOf } from '../selection.ts'
import type { Prompt, Question, State } from '../state.ts'
import { tableOf } from '../table.ts'
import { cutEnd, displayWidth, type Line, line, type Span, span, spread, type Tone } from '../text.ts'
import { workText } from '../views/labs.ts'
import { filterSpan } from './title-lines.ts'

/** What enter would do, or what was last said, or what is being typed; where one is at the right. */
export function statusLine(state: State): Line {
  const { columns } = state.size
  if (state.question !== undefined) return questionLine(state.question, columns)
  if (state.prompt !== undefined) return promptLine(state.prompt, columns)
  if (state.notice !== undefined)
    return spread(line(' ', span(state.notice.text, state.notice.tone)), positionLine(state), columns)
  if (state.overlay !== undefined) return spread(line(' esc: close   ctrl-s: save to a file'), line(), columns)
  return spread(
    line(' enter: ', targetOf(state).label, ...workSpans(state), ...worrySpans(state)),
    positionLine(state),
    columns,
  )
}

function questionLine({ text }: Question, width: number): Line {
  return spread(
    line(' ', span(sanitise(text), 'warning')),
    line(span('  y', 'accent'), ' yes  ', span('n', 'accent'), ' no '),
    width,
  )
}

/** A lab that is being built or removed, in whichever view: that of the selected row, else the first. */
function workSpans(state: State): readonly Span[] {
  const { works } = state.labs
  const selected = [...works.keys()].find((name) => selectedItem(state)?.id === `lab ${name}`)
  const [name, work] = [...works].find(([each]) => each === (selected ?? each)) ?? []
  if (name === undefined || work === undefined) return []
  const canStop = work.kind === 'build' && !work.stopping
  // the row says the rest
  const text = selected !== undefined && canStop ? 'esc takes it back' : `${sanitise(name)}: ${workText(work)}`
  return [span(`   ◐ ${text}`, 'accent'), span(work.what === '' ? '' : ` · ${work.what}`, 'faint')]
}

const WORRY_TONES: Readonly<Record<string, Tone>> = { '▲': 'warning', '✖': 'error' }

/** Why the selected row or namespace carries its mark. */
function worrySpans(state: State): readonly Span[] {
  const [namespace] = namespacesOf(state)
  const inPane = state.place.pane === 'namespaces' && typeof state.place.scope === 'number'
  const health =
    inPane && namespace !== undefined
      ? healthOf(namespace, { deltas: state.deltas, examination: state.doctor.asked.answer })
      : selectedItem(state)?.health
  const [reason] = health?.reasons ?? []
  if (health === undefined || reason === undefined) return []
  const more = health.reasons.length > 1 ? ` (and ${health.reasons.length - 1} more)` : ''
  return [span(`   ${health.mark} ${sanitise(reason)}${more}`, WORRY_TONES[health.mark] ?? 'plain')]
}

function positionLine(state: State): Line {
  const { order, window } = activeList(state)
  const at = window.selected < 0 ? '0' : String(window.selected + 1)
  const marked = state.marked.size === 0 ? [] : [span(`◆ ${state.marked.size}  `, 'accent')]
  const table = tableOf(state)
  const total = state.place.pane === 'view' && table.total !== table.length ? ` of ${table.total}` : ''
  const filter = state.place.pane === 'view' ? filterSpan(state.filters.get(state.place.view)) : []
  const faults = state.faultsOnly ? [span('faults only  ', 'warning')] : []
  return line(...endSpans(state), ...marked, ...faults, ...filter, span(`  ${at}/${order.length}${total} `, 'faint'))
}

/** The ends of a path that are marked, in words. */
function endSpans({ ends, host }: State): readonly Span[] {
  if (ends.length === 0) return []
  const [source = '', destination = '…'] = ends.map((inode) => namespaceName(host.snapshot, inode))
  return [span(`◆ ${cutEnd(source, 20)} → ◇ ${cutEnd(destination, 20)}  `, 'accent')]
}

function promptLine(prompt: Prompt, width: number): Line {
  const sign = prompt.kind === 'command' ? ':' : '/'
  const typed = line(span(` ${sign}`, 'accent'), span(sanitise(prompt.text)), span('█', 'accent'))
  const filter = prompt.kind === 'filter' ? parseFilter(prompt.text) : undefined
  if (filter !== undefined && 'error' in filter) return spread(typed, line(span(`${filter.error} `, 'error')), width)
  return line(...typed.spans, ...candidateSpans(prompt, width - displayWidth(prompt.text) - 4))
}

function candidateSpans(prompt: Prompt, width: number): readonly Span[] {
  if (prompt.candidates.length === 0)
    return [span(prompt.kind === 'command' ? '   tab completes' : '   ! in front inverts', 'faint')]
  const spans: Span[] = [span('   ')]
  let left = width - 3
  for (const [position, candidate] of prompt.candidates.slice(Math.max(0, prompt.chosen)).entries()) {
    left -= displayWidth(candidate) + 2
    if (left < 0) break
    spans.push(span(`${sanitise(candidate)}  `, position === 0 && prompt.chosen >= 0 ? 'strong' : 'faint'))
  }
  return spans
}

/** ` <enter> open  <esc> back  <tab> view  <:> command  </> filter  <?> help  <q> quit` */
export function hintLine(state: State): Line {
  const { columns } = state.size
  const { view: shown, pane } = state.place
  const hints = KEYS.flatMap(({ keys, hint, view }) => {
    const isUsable = view === undefined || (view === shown && pane === 'view')
    return hint === undefined || !isUsable ? [] : [{ key: keys[0] ?? '', hint }]
  })
  const spans: Span[] = [span(' ')]
  let left = columns - 1
  for (const { key, hint } of [...hints].sort((a, b) => rankOf(a.key) - rankOf(b.key))) {
    const width = displayWidth(key) + displayWidth(hint) + 5
    if (width > left) break
    spans.push(span(`<${key}>`, 'accent'), span(` ${hint}  `, 'faint'))
    left -= width
  }
  return line(...spans)
}

/** On a narrow screen the way to the rest, and out, comes first. */
const FIRST = ['?', 'q', 'enter', 'u', 'x', 'v', 'm', 't', 'f', 'w', 'esc', ':', '/', 'tab', 'd', 'p', 'c', 's', 'y']

function rankOf(key: string): number {
  const at = FIRST.indexOf(key)
  return at < 0 ? FIRST.length : at
}
