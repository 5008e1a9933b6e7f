import { type Action, bindingOf } from '../keys.ts'
import { targetOf } from '../selection.ts'
import { filterKey, only, type State, type Transition, tell, withEffect } from '../state.ts'
import { captureSelected, followFlow, stopCapture, writePackets } from './capture.ts'
import { allNamespaces, backOut, enter, goBack, goForward, nextView, toLeft, toRight, viewByNumber } from './go.ts'
import { offerIperf } from './iperf.ts'
import { buildSelected, removeSelected, stopSelected } from './labs.ts'
import { describe, freeze, showFaults, showJson, toggleMark, widen } from './look.ts'
import { moveBy, moveByPage, moveToEnd, scroll } from './move.ts'
import { openPacket, typeInPacket } from './packet.ts'
import { askAgain, askToTrace, predictCell, predictPath, stopPath, toggleDetail, toggleMtu } from './path.ts'
import { quit } from './question.ts'
import { saveView } from './save.ts'
import { openShell } from './shell.ts'
import { sortByLetter } from './sort.ts'

type Run = (state: State, key: string) => Transition

const RUN: Readonly<Record<Action, Run>> = {
  down: (state) => moveBy(state, 1),
  up: (state) => moveBy(state, -1),
  'page-down': (state) => moveByPage(state, 1),
  'page-up': (state) => moveByPage(state, -1),
  first: (state) => moveToEnd(state, 'first'),
  last: (state) => moveToEnd(state, 'last'),
  'scroll-down': (state) => scroll(state, 3),
  'scroll-up': (state) => scroll(state, -3),
  left: toLeft,
  right: toRight,
  enter: enterSelected,
  escape: (state) => stopSelected(state) ?? stopPath(state) ?? stopCapture(state) ?? backOut(state),
  back: goBack,
  forward: goForward,
  'next-view': (state) => nextView(state, 1),
  'previous-view': (state) => nextView(state, -1),
  view: viewByNumber,
  all: allNamespaces,
  command: (state) => openPrompt(state, 'command'),
  filter: (state) => openPrompt(state, 'filter'),
  help: (state) => only({ ...state, overlay: { kind: 'help', top: 0 } }),
  describe,
  json: showJson,
  shell: openShell,
  mark: toggleMark,
  freeze,
  'build-lab': buildSelected,
  'remove-lab': removeSelected,
  save: saveView,
  wide: widen,
  sort: sortByLetter,
  path: predictPath,
  trace: askToTrace,
  iperf: offerIperf,
  capture: captureSelected,
  flow: followFlow,
  write: writePackets,
  detail: toggleDetail,
  mtu: toggleMtu,
  again: askAgain,
  faults: showFaults,
  redraw: (state) => withEffect(state, { type: 'redraw' }),
  suspend: (state) => withEffect(state, { type: 'suspend' }),
  quit,
}

/** A key while nothing lies over the view. */
export function runKey(state: State, key: string): Transition {
  const binding = bindingOf(key)
  if (binding === undefined) return tell(state, `no command on ${key} — ? lists the keys`, 'faint')
  return typeInPacket(state, binding.action) ?? RUN[binding.action](state, key)
}

function enterSelected(state: State): Transition {
  const { kind } = targetOf(state)
  if (kind === 'cell') return predictCell(state)
  return kind === 'packet' ? openPacket(state) : enter(state)
}

function openPrompt(state: State, kind: 'command' | 'filter'): Transition {
  const before = kind === 'filter' ? (state.filters.get(filterKey(state)) ?? '') : ''
  return only({ ...state, prompt: { kind, text: before, before, candidates: [], chosen: -1 } })
}
