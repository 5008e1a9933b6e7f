import type { Outcome } from '../run.ts'
import { isUp, type SpaceLink } from '../world.ts'
import { sendCopies } from './copies.ts'
import { type Frame, isMulticastMac, packetOf, scrub } from './frame.ts'
import { lost } from './lost.ts'
import type { Medium } from './medium.ts'
import { outerTransmit } from './outer.ts'

/** macvlan_queue_xmit: to a sibling in bridge mode directly, everything else out by the parent. */
export function macvlanTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { run } = medium
  const { space, link } = at
  const parent = space.world.other(space, link.parent)
  if (parent === undefined) return outerTransmit(medium, at, frame)
  if (!isUp(parent.link)) return lost(run, parent, frame, `${parent.link.name}, the parent of ${link.name}, is down`)
  const siblings = bridgedSiblings(at, parent)
  const near = siblings.filter((sibling) => isMulticastMac(frame.destination) || sibling.link.mac === frame.destination)
  if (near.length > 0) {
    const outcome = sendCopies(run, near, frame, (sibling, copy) => toSibling(medium, at, sibling, copy))
    if (!isMulticastMac(frame.destination)) return outcome
  }
  if (frame.destination === parent.link.mac) {
    const text = `a macvlan cannot reach its own parent: ${parent.link.name} in ${parent.space.name} sends ${link.name}'s frames only to the wire`
    return lost(run, at, frame, text)
  }
  const packet = packetOf(frame)
  if (packet !== undefined) {
    const text = `macvlan ${link.macvlan?.mode ?? ''} → ${parent.space.name} ${parent.link.name}`
    run.hop(space, packet, { stage: 'link', subject: link.name, text })
  }
  return medium.transmit(parent, frame)
}

/** Those that a frame reaches without leaving the machine: both ends have to be in bridge mode. */
function bridgedSiblings(at: SpaceLink, parent: SpaceLink): readonly SpaceLink[] {
  if (at.link.macvlan?.mode !== 'bridge') return []
  return at.space.world
    .childrenOf(parent)
    .filter(({ link, space }) => link.macvlan?.mode === 'bridge' && !(link === at.link && space === at.space))
}

function toSibling(medium: Medium, at: SpaceLink, sibling: SpaceLink, frame: Frame): Outcome {
  scrub(frame, sibling.space !== at.space)
  const packet = packetOf(frame)
  if (packet !== undefined) {
    const text = `macvlan bridge → ${sibling.space.name} ${sibling.link.name}`
    medium.run.hop(at.space, packet, { stage: 'link', subject: at.link.name, text })
  }
  return medium.receive(sibling, frame)
}
