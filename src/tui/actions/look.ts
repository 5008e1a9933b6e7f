import { releaseHeld } from '../capture/adopt-capture.ts'
import { namespacesOf, scopeName } from '../pane.ts'
import { selectedItem } from '../selection.ts'
import { only, type State, type Transition, tell } from '../state.ts'
import { tableOf } from '../table.ts'
import type { Item } from '../views/view.ts'
import { markEnd, selectedNamespace } from './ends.ts'
import { adoptHost } from './refresh.ts'

/** In the left pane the namespace itself is described. */
export function describe(state: State): Transition {
  const item = selectedItem(state)
  if (item !== undefined) {
    const { view } = tableOf(state)
    return only({
      ...state,
      overlay: {
        kind: 'describe',
        title: titleOf(state, item),
        subject: item.object,
        topic: item.topic ?? view.topic,
        top: 0,
      },
    })
  }
  const [namespace] = namespacesOf(state)
  if (typeof state.place.scope !== 'number' || namespace === undefined)
    return tell(state, 'select a row to describe it', 'faint')
  const title = scopeName(state, state.place.scope)
  return only({ ...state, overlay: { kind: 'describe', title, subject: namespace, topic: 'namespace', top: 0 } })
}

/** The marked rows, else the selected one, else the namespaces of the left pane. */
export function showJson(state: State): Transition {
  const marked = tableOf(state).items.filter(({ id }) => state.marked.has(id))
  const item = selectedItem(state)
  if (marked.length > 0)
    return json(
      state,
      marked.length === 1 ? '1 marked row' : `${marked.length} marked rows`,
      marked.map(({ object }) => object),
    )
  if (item !== undefined) return json(state, titleOf(state, item), item.object)
  const namespaces = namespacesOf(state)
  if (state.place.pane === 'view' || namespaces.length === 0) return tell(state, 'no row to show as JSON', 'faint')
  const subject =
    namespaces.length === 1
      ? namespaces[0]
      : namespaces.map(({ inode, names, owner, pids }) => ({ inode, names, owner, pids }))
  return json(state, scopeName(state, state.place.scope), subject)
}

function json(state: State, title: string, subject: unknown): Transition {
  return only({ ...state, overlay: { kind: 'json', title, subject, top: 0 } })
}

function titleOf(state: State, item: Item): string {
  const [first] = tableOf(state).columns
  return `${tableOf(state).view.title} · ${first === undefined ? '' : first.text(item.row)}`
}

/** A namespace is marked as an end of a path, any other row for what is done with rows. */
export function toggleMark(state: State): Transition {
  const namespace = selectedNamespace(state)
  if (namespace !== undefined) return markEnd(state, namespace)
  const item = selectedItem(state)
  if (item === undefined) return tell(state, 'select a row to mark it', 'faint')
  const marked = new Set(state.marked)
  if (!marked.delete(item.id)) marked.add(item.id)
  return only({ ...state, marked })
}

export function showFaults(state: State): Transition {
  const faultsOnly = !state.faultsOnly
  return tell({ ...state, faultsOnly }, faultsOnly ? 'faults only: ctrl-z shows everything' : 'everything is shown')
}

export function widen(state: State): Transition {
  return tell({ ...state, wide: !state.wide }, state.wide ? 'usual columns' : 'all columns')
}

/** What arrived meanwhile is taken in when the screen is live again. */
export function freeze(state: State): Transition {
  if (!state.frozen) return tell({ ...state, frozen: true }, 'frozen: ctrl-f goes on', 'warning')
  const live = { ...state, frozen: false, capture: releaseHeld(state.capture) }
  return tell(state.thawed === undefined ? live : adoptHost(live, state.thawed.host, state.thawed.nowMs), 'live again')
}
