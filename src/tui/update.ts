import type { ConntrackEntry } from '../model/snapshot.ts'
import { adoptAnswer, adoptAsking } from './actions/answers.ts'
import { runKey } from './actions/keys.ts'
import { adoptDescription, adoptLabs, adoptProgress, endWork } from './actions/labs.ts'
import { typeOverlay } from './actions/overlay.ts'
import { typePrompt } from './actions/prompt.ts'
import { answer } from './actions/question.ts'
import { adoptHost, endFlashes } from './actions/refresh.ts'
import { seek } from './actions/seek.ts'
import { adoptCapture, withTranslations } from './capture/adopt-capture.ts'
import { type Event, only, QUIET_MS, type State, type Transition } from './state.ts'
import type { Connections } from './views/view.ts'

/** The next state of the screen, and what has to be done in the world. Pure. */
export function update(state: State, event: Event): Transition {
  switch (event.type) {
    case 'key':
      return typeKey(state, event.key)
    case 'host':
      return only(state.frozen ? { ...state, thawed: event } : seekAt(adoptHost(state, event.host, event.nowMs), event))
    case 'connections':
      return only(adoptConnections(state, event.connections))
    case 'looking':
      return only({ ...state, quietUntilMs: event.nowMs + QUIET_MS })
    case 'resize':
      return only({ ...state, size: event.size })
    case 'tick':
      return only(seekAt(endFlashes(state, event.nowMs), event))
    case 'notice':
      return only({ ...state, notice: event.notice })
    case 'asking':
      return only(adoptAsking(state, event))
    case 'answer':
      return adoptAnswer(state, event)
    case 'labs':
      return only(adoptLabs(state, event))
    case 'capture':
      return only({ ...state, capture: adoptCapture(state.capture, { ...event, frozen: state.frozen }) })
    case 'translations':
      return only(adoptTranslations(state, event.entries))
    case 'lab-description':
      return only(adoptDescription(state, event))
    case 'lab-progress':
      return only(adoptProgress(state, event.lab, event.progress))
    case 'lab-end':
      return endWork(state, event)
  }
}

/** Connections are there when they are read, all else some time after it is asked for. */
function seekAt(state: State, { nowMs }: { readonly nowMs: number }): State {
  return seek(state, state.sought?.kind !== 'conntrack' && nowMs >= state.quietUntilMs)
}

function adoptConnections(state: State, connections: Connections): State {
  const isAsked = state.sought?.kind === 'conntrack' && state.sought.namespace === connections.namespace
  return seek({ ...state, connections }, isAsked && connections.error === undefined)
}

function adoptTranslations(state: State, entries: readonly ConntrackEntry[]): State {
  const { capture } = state
  if (capture.flow === undefined) return state
  const keys = withTranslations(capture.flow.keys, entries)
  return { ...state, capture: { ...capture, flow: { ...capture.flow, keys } } }
}

/** A notice is read by the time of the next key. */
function typeKey(state: State, key: string): Transition {
  const quiet = state.notice === undefined ? state : { ...state, notice: undefined }
  if (quiet.question !== undefined) return answer(quiet, quiet.question, key)
  if (quiet.prompt !== undefined) return typePrompt(quiet, quiet.prompt, key)
  if (quiet.overlay !== undefined) return typeOverlay(quiet, quiet.overlay, key)
  return runKey(quiet, key)
}
