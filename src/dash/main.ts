import { DashScreen } from './dash-screen.ts'
import { addSample, EMPTY_HISTORY } from './model/history.ts'
import type { DashFacts } from './model/panels.ts'
import { type DashState, FIRST_STATE, pressKey, SEEK_KEYS } from './model/state.ts'
import type { DashListener, DashSource } from './source.ts'

const NO_FACTS: DashFacts = { history: EMPTY_HISTORY, events: [] }
const MOST_EVENTS = 1000
const REDRAW_MS = 100
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Shows live charts until the person leaves. Resolves with the exit status; the terminal is as it was. */
export async function runDash(source: DashSource): Promise<number> {
  let facts = NO_FACTS
  let state: DashState = FIRST_STATE
  let shown = facts
  let timer: NodeJS.Timeout | undefined
  let ending: Ending | undefined
  const ended = new Promise<number>((resolve, reject) => {
    ending = { resolve, reject }
  })
  const draw = (): void => {
    timer = undefined
    if (!state.isPaused) shown = facts
    screen.draw(shown, state, { about: source.about(), canSeek: source.player !== undefined })
  }
  const redraw = (): void => {
    timer ??= setTimeout(draw, REDRAW_MS)
  }
  const onKey = (key: string): void => {
    const seek = source.player && SEEK_KEYS.get(key)
    if (seek !== undefined) {
      source.player?.seek(seek)
      shown = facts
      draw()
      return
    }
    const next = pressKey(state, key)
    if (next === undefined) return
    if (next.isPaused !== state.isPaused) source.player?.play(!next.isPaused)
    state = next
    if (state.isEnded) ending?.resolve(0)
    else draw()
  }
  const screen = new DashScreen(onKey, redraw)
  const listener: DashListener = {
    sample: (sample) => {
      facts = { ...facts, history: addSample(facts.history, sample) }
      redraw()
    },
    event: (event) => {
      facts = { ...facts, events: [...facts.events.slice(1 - MOST_EVENTS), event] }
      redraw()
    },
    end: redraw,
    fail: (error) => ending?.reject(error),
    restart: () => {
      facts = NO_FACTS
    },
  }
  const signals = Object.entries(SIGNALS).map(([signal, status]) => ({
    signal,
    listener: () => ending?.resolve(status),
  }))
  for (const { signal, listener } of signals) process.on(signal, listener)
  try {
    draw()
    source.start(listener).catch((error: unknown) => ending?.reject(error))
    return await ended
  } finally {
    clearTimeout(timer)
    screen.close()
    for (const { signal, listener } of signals) process.off(signal, listener)
    await source.close()
  }
}

interface Ending {
  resolve(status: number): void
  reject(error: unknown): void
}
