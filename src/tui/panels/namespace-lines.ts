import type { Namespace } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import { healthOf } from '../doctor/health.ts'
import { layoutOf } from '../layout.ts'
import { type PaneItem, paneOf } from '../pane.ts'
import { totalRate } from '../rate.ts'
import { activeList, paneWindow } from '../selection.ts'
import { flashKey, type State } from '../state.ts'
import { displayWidth, type Line, line, padTo, span, type Tone } from '../text.ts'

/**
 * ```
 *  ◇ all                           23
 * ▸● host                    1.2 kB/s
 *  ▾ docker · pets
 *    ● db      172.19.0.2
 *    ✖ web     172.19.0.3
 * ```
 */
export function namespaceLines(state: State): readonly Line[] {
  const pane = paneOf(state)
  const window = paneWindow(state, pane)
  const { leftWidth } = layoutOf(state.size)
  const active = state.place.pane === 'namespaces'
  return pane.items.slice(window.top, window.top + window.height).map((item, row) => {
    const selected = item.scope === state.place.scope
    const under = active && activeList(state).window.selected === window.top + row
    return {
      ...paneLine(item, state, { width: leftWidth, pointer: selected ? '▸' : ' ' }),
      selected: active && selected && under,
    }
  })
}

interface Room {
  readonly width: number
  readonly pointer: string
}

function paneLine(item: PaneItem, state: State, { width, pointer }: Room): Line {
  if (item.kind === 'all') {
    const count = String(item.count)
    return line(span(pointer, 'accent'), `◇ ${padTo('all', width - 4 - count.length)}`, span(count, 'faint'), ' ')
  }
  if (item.kind === 'group') {
    const fold = item.open ? '▾ ' : '▹ '
    const count = item.open ? '' : String(item.group.namespaces.length)
    const title = padTo(sanitise(item.group.title), width - 4 - count.length)
    return line(span(pointer, 'accent'), span(fold + title, 'heading'), span(count, 'faint'), ' ')
  }
  return namespaceLine(item.namespace, state, { width, pointer, indent: item.depth * 2 })
}

const TONES: Readonly<Record<string, Tone>> = { '●': 'good', '▲': 'warning', '✖': 'error' }

function namespaceLine(namespace: Namespace, state: State, room: Room & { readonly indent: number }): Line {
  const { mark } = healthOf(namespace, { deltas: state.deltas, examination: state.doctor.asked.answer })
  const rate = totalRate(state.deltas.namespaces.get(namespace.inode))
  const inner = room.width - 4 - room.indent
  const aside = rate === '' ? mainAddress(namespace) : rate
  const name = sanitise(nameOf(namespace), { max: 80 })
  // the name matters more than what stands beside it
  const asideWidth = Math.min(displayWidth(aside), Math.max(0, inner - Math.min(displayWidth(name), inner) - 1))
  const shown = asideWidth < displayWidth(aside) ? '' : aside
  const isNew = state.flashes.has(flashKey(String(namespace.inode), ''))
  return line(
    span(room.pointer, 'accent'),
    ' '.repeat(room.indent),
    span(mark, TONES[mark] ?? 'plain'),
    isNew ? span('+', 'changed') : span(endMark(namespace, state), 'accent'),
    padTo(name, inner - displayWidth(shown)),
    span(shown, rate === '' ? 'faint' : 'accent'),
    ' ',
  )
}

/** ◆ the source of the path that is being marked, ◇ its destination. */
function endMark({ inode }: Namespace, { ends }: State): string {
  const at = ends.indexOf(inode)
  return at < 0 ? ' ' : at === 0 ? '◆' : '◇'
}

/** The address a person knows it by: the first one that is neither loopback nor link-local. */
export function mainAddress({ addresses, owner }: Namespace): string {
  if (owner.kind === 'host') return ''
  return addresses.find(({ scope }) => scope === 'global' || scope === 'universe')?.address.replace(/\/\d+$/, '') ?? ''
}
