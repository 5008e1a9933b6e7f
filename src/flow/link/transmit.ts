import type { Outcome } from '../run.ts'
import { hasCarrier, isUp, type SpaceLink } from '../world.ts'
import { bridgeTransmit } from './bridge.ts'
import { sendCopies } from './copies.ts'
import { type Frame, packetOf, scrub } from './frame.ts'
import { ipvlanTransmit } from './ipvlan.ts'
import { lost } from './lost.ts'
import { macvlanTransmit } from './macvlan.ts'
import type { Medium, Transmit } from './medium.ts'
import { outerTransmit } from './outer.ts'
import { vxlanTransmit } from './vxlan.ts'

const KINDS: Readonly<Record<string, Transmit>> = {
  veth: cableTransmit,
  netkit: cableTransmit,
  bridge: bridgeTransmit,
  vxlan: vxlanTransmit,
  macvlan: macvlanTransmit,
  macvtap: macvlanTransmit,
  ipvlan: ipvlanTransmit,
  ipvtap: ipvlanTransmit,
  vlan: vlanTransmit,
  bond: bondTransmit,
  loopback: (medium, at, frame) => medium.receive(at, frame),
  dummy: ({ run }, at, frame) => lost(run, at, frame, `${at.link.name} is a dummy: it swallows what is sent on it`),
}

/** Hands a frame to a link, as dev_queue_xmit does. */
export function transmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { run } = medium
  const { link } = at
  if (!run.step()) return lost(run, at, frame, `loop: the frame went round and round, last by ${link.name}`)
  if (!isUp(link)) return lost(run, at, frame, `${link.name} is down`)
  if (!hasCarrier(link)) return lost(run, at, frame, `${link.name} has no carrier`)
  const send = KINDS[link.kind]
  return (send ?? outerTransmit)(medium, at, frame)
}

/** Both ends of a cable are in the facts, or it leads out of them. */
function cableTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { run } = medium
  const { space, link } = at
  const peer = space.world.other(space, link.peer)
  if (peer === undefined || peer.space.namespace.owner.kind === 'peer') return outerTransmit(medium, at, frame)
  const packet = packetOf(frame)
  if (!isUp(peer.link)) return lost(run, peer, frame, `${peer.link.name} in ${peer.space.name} is down`)
  if (packet !== undefined && packet.size > peer.link.mtu + VLAN_HEADER) {
    return lost(
      run,
      peer,
      frame,
      `${peer.link.name} in ${peer.space.name} takes ${peer.link.mtu} bytes, the packet has ${packet.size}`,
    )
  }
  scrub(frame, peer.space !== space)
  if (packet !== undefined) {
    run.hop(space, packet, {
      stage: 'link',
      subject: link.name,
      text: `${link.kind} → ${peer.space.name} ${peer.link.name}`,
    })
  }
  return medium.receive(peer, frame)
}

/** is_skb_forwardable leaves room for a tag (net/core/dev.c). */
const VLAN_HEADER = 4

function vlanTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { space, link } = at
  const parent = space.world.other(space, link.parent)
  if (parent === undefined) return outerTransmit(medium, at, frame)
  const packet = packetOf(frame)
  if (packet !== undefined) {
    const text = `VLAN ${link.vlan?.id ?? 0} → ${parent.space.name} ${parent.link.name}`
    medium.run.hop(space, packet, { stage: 'link', subject: link.name, text })
  }
  return medium.transmit(parent, { ...frame, vlan: link.vlan?.id })
}

function bondTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { space, link } = at
  const members = space.namespace.links.filter(({ master }) => master === link.index).filter(hasCarrier)
  const active = members.find(({ index }) => index === link.bond?.activeSlave)
  const ways = (active === undefined ? members : [active]).map((member) => ({ space, link: member }))
  if (ways.length === 0) return lost(medium.run, at, frame, `${link.name} has no member with carrier`)
  return sendCopies(medium.run, ways.slice(0, 1), frame, (way, copy) => medium.transmit(way, copy))
}
