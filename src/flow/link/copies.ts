import type { Outcome, Run } from '../run.ts'
import type { SpaceLink } from '../world.ts'
import { copyFrame, type Frame, packetOf } from './frame.ts'

/**
 * Sends copies of a frame several ways. Of a packet, the first copy that somebody takes is the one that is followed;
 * what the others left behind is forgotten.
 */
export function sendCopies(
  run: Run,
  ways: readonly SpaceLink[],
  frame: Frame,
  send: (way: SpaceLink, copy: Frame) => Outcome,
): Outcome {
  const isPacket = packetOf(frame) !== undefined
  let lost: { readonly outcome: Outcome; readonly hops: Run['hops'] } | undefined
  const before = run.hops
  for (const way of ways) {
    if (isPacket) run.hops = [...before]
    const outcome = send(way, copyFrame(frame))
    if (!isPacket || outcome.kind === 'ignored') continue
    if (outcome.kind === 'dropped' && ways.length > 1) lost ??= { outcome, hops: run.hops }
    else return outcome
  }
  if (!isPacket) return { kind: 'ignored' }
  run.hops = lost?.hops ?? before
  return lost?.outcome ?? { kind: 'ignored' }
}
