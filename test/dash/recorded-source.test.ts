import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { recordedSource } from '../../src/dash/recorded-source.ts'
import type { DashListener, DashSource } from '../../src/dash/source.ts'

const START_MS = Date.UTC(2026, 0, 1)

function lineAt(second: number): string {
  return JSON.stringify({ at: new Date(START_MS + second * 1000).toISOString(), counters: [] })
}

/** Seconds that are shown, as a listener has them that forgets when it is told to. */
class Shown implements DashListener {
  seconds: number[] = []
  isAtEnd = false
  sample({ at }: { readonly at: string }): void {
    this.seconds.push((Date.parse(at) - START_MS) / 1000)
  }
  event(): void {}
  end(): void {
    this.isAtEnd = true
  }
  fail(error: unknown): void {
    throw error
  }
  restart(): void {
    this.seconds = []
    this.isAtEnd = false
  }
}

let shown: Shown
let source: DashSource

async function play(seconds: readonly number[], speed = 1): Promise<void> {
  shown = new Shown()
  source = recordedSource('x', seconds.map(lineAt).join('\n'), speed)
  await source.start(shown)
}

beforeEach(() => void vi.useFakeTimers())
afterEach(async () => {
  await source.close()
  vi.useRealTimers()
})

test('a recording is played at its own pace, or as many times as fast', async () => {
  await play([0, 1, 3])
  expect(shown.seconds).toEqual([0])
  vi.advanceTimersByTime(2900)
  expect(shown.seconds).toEqual([0, 1])
  vi.advanceTimersByTime(200)
  expect(shown).toMatchObject({ seconds: [0, 1, 3], isAtEnd: true })
  await play([0, 1, 3], 10)
  vi.advanceTimersByTime(300)
  expect(shown.isAtEnd).toBe(true)
})

test('forward tells what lies between, back begins again, and it goes on from there', async () => {
  await play([0, 5, 10, 15, 20, 40])
  source.player?.seek(12)
  expect(shown.seconds).toEqual([0, 5, 10])
  expect(source.about()).toBe('x 0:12/0:40')
  source.player?.seek(-10)
  expect(shown.seconds).toEqual([0])
  vi.advanceTimersByTime(3000)
  expect(shown.seconds).toEqual([0, 5])
  source.player?.seek('end')
  expect(shown).toMatchObject({ seconds: [0, 5, 10, 15, 20, 40], isAtEnd: true })
  expect(source.about()).toBe('x, at its end')
  source.player?.seek('start')
  expect(shown).toMatchObject({ seconds: [0], isAtEnd: false })
})

test('it stands still while it is paused, and can be looked through all the same', async () => {
  await play([0, 1, 2, 3])
  source.player?.play(false)
  vi.advanceTimersByTime(10_000)
  expect(shown.seconds).toEqual([0])
  source.player?.seek(2)
  vi.advanceTimersByTime(10_000)
  expect(shown.seconds).toEqual([0, 1, 2])
  source.player?.play(true)
  vi.advanceTimersByTime(1000)
  expect(shown.isAtEnd).toBe(true)
})

test('of a long one only what a chart can show is told again', async () => {
  await play([0, 1, 4000, 8000], 0)
  expect(shown.seconds).toEqual([0, 1, 4000, 8000])
  source.player?.seek(-1)
  expect(shown.seconds).toEqual([])
  source.player?.seek(-3000)
  expect(shown.seconds).toEqual([4000])
})

test('a clock that was set back neither stops it nor loses anything', async () => {
  await play([0, 100, 5, 6], 0)
  expect(shown).toMatchObject({ seconds: [0, 100, 5, 6], isAtEnd: true })
})
