import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Ask, Outcome } from '../../src/tui/asks/ask.ts'
import { outcomeOf } from '../../src/tui/asks/ask-child.ts'
import { AskDesk } from '../../src/tui/screen/ask-desk.ts'
import type { Event } from '../../src/tui/state.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A desk whose questions are answered by the test. */
function openDesk() {
  const events: Event[] = []
  const asked: { readonly ask: Ask; stopped: boolean; answer(outcome: Outcome): Promise<void> }[] = []
  const desk = new AskDesk(
    {
      start: (ask) => {
        let resolve: (outcome: Outcome) => void = () => undefined
        const outcome = new Promise<Outcome>((done) => {
          resolve = done
        })
        const one = {
          ask,
          stopped: false,
          answer: async (value: Outcome) => {
            resolve(value)
            await outcome
            await Promise.resolve()
          },
        }
        asked.push(one)
        return {
          outcome,
          stop: () => {
            one.stopped = true
          },
        }
      },
    },
    (event) => events.push(event),
  )
  return { desk, events, asked }
}

const path = (facts: unknown, key = 'a'): Ask => ({ kind: 'path', key, words: ['path'], facts })

test('a question is asked once, and its answer told', async () => {
  const { desk, events, asked } = openDesk()
  desk.look([path(1)])
  desk.look([path(1)])
  expect(asked).toHaveLength(1)
  await asked[0]?.answer({ value: 7 })
  expect(events.map(({ type }) => type)).toEqual(['asking', 'answer'])
  desk.look([path(1)])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(1)
})

test('facts that changed meanwhile are asked about afterwards, not sooner than a second later', async () => {
  const { desk, asked } = openDesk()
  desk.look([path(1)])
  desk.look([path(2)])
  expect(asked).toHaveLength(1)
  await asked[0]?.answer({ value: 1 })
  await vi.advanceTimersByTimeAsync(900)
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(asked).toHaveLength(2)
})

test('what took long is asked again the later', async () => {
  const { desk, asked } = openDesk()
  desk.look([path(1)])
  await vi.advanceTimersByTimeAsync(1_000)
  await asked[0]?.answer({ value: 1 })
  desk.look([path(2)])
  await vi.advanceTimersByTimeAsync(3_900)
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(asked).toHaveLength(2)
})

test('it is repeated after its time, and at once when something changed before', async () => {
  const { desk, asked } = openDesk()
  const every = (facts: number): Ask => ({ ...path(facts), everyMs: 30_000 })
  desk.look([every(1)])
  await asked[0]?.answer({ value: 1 })
  await vi.advanceTimersByTimeAsync(30_100)
  expect(asked).toHaveLength(2)
  await asked[1]?.answer({ value: 1 })
  await vi.advanceTimersByTimeAsync(2_000)
  desk.look([every(2)])
  await vi.advanceTimersByTimeAsync(10)
  expect(asked).toHaveLength(3)
})

test('what is no longer wanted is stopped, and its answer not told', async () => {
  const { desk, events, asked } = openDesk()
  desk.look([path(1)])
  desk.look([path(1, 'b')])
  expect(asked.map(({ stopped }) => stopped)).toEqual([true, false])
  await asked[0]?.answer({ value: 1 })
  expect(events.filter(({ type }) => type === 'answer')).toEqual([])
  desk.close()
  expect(asked[1]?.stopped).toBe(true)
})

test('an answer is what was printed, whatever the exit status; without one, what was said', () => {
  expect(outcomeOf(Buffer.from('{"a":1}'), '', 1)).toEqual({ value: { a: 1 } })
  expect(outcomeOf(Buffer.from(''), '✖ select x: no such namespace\n  ns lists them\n', 2)).toEqual({
    problem: 'select x: no such namespace — ns lists them',
  })
  expect(outcomeOf(Buffer.from('{"a":'), '', 'SIGTERM')).toEqual({ problem: 'stopped' })
})
