import type { RingFrame } from '../../kernel/packets/packet-ring.ts'

/** Something that frames are taken from in order of time. */
export interface FrameSource {
  /** The oldest that was not taken; undefined = nothing waits. */
  head(): RingFrame | undefined
  /** Takes it. */
  shift(): void
}

export interface MergeOptions {
  /** Nanoseconds of a time in `seconds`: what is not older waits, for another source may have something in between. */
  readonly until: { readonly seconds: number; readonly nanoseconds: number } | undefined
  readonly mayGoOn: () => boolean
}

/** To ask for each frame whether there is room would cost more than to copy it. */
const FRAMES_BETWEEN_QUESTIONS = 256

/** Takes frames of several sources, oldest first. @returns whether some are left that will be old enough soon */
export function mergeFrames<Source extends FrameSource>(
  sources: readonly Source[],
  onFrame: (frame: RingFrame, from: Source) => void,
  { until, mayGoOn }: MergeOptions,
): boolean {
  for (let taken = 0; ; taken++) {
    if (taken % FRAMES_BETWEEN_QUESTIONS === 0 && !mayGoOn()) return false
    const from = oldest(sources)
    const frame = from?.head()
    if (from === undefined || frame === undefined) return false
    if (until !== undefined && isYoung(frame, until)) return true
    onFrame(frame, from)
    from.shift()
  }
}

function oldest<Source extends FrameSource>(sources: readonly Source[]): Source | undefined {
  if (sources.length === 1) return sources[0]
  let found: Source | undefined
  let first: RingFrame | undefined
  for (const source of sources) {
    const head = source.head()
    if (head === undefined || (first !== undefined && !isBefore(head, first))) continue
    found = source
    first = head
  }
  return found
}

type Time = Pick<RingFrame, 'seconds' | 'nanoseconds'>

function isBefore(one: Time, other: Time): boolean {
  return one.seconds < other.seconds || (one.seconds === other.seconds && one.nanoseconds < other.nanoseconds)
}

/** A clock that was set back must not make us wait until it is that late again. */
const MOST_SECONDS_AHEAD = 2

function isYoung(frame: Time, until: Time): boolean {
  return !isBefore(frame, until) && frame.seconds <= until.seconds + MOST_SECONDS_AHEAD
}
