import type { Link } from '../../model/snapshot.ts'
import { runDeviceHook } from '../firewall/device-hook.ts'
import type { Outcome } from '../run.ts'
import { isUp, linkOf, type SpaceLink } from '../world.ts'
import { bridgeReceive } from './bridge.ts'
import { sendCopies } from './copies.ts'
import { type Frame, isMulticastMac, packetOf } from './frame.ts'
import { lost } from './lost.ts'
import type { Medium } from './medium.ts'

/** A frame that came in by a link: for a tag, a bridge, something stacked on it, or the namespace (netif_receive_skb). */
export function receive(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { run } = medium
  const { space, link } = at
  if (!run.step()) return lost(run, at, frame, `loop: the frame went round and round, last by ${link.name}`)
  if (!isUp(link)) return lost(run, at, frame, `${link.name} in ${space.name} is down`)
  const packet = packetOf(frame)
  if (packet !== undefined) packet.sourceMac = frame.source
  const stopped = packet === undefined ? undefined : runDeviceHook(run, at, packet)
  if (stopped !== undefined) return stopped
  const master = linkOf(space, link.master)
  const stacked = stackedOn(at, frame)
  if (frame.vlan !== undefined && stacked.length > 0) return intoVlan(medium, stacked, frame)
  if (master?.kind === 'bridge') return bridgeReceive(medium, at, master, frame)
  if (master?.kind === 'bond') return medium.receive({ space, link: master }, frame)
  if (frame.vlan !== undefined)
    return lost(run, at, frame, `${link.name} in ${space.name} has no link for VLAN ${frame.vlan}`)
  if (stacked.length > 0) return intoStacked(medium, at, stacked, frame)
  return own(medium, at, frame)
}

/** Links above this one that would take the frame. */
function stackedOn({ space, link }: SpaceLink, frame: Frame): readonly SpaceLink[] {
  const children = space.world.childrenOf({ space, link })
  if (children.length === 0) return children
  if (frame.vlan !== undefined) return children.filter(({ link: child }) => child.vlan?.id === frame.vlan)
  const virtual = children.filter(({ link: child }) => child.macvlan !== undefined || child.ipvlan !== undefined)
  const passthru = virtual.filter(({ link: child }) => child.macvlan?.mode === 'passthru')
  if (passthru.length > 0) return passthru
  if (isMulticastMac(frame.destination)) return virtual.filter((child) => hearsBroadcast(virtual, child, frame))
  return virtual.filter((child) => takes(child, frame))
}

/** What a sibling in private or vepa mode sent comes back from the wire for those alone that may hear it. */
function hearsBroadcast(siblings: readonly SpaceLink[], { link }: SpaceLink, frame: Frame): boolean {
  if (link.mac === frame.source) return false
  const sender = siblings.find(({ link: sibling }) => sibling.mac === frame.source)
  return sender === undefined || sender.link.macvlan?.mode === 'vepa' || link.macvlan === undefined
}

function takes({ space, link }: SpaceLink, frame: Frame): boolean {
  if (link.macvlan !== undefined) return link.mac === frame.destination
  const packet = packetOf(frame)
  if (link.mac !== frame.destination) return false
  const probe = 'to' in frame.body ? frame.body.to.link : undefined
  return packet === undefined ? probe === link : hasAddress(space.namespace.addresses, link, packet.destination.text)
}

export function hasAddress(addresses: readonly { link: number; address: string }[], link: Link, text: string): boolean {
  return addresses.some(({ link: index, address }) => index === link.index && address.split('/')[0] === text)
}

function intoVlan(medium: Medium, ways: readonly SpaceLink[], frame: Frame): Outcome {
  return sendCopies(medium.run, ways, { ...frame, vlan: undefined }, (way, copy) => medium.receive(way, copy))
}

/** Broadcasts go to everybody on the link and to the link itself; other frames to the one they are for. */
function intoStacked(medium: Medium, at: SpaceLink, stacked: readonly SpaceLink[], frame: Frame): Outcome {
  const outcome = sendCopies(medium.run, stacked, frame, (way, copy) => {
    const packet = packetOf(copy)
    if (packet !== undefined) {
      const text = `${way.link.kind} ${way.space.name} ${way.link.name} takes frames for ${copy.destination}`
      medium.run.hop(at.space, packet, { stage: 'link', subject: at.link.name, text })
    }
    return medium.receive(way, copy)
  })
  if (!isMulticastMac(frame.destination)) return outcome
  const rest = own(medium, at, frame)
  return outcome.kind === 'ignored' ? rest : outcome
}

/** For the namespace itself, if the frame is addressed to it. */
function own(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { link } = at
  const { body, destination } = frame
  const isForUs =
    destination === link.mac || isMulticastMac(destination) || link.mac === undefined || link.kind === 'loopback'
  if (!isForUs) return { kind: 'ignored' }
  if (!('family' in body) && body.kind === 'probe') {
    if (body.to.link === link && body.to.space === at.space) body.arrived = true
    return { kind: 'ignored' }
  }
  return medium.deliver(at, frame)
}
