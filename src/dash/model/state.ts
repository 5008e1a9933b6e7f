import { SCOPES, type Scope, SORTS, type Sort } from './rows.ts'

/** Seconds across the chart. */
export const RANGES: readonly number[] = [30, 60, 300, 900, 3600]

export const PANELS = ['rates', 'talkers', 'losses', 'tables', 'events'] as const
export type Panel = (typeof PANELS)[number]

/** What the person chose. */
export interface DashState {
  readonly scope: Scope
  readonly sort: Sort
  readonly rangeS: number
  readonly focus: Panel
  /** First line that is shown, by panel. */
  readonly scroll: Readonly<Record<Panel, number>>
  /** What happens meanwhile is kept, and shown afterwards. */
  readonly isPaused: boolean
  readonly isEnded: boolean
}

export const FIRST_STATE: DashState = {
  scope: 'namespaces',
  sort: 'rate',
  rangeS: 60,
  focus: 'rates',
  scroll: { rates: 0, talkers: 0, losses: 0, tables: 0, events: 0 },
  isPaused: false,
  isEnded: false,
}

/** Keys of a recording: seconds, or where it begins or ends. */
export const SEEK_KEYS: ReadonlyMap<string, number | 'start' | 'end'> = new Map<string, number | 'start' | 'end'>([
  ['left', -10],
  ['right', 10],
  ['S-left', -60],
  ['S-right', 60],
  ['home', 'start'],
  ['end', 'end'],
])

type Change = (state: DashState) => DashState

const KEYS: Readonly<Record<string, Change>> = {
  q: (state) => ({ ...state, isEnded: true }),
  'C-c': (state) => ({ ...state, isEnded: true }),
  tab: (state) => ({ ...state, focus: next(PANELS, state.focus, 1) }),
  'S-tab': (state) => ({ ...state, focus: next(PANELS, state.focus, -1) }),
  v: (state) => ({ ...state, scope: next(SCOPES, state.scope, 1), scroll: { ...state.scroll, rates: 0 } }),
  s: (state) => ({ ...state, sort: next(SORTS, state.sort, 1) }),
  '+': (state) => ({ ...state, rangeS: further(state.rangeS, 1) }),
  '=': (state) => ({ ...state, rangeS: further(state.rangeS, 1) }),
  '-': (state) => ({ ...state, rangeS: further(state.rangeS, -1) }),
  space: (state) => ({ ...state, isPaused: !state.isPaused }),
  up: (state) => scrolled(state, -1),
  k: (state) => scrolled(state, -1),
  down: (state) => scrolled(state, 1),
  j: (state) => scrolled(state, 1),
  pageup: (state) => scrolled(state, -10),
  pagedown: (state) => scrolled(state, 10),
  home: (state) => scrolled(state, Number.NEGATIVE_INFINITY),
}

/** What a key does; undefined when it does nothing. */
export function pressKey(state: DashState, key: string): DashState | undefined {
  return KEYS[key]?.(state)
}

function next<Each>(all: readonly Each[], one: Each, step: number): Each {
  return all[(all.indexOf(one) + step + all.length) % all.length] ?? one
}

function further(rangeS: number, step: number): number {
  const at = RANGES.indexOf(rangeS) + step
  return RANGES[Math.min(RANGES.length - 1, Math.max(0, at))] ?? rangeS
}

function scrolled(state: DashState, lines: number): DashState {
  const { focus, scroll } = state
  return { ...state, scroll: { ...scroll, [focus]: Math.max(0, scroll[focus] + lines) } }
}
