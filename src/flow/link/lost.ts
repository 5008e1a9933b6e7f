import type { Place, PlaceKind } from '../journey.ts'
import type { HopEntry, Outcome, Run } from '../run.ts'
import { placeIn, type SpaceLink } from '../world.ts'
import { type Frame, packetOf } from './frame.ts'

/** A frame that goes no further: a packet is dropped; a question just does not get there. */
export function lost(
  run: Run,
  { space, link }: SpaceLink,
  frame: Frame,
  text: string,
  kind: PlaceKind = 'link',
): Outcome {
  const place = placeIn(space, kind, text, { link: link.name })
  return lostAt(run, { space, link }, frame, {
    stage: kind === 'bridge-port' || kind === 'fdb' ? 'bridge' : 'link',
    subject: link.name,
    text,
    place,
  })
}

export function lostAt(
  run: Run,
  { space, link }: SpaceLink,
  frame: Frame,
  entry: HopEntry & { readonly place: Place },
): Outcome {
  const packet = packetOf(frame)
  if (packet !== undefined) return run.drop(space, packet, entry)
  run.lose({ space, link: link.name, reason: entry.text, place: entry.place })
  return { kind: 'ignored' }
}
