import type { HostEvent } from '../model/event.ts'
import { DashScreen } from './dash-screen.ts'
import { addSample, EMPTY_HISTORY } from './model/history.ts'
import type { DashFacts } from './model/panels.ts'
import { type DashState, FIRST_STATE, pressKey } from './model/state.ts'
import type { DashSource } from './source.ts'

const MOST_EVENTS = 1000
const REDRAW_MS = 100
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Shows live charts until the person leaves. Resolves with the exit status; the terminal is as it was. */
export async function runDash(source: DashSource): Promise<number> {
  let facts: DashFacts = { history: EMPTY_HISTORY, events: [] }
  let state: DashState = FIRST_STATE
  let shown = facts
  let about = source.name
  let timer: NodeJS.Timeout | undefined
  let ending: Ending | undefined
  const ended = new Promise<number>((resolve, reject) => {
    ending = { resolve, reject }
  })
  const draw = (): void => {
    timer = undefined
    if (!state.isPaused) shown = facts
    screen.draw(shown, state, about)
  }
  const redraw = (): void => {
    timer ??= setTimeout(draw, REDRAW_MS)
  }
  const screen = new DashScreen((key) => {
    const next = pressKey(state, key)
    if (next === undefined) return
    state = next
    if (state.isEnded) ending?.resolve(0)
    else draw()
  }, redraw)
  const signals = Object.entries(SIGNALS).map(([signal, status]) => ({
    signal,
    listener: () => ending?.resolve(status),
  }))
  for (const { signal, listener } of signals) process.on(signal, listener)
  try {
    draw()
    source
      .start({
        sample: (sample) => {
          facts = { ...facts, history: addSample(facts.history, sample) }
          redraw()
        },
        event: (event: HostEvent) => {
          facts = { ...facts, events: [...facts.events.slice(1 - MOST_EVENTS), event] }
          redraw()
        },
        end: () => {
          about = `${source.name}, at its end`
          redraw()
        },
        fail: (error) => ending?.reject(error),
      })
      .catch((error: unknown) => ending?.reject(error))
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
