import { describe, expect, test } from 'vitest'
import type { RingFrame } from '../../src/kernel/packets/packet-ring.ts'
import { type FrameSource, mergeFrames } from '../../src/measure/capture/merge-rings.ts'

/** Frames that came at these nanoseconds. */
function source(...times: readonly number[]): FrameSource {
  const waiting = times.map((time) => ({
    ...{ link: 1, hardware: 1, protocol: 0, type: 0, length: 0, memory: new Uint8Array(), start: 0, end: 0, tag: 0 },
    seconds: Math.floor(time / 1e9),
    nanoseconds: time % 1e9,
  }))
  return { head: () => waiting[0], shift: () => void waiting.shift() }
}

function merged(sources: readonly FrameSource[], until?: number, room = Number.POSITIVE_INFINITY) {
  const times: number[] = []
  const take = ({ seconds, nanoseconds }: RingFrame) => times.push(seconds * 1e9 + nanoseconds)
  const isWaiting = mergeFrames(sources, take, {
    until: until === undefined ? undefined : { seconds: Math.floor(until / 1e9), nanoseconds: until % 1e9 },
    mayGoOn: () => times.length < room,
  })
  return { times, isWaiting }
}

describe('frames of several rings', () => {
  test('come in order of time, also across a second', () => {
    const sources = [source(1, 5e9, 5e9 + 2), source(2, 3, 5e9 + 1), source()]
    expect(merged(sources)).toEqual({ times: [1, 2, 3, 5e9, 5e9 + 1, 5e9 + 2], isWaiting: false })
  })

  test('wait while another ring may have older ones', () => {
    const sources = [source(1, 7), source(3)]
    expect(merged(sources, 5)).toEqual({ times: [1, 3], isWaiting: true })
    expect(merged(sources, 8)).toEqual({ times: [7], isWaiting: false })
  })

  test('do not wait for a clock that was set back', () => {
    expect(merged([source(3_600e9), source()], 1e9).times).toEqual([3_600e9])
  })

  test('stay where they are while there is no room', () => {
    const one = source(...Array.from({ length: 1_000 }, (_, position) => position))
    expect(merged([one], undefined, 300).times).toHaveLength(512)
    expect(merged([one]).times).toHaveLength(488)
  })
})
