import type { Ip } from '../address.ts'
import { copyPacket, type Packet } from '../packet.ts'
import type { SpaceLink } from '../world.ts'

export const BROADCAST = 'ff:ff:ff:ff:ff:ff'
/** Of somebody who is in no snapshot. */
export const UNKNOWN_MAC = '(unknown)'

/** Asks who has an address: ARP, or a neighbour solicitation. */
export interface Question {
  readonly kind: 'question'
  readonly target: Ip
  readonly asker: Ip
  /** Those who would answer, in the order in which the question reaches them. */
  readonly answers: SpaceLink[]
  /** Answers for others: by proxies in VXLAN devices and bridges. */
  readonly proxied: { readonly mac: string; readonly who: string }[]
  /** It went out to where no snapshot tells who is there. */
  outside: boolean
  /** What firewalls see of it: a neighbour solicitation is an ICMPv6 packet, ARP is none of IP. */
  readonly shown?: Packet
}

/** Only finds out whether a frame gets from one place to another: an answer to a question. */
export interface Probe {
  readonly kind: 'probe'
  readonly to: SpaceLink
  arrived: boolean
  /** As of a {@link Question}: a neighbour advertisement. */
  readonly shown?: Packet
}

export interface Frame {
  source: string
  destination: string
  /** 802.1Q tag, while it has one. */
  vlan?: number | undefined
  body: Packet | Question | Probe
  /** br_netfilter showed it to PREROUTING already (ip_sabotage_in). */
  preroutingDone?: boolean | undefined
}

export function packetOf({ body }: Frame): Packet | undefined {
  return 'family' in body ? body : undefined
}

/** What a firewall on the way sees: a copy of it, as nothing that rewrites it matters. */
export function shownPacket({ body }: Frame): Packet | undefined {
  if ('family' in body) return body
  return body.shown === undefined ? undefined : copyPacket(body.shown)
}

export function copyFrame(frame: Frame): Frame {
  const packet = packetOf(frame)
  return packet === undefined ? { ...frame } : { ...frame, body: copyPacket(packet) }
}

export function isMulticastMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
}

/** What a packet loses when it leaves a link for another (skb_scrub_packet); more when that is in another namespace. */
export function scrub(frame: Frame, isOtherNamespace: boolean): void {
  delete frame.preroutingDone
  const packet = packetOf(frame)
  if (packet === undefined) return
  delete packet.tracking
  delete packet.bridged
  delete packet.decrypted
  delete packet.gateway
  delete packet.zone
  delete packet.proxy
  delete packet.owner
  if (!isOtherNamespace) return
  packet.mark = 0
  delete packet.viaIpvs
}
