import type { Outcome } from '../run.ts'
import { placeIn, type SpaceLink } from '../world.ts'
import { sendCopies } from './copies.ts'
import { type Frame, isMulticastMac, packetOf, scrub, UNKNOWN_MAC } from './frame.ts'
import type { Medium } from './medium.ts'

/** A link that leads out of its snapshot: to another host in the facts, or to where nobody looked. */
export function outerTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { run } = medium
  const { space, link } = at
  const packet = packetOf(frame)
  const back = packet === undefined ? undefined : run.leaves(space, link, packet)
  if (back !== undefined) return back
  const others = space.world.outerLinks.filter(
    (other) => other.space.host !== space.host && mayTake(other, frame.destination),
  )
  if (others.length > 0) {
    const outcome = sendCopies(run, others, frame, (other, copy) => cross(medium, at, other, copy))
    if (outcome.kind !== 'ignored') return outcome
  }
  if (frame.body !== packet && 'outside' in frame.body) frame.body.outside = true
  if (packet === undefined) return { kind: 'ignored' }
  const to = packet.gateway === undefined ? '' : ` to ${packet.gateway.text}`
  const text = `leaves ${space.name} by ${link.name}${to}; what is beyond is not in the facts`
  return run.unknown(space, packet, {
    stage: 'outside',
    subject: link.name,
    text,
    place: placeIn(space, 'link', text, { link: link.name }),
  })
}

/** Who else has a link into the unknown may be at the other end; a bridge port or a parent takes any frame. */
function mayTake({ link }: SpaceLink, mac: string): boolean {
  return (
    mac !== UNKNOWN_MAC &&
    (isMulticastMac(mac) || link.mac === mac || link.master !== undefined || link.kind !== 'vlan')
  )
}

function cross(medium: Medium, at: SpaceLink, other: SpaceLink, frame: Frame): Outcome {
  const packet = packetOf(frame)
  scrub(frame, true)
  if (packet !== undefined) {
    const text = `wire → ${other.space.name} ${other.link.name} of host ${other.space.snapshot.hostname}`
    medium.run.hop(at.space, packet, { stage: 'link', subject: at.link.name, text })
  }
  return medium.receive(other, frame)
}
