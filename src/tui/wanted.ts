import type { Wanted } from '../inspect/live-host.ts'
import { KINDS, type Kind } from '../model/snapshot.ts'
import { waysOf } from './asks/wanted-asks.ts'
import { captureWords, type WantedCapture } from './capture/capture.ts'
import { namespacesOf } from './pane.ts'
import type { State } from './state.ts'
import { viewOf } from './views/views.ts'

/** Whether the labs are on the screen, or are about to be named. */
export function wantsLabs({ place, prompt }: State): boolean {
  return place.view === 'labs' || (prompt?.kind === 'command' && /^labs?\s/.test(prompt.text))
}

/** What has to be captured: packets are for those who look at them. */
export function wantedCapture({ place, capture, host }: State): WantedCapture | undefined {
  const { target, isStopped, turn } = capture
  if (place.view !== 'capture' || target === undefined || isStopped || host.status === 'saved') return undefined
  return { key: turn, words: captureWords(capture) }
}

/** What has to be read for what is on the screen. */
export function wantedOf(state: State): Wanted {
  const { kinds, context = [] } = viewOf(state.place.view)
  // health and wiring need links and addresses of every namespace, which the host keeps fresh anyway
  const wanted = new Set<Kind>(kinds)
  const isEverywhere = context.some((kind) => kind !== 'links' && kind !== 'addrs')
  if (isEverywhere) for (const kind of context) wanted.add(kind)
  if (state.place.view === 'path') return wantedOfPath(state)
  const everything = state.place.scope === 'all' || isEverywhere
  return {
    kinds: KINDS.filter((kind) => wanted.has(kind)),
    namespaces: everything ? 'all' : namespacesOf(state).map(({ inode }) => inode),
  }
}

/** The tables on the way: enter finds its row there, and a change of them is a reason to predict again. */
function wantedOfPath(state: State): Wanted {
  return { kinds: viewOf('path').kinds, namespaces: [...waysOf(state.path.predicted.answer)] }
}
