import { conversationKey, type Ends } from '../../model/packets/conversation.ts'
import type { ConntrackEntry, ConntrackTuple } from '../../model/snapshot.ts'
import type { CaptureEvent, CaptureState } from './capture.ts'
import { keepNewest } from './packet-ring.ts'

/** What a capture tells, taken in; nothing of one that is over. Frozen packets wait. */
export function adoptCapture(
  capture: CaptureState,
  { key, event, frozen }: { readonly key: number; readonly event: CaptureEvent; readonly frozen: boolean },
): CaptureState {
  if (key !== capture.turn) return capture
  switch (event.kind) {
    case 'opening':
      return { ...capture, status: 'opening', problem: undefined, note: undefined }
    case 'capturing':
      return { ...capture, status: 'capturing' }
    case 'note':
      return { ...capture, note: event.text }
    case 'dropped':
      return { ...capture, dropped: event.dropped }
    case 'ended':
      return { ...capture, status: 'ended', isStopped: true, problem: event.problem }
    case 'packets':
      return frozen
        ? { ...capture, seen: event.seen, held: keepNewest(capture.held, event.packets) }
        : { ...capture, seen: event.seen, packets: keepNewest(capture.packets, event.packets) }
  }
}

/** What arrived while the screen was frozen is shown. */
export function releaseHeld(capture: CaptureState): CaptureState {
  if (capture.held.length === 0) return capture
  return { ...capture, packets: keepNewest(capture.packets, capture.held), held: [] }
}

/** Conversations that translation makes of one: the other direction of a tracked connection is another one then. */
export function withTranslations(keys: ReadonlySet<string>, entries: readonly ConntrackEntry[]): ReadonlySet<string> {
  const found = new Set(keys)
  for (let before = -1; found.size > before; ) {
    before = found.size
    for (const { protocol, original, reply } of entries) {
      const both = [tupleKey(protocol, original), tupleKey(protocol, reply)]
      if (both.some((key) => found.has(key))) for (const key of both) found.add(key)
    }
  }
  return found.size === keys.size ? keys : found
}

function tupleKey(protocol: string, tuple: ConntrackTuple): string {
  const { source, destination, sourcePort, destinationPort, icmpId } = tuple
  const ends: Ends = { protocol, source, destination, sourcePort, destinationPort, id: icmpId }
  return conversationKey(ends)
}
