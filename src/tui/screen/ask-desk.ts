import { sanitise } from '../../report/sanitise.ts'
import type { Ask, AskKind, AskService, RunningAsk } from '../asks/ask.ts'
import type { Event } from '../state.ts'

/** The same question is not asked more often, however much happens. */
const SHORTEST_PAUSE_MS = 1_000
/** At most such a part of the time is spent on what nobody waits for, and on what somebody looks at. */
const PAUSES_PER_TURN = { background: 40, watched: 4 } as const

/** What is asked again although nothing is known to have changed takes less than a hundredth of the time. */
const REPEATS_PER_TURN = 100

interface Line {
  ask: Ask
  running: RunningAsk | undefined
  /** What the last answer was made from. */
  facts: unknown
  /** The last time. */
  tookMs: number
  /** Not before. */
  nextMs: number
  timer: NodeJS.Timeout | undefined
  /** What the timer is for: facts that changed, or only that time has passed. */
  isSoon: boolean
}

/** Has asked what the screen wants to know, again when the facts are others, and stops what it no longer wants. */
export class AskDesk {
  readonly #service: AskService
  readonly #dispatch: (event: Event) => void
  readonly #lines = new Map<AskKind, Line>()
  #closed = false

  constructor(service: AskService, dispatch: (event: Event) => void) {
    this.#service = service
    this.#dispatch = dispatch
  }

  look(asks: readonly Ask[]): void {
    if (this.#closed) return
    for (const [kind, line] of this.#lines) {
      const ask = asks.find((each) => each.kind === kind)
      if (ask?.key !== line.ask.key) this.#drop(kind, line)
      else line.ask = ask
    }
    for (const ask of asks) {
      const line = this.#lines.get(ask.kind)
      if (line === undefined) this.#start(this.#open(ask))
      else this.#askAgain(line)
    }
  }

  close(): void {
    this.look([])
    this.#closed = true
  }

  #open(ask: Ask): Line {
    const line: Line = {
      ask,
      running: undefined,
      facts: undefined,
      tookMs: 0,
      nextMs: 0,
      timer: undefined,
      isSoon: false,
    }
    this.#lines.set(ask.kind, line)
    return line
  }

  #drop(kind: AskKind, line: Line): void {
    clearTimeout(line.timer)
    line.running?.stop()
    this.#lines.delete(kind)
  }

  /** Facts that changed while it was asked are asked about afterwards. */
  #askAgain(line: Line): void {
    const { facts, everyMs } = line.ask
    const hasChanged = !Object.is(facts, line.facts)
    if (line.running !== undefined || (line.timer !== undefined && (line.isSoon || !hasChanged))) return
    if (!hasChanged && everyMs === undefined) return
    clearTimeout(line.timer)
    line.isSoon = hasChanged
    const atMs = hasChanged ? line.nextMs : performance.now() + Math.max(everyMs ?? 0, line.tookMs * REPEATS_PER_TURN)
    line.timer = setTimeout(
      () => {
        line.timer = undefined
        this.#start(line)
      },
      Math.max(0, atMs - performance.now()),
    )
  }

  #start(line: Line): void {
    const { kind, key, facts, background = false } = line.ask
    const startedMs = performance.now()
    line.facts = facts
    const running = this.#service.start(line.ask)
    line.running = running
    this.#dispatch({ type: 'asking', kind, key })
    void running.outcome.then((outcome) => {
      if (this.#lines.get(kind) !== line) return
      line.running = undefined
      line.tookMs = performance.now() - startedMs
      const factor = background ? PAUSES_PER_TURN.background : PAUSES_PER_TURN.watched
      line.nextMs = performance.now() + Math.max(SHORTEST_PAUSE_MS, line.tookMs * factor)
      this.#dispatch({
        type: 'answer',
        kind,
        key,
        outcome: 'problem' in outcome ? { problem: sanitise(outcome.problem) } : outcome,
      })
      this.#askAgain(line)
    })
  }
}
