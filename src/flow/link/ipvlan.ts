import type { Outcome } from '../run.ts'
import { isUp, placeIn, type SpaceLink } from '../world.ts'
import { sendCopies } from './copies.ts'
import { type Frame, isMulticastMac, packetOf, scrub } from './frame.ts'
import { lost } from './lost.ts'
import type { Medium } from './medium.ts'
import { outerTransmit } from './outer.ts'
import { hasAddress } from './receive.ts'

/** ipvlan_queue_xmit: all share the parent's MAC, so addresses tell them apart. */
export function ipvlanTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { run } = medium
  const { space, link } = at
  const parent = space.world.other(space, link.parent)
  if (parent === undefined) return outerTransmit(medium, at, frame)
  if (!isUp(parent.link)) return lost(run, parent, frame, `${parent.link.name}, the parent of ${link.name}, is down`)
  const packet = packetOf(frame)
  const siblings = space.world
    .childrenOf(parent)
    .filter((other) => other.link.ipvlan !== undefined && other.link !== link)
  const isPrivate = link.ipvlan?.flags.includes('private') === true
  const near = isPrivate ? [] : siblings.filter((sibling) => isFor(sibling, frame))
  if (near.length > 0) {
    const outcome = sendCopies(run, near, frame, (sibling, copy) => toSibling(medium, at, sibling, copy))
    if (packet !== undefined && outcome.kind !== 'ignored') return outcome
  }
  if (packet !== undefined && link.ipvlan?.mode !== 'l2') {
    const text = `${link.name} is ipvlan ${link.ipvlan?.mode}: ${parent.space.name} routes what leaves it, which is not predicted`
    return run.unknown(space, packet, { stage: 'link', subject: link.name, text, place: placeIn(space, 'link', text) })
  }
  if (frame.destination === parent.link.mac) return medium.deliver(parent, frame)
  return medium.transmit(parent, frame)
}

function isFor({ space, link }: SpaceLink, frame: Frame): boolean {
  const packet = packetOf(frame)
  if (packet !== undefined) return hasAddress(space.namespace.addresses, link, packet.destination.text)
  return isMulticastMac(frame.destination) || ('to' in frame.body && frame.body.to.link === link)
}

function toSibling(medium: Medium, at: SpaceLink, sibling: SpaceLink, frame: Frame): Outcome {
  scrub(frame, sibling.space !== at.space)
  const packet = packetOf(frame)
  if (packet !== undefined) {
    const text = `ipvlan ${at.link.ipvlan?.mode ?? ''} → ${sibling.space.name} ${sibling.link.name}`
    medium.run.hop(at.space, packet, { stage: 'link', subject: at.link.name, text })
  }
  return medium.receive(sibling, { ...frame, destination: sibling.link.mac ?? frame.destination })
}
