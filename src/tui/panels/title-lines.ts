import type { HostSnapshot } from '../../model/snapshot.ts'
import { sanitise } from '../../report/sanitise.ts'
import { layoutOf } from '../layout.ts'
import { overlayTitle } from '../overlay-lines.ts'
import { namespacesOf, scopeName } from '../pane.ts'
import { ALL } from '../place.ts'
import type { State } from '../state.ts'
import { cutEnd, displayWidth, type Line, line, type Span, span, spread, type Tone } from '../text.ts'
import { viewOf } from '../views/views.ts'

/** ` tsnet-shoot  vm  6.18.44   23 namespaces · 4 bridges · 11 containers           ● live   2 hidden` */
export function titleLine(state: State): Line {
  const { snapshot } = state.host
  const narrow = state.size.columns < 60
  const left = line(
    span(narrow ? ' ' : ' tsnet-shoot  ', 'heading'),
    span(sanitise(snapshot.hostname, { max: 40 }), 'strong'),
    span(`  ${sanitise(snapshot.kernel, { max: 40 })}   `, 'faint'),
    countsOf(snapshot),
  )
  return spread(
    left,
    line('  ', ...findingSpans(state), ...hiddenSpans(snapshot), statusSpan(state), ' '),
    state.size.columns,
  )
}

function countsOf({ namespaces, containers }: HostSnapshot): string {
  const bridges = namespaces.reduce((sum, { links }) => sum + links.filter(({ kind }) => kind === 'bridge').length, 0)
  return [plural(namespaces.length, 'namespace'), plural(bridges, 'bridge'), plural(containers.length, 'container')]
    .filter((count) => !count.startsWith('0 '))
    .join(' · ')
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Nothing before the first examination: no news is no good news. */
function findingSpans({ doctor, size }: State): readonly Span[] {
  const { answer } = doctor.asked
  if (answer === undefined) return []
  const worst = answer.findings[0]?.severity
  const tone: Tone = worst === 'error' ? 'error' : worst === 'warning' ? 'warning' : 'good'
  const mark = worst === 'error' ? '✖' : worst === 'warning' ? '▲' : '●'
  const count = answer.findings.length
  const words = size.columns < 60 ? String(count) : count === 0 ? 'no finding' : plural(count, 'finding')
  return [span(`${mark} ${words}  `, tone)]
}

function hiddenSpans({ hidden }: HostSnapshot): readonly Span[] {
  return hidden.length === 0 ? [] : [span(`▲ ${hidden.length} hidden  `, 'warning')]
}

const STATUS: Readonly<Record<string, readonly [string, Tone]>> = {
  live: ['● live', 'good'],
  saved: ['◌ saved', 'accent'],
  resyncing: ['◐ resyncing', 'warning'],
}

function statusSpan(state: State): Span {
  if (state.frozen) return span('‖ frozen', 'warning')
  const [text, tone] = STATUS[state.host.status] ?? [state.host.status, 'plain']
  return span(text, tone)
}

/** `─ namespaces ─────────┬─ web · docker · inode 4026532623 ─────────`, or the breadcrumb when there is one pane. */
export function headingLine(state: State): Line {
  const { folded, leftWidth, rightWidth } = layoutOf(state.size)
  if (state.overlay !== undefined) return ruled([span(overlayTitle(state.overlay), 'heading')], state.size.columns)
  if (folded) return ruled(breadcrumb(state), state.size.columns)
  const left = ruled(paneHeading(state), leftWidth)
  const right = ruled(viewHeading(state), rightWidth)
  return line(...left.spans, span('┬', 'faint'), ...right.spans)
}

function breadcrumb(state: State): readonly Span[] {
  if (state.place.pane === 'namespaces') return paneHeading(state)
  const { title, heading } = viewOf(state.place.view)
  return [
    span('namespaces ▸ ', 'faint'),
    ...viewHeading(state),
    ...(heading === undefined ? [span(` ▸ ${title}`, 'heading')] : []),
  ]
}

function paneHeading(state: State): readonly Span[] {
  const tone = state.place.pane === 'namespaces' ? 'heading' : 'faint'
  return [span('namespaces', tone), ...filterSpan(state.filters.get('namespaces'))]
}

function viewHeading(state: State): readonly Span[] {
  const { scope, pane, view } = state.place
  const { heading } = viewOf(view)
  const title = typeof heading === 'function' ? heading(state) : heading
  const spans = [span(title ?? scopeName(state, scope), pane === 'view' ? 'heading' : 'strong')]
  if (heading !== undefined) return spans
  const namespaces = namespacesOf(state)
  const [namespace] = namespaces
  if (scope === ALL || typeof scope === 'string')
    return [...spans, span(` · ${plural(namespaces.length, 'namespace')}`, 'faint')]
  if (namespace === undefined) return [...spans, span(' · no longer there', 'warning')]
  const { owner, inode, pids } = namespace
  const kind = owner.kind === owner.name ? '' : ` · ${owner.kind}`
  const driver = owner.driver === undefined ? '' : ` · made by ${sanitise(owner.driver, { max: 30 })}`
  const container = state.host.snapshot.containers.find((each) => each.namespace === inode)
  const image = container === undefined ? '' : ` · ${sanitise(container.image, { max: 60 })}`
  const processes = pids.length === 0 ? '' : ` · pid ${pids[0]}${pids.length > 1 ? ` +${pids.length - 1}` : ''}`
  return [...spans, span(`${kind}${image}${driver}${processes} · inode ${inode}`, 'faint')]
}

export function filterSpan(text: string | undefined): readonly Span[] {
  return text === undefined ? [] : [span(` /${sanitise(text)}`, 'changed')]
}

function ruled(spans: readonly Span[], width: number): Line {
  const text = spans.reduce((sum, each) => sum + displayWidth(each.text), 0)
  const room = width - 4
  if (text > room) {
    const flat = cutEnd(spans.map((each) => each.text).join(''), Math.max(0, room))
    return line(span('─ ', 'faint'), span(flat, spans[0]?.tone ?? 'plain'), span(' ─', 'faint'))
  }
  return line(span('─ ', 'faint'), ...spans, span(` ${'─'.repeat(room - text + 1)}`, 'faint'))
}
