import { sanitise } from '../../report/sanitise.ts'
import { type CaptureTarget, NO_CAPTURE } from '../capture/capture.ts'
import { selectedPacket } from '../capture/detail.ts'
import type { PacketItem } from '../capture/packet-item.ts'
import { selectedTarget, translatingNamespaces } from '../capture/target.ts'
import { only, type State, type Transition, tell, withEffect } from '../state.ts'
import { tableOf } from '../table.ts'
import { goInto, toView } from './go.ts'
import { plainName } from './save.ts'

/** c: on what is selected; where packets are shown, their filter is asked for. */
export function captureSelected(state: State): Transition {
  const { target, filter } = state.capture
  if (isShown(state) && target !== undefined) {
    const text = filter === '' ? 'capture ' : `capture ${filter}`
    return only({ ...state, prompt: { kind: 'command', text, before: '', candidates: [], chosen: -1 } })
  }
  return begin(state, selectedTarget(state), '')
}

/** `:capture [FILTER]`: on what is captured already, else on what is selected. */
export function captureCommand(state: State, filter: string): Transition {
  // a word of ours must not be taken for an option
  if (filter.startsWith('-')) return tell(state, 'capture FILTER: as tcpdump takes it, without options', 'error')
  const { target } = state.capture
  if (isShown(state)) return begin(state, target ?? selectedTarget(state), filter)
  if (filter === '' && target !== undefined) return only(toView(inView(state), 'capture'))
  return begin(state, selectedTarget(state), filter)
}

function isShown({ place }: State): boolean {
  return place.view === 'capture' && place.pane === 'view'
}

function inView(state: State): State {
  return { ...state, place: { ...state.place, pane: 'view' } }
}

function begin(state: State, target: CaptureTarget | undefined, filter: string): Transition {
  if (state.host.status === 'saved') return tell(state, 'this is a saved snapshot: packets need a live host', 'warning')
  if (target === undefined) return tell(state, 'select a namespace, a link or a hop to capture on', 'faint')
  const { turn, turned } = state.capture
  const capture = {
    ...NO_CAPTURE,
    target,
    filter,
    turned,
    turn: turn + 1,
    status: 'opening' as const,
    isStopped: false,
  }
  const begun = { ...withoutCursor(state), capture }
  if (state.place.view === 'capture') return only(inView(begun))
  const { row: _, object: __, ...here } = state.place
  return only(goInto(begun, { ...here, view: 'capture', pane: 'view' }))
}

/** The list follows the newest packet. */
export function withoutCursor(state: State): State {
  const cursors = new Map([...state.cursors].filter(([key]) => !key.startsWith('capture/')))
  return { ...state, cursors }
}

/** r: the same again, from nothing. */
export function captureAgain(state: State): Transition {
  const { target, filter } = state.capture
  return begin(state, target ?? selectedTarget(state), filter)
}

/** esc: what is nearest first, then the capture itself; nothing when it is for something else. */
export function stopCapture(state: State): Transition | undefined {
  const { capture } = state
  if (!isShown(state)) return undefined
  if (capture.detail !== undefined) return only({ ...state, capture: { ...capture, detail: undefined } })
  if (capture.flow !== undefined) return only({ ...state, capture: { ...capture, flow: undefined } })
  if (state.filters.has('capture') || capture.isStopped) return undefined
  const ended = { ...capture, isStopped: true, status: 'ended' as const }
  return tell({ ...state, capture: ended }, 'ended: r captures again, esc leaves', 'faint')
}

/** f: only the conversation of the selected packet, in both directions; again: everything. */
export function followFlow(state: State): Transition {
  const { capture } = state
  if (state.place.view !== 'capture') return tell(state, 'f follows the conversation of a packet: c captures', 'faint')
  if (capture.flow !== undefined) return only({ ...state, capture: { ...capture, flow: undefined } })
  const packet = selectedPacket(state)
  if (packet === undefined || capture.target === undefined) return tell(state, 'no packet is selected', 'faint')
  const { conversation, source, destination, protocol } = packet
  if (conversation === undefined) return tell(state, 'this packet belongs to no conversation', 'faint')
  const title = sanitise(`${source} ↔ ${destination} ${protocol}`, { max: 80 })
  const next = { ...state, capture: { ...capture, flow: { title, keys: new Set([conversation]) } } }
  const namespaces = translatingNamespaces(capture.target, state.host.snapshot)
  return withEffect(next, { type: 'translations', namespaces })
}

/** w: the packets that are shown, in a file. */
export function writePackets(state: State): Transition {
  if (state.place.view !== 'capture') return tell(state, 'w writes captured packets to a file: c captures', 'faint')
  const { target, filter } = state.capture
  const packets = tableOf(state).items as readonly PacketItem[]
  if (target === undefined || packets.length === 0) return tell(state, 'there is no packet to write', 'faint')
  return withEffect(state, { type: 'write-packets', name: plainName(`capture-${target.title}`), packets, filter })
}
