import type { Ip } from '../address.ts'
import type { RefusalReply } from '../firewall/stopped.ts'
import type { Place } from '../journey.ts'
import type { Packet } from '../packet.ts'
import type { Outcome, Run } from '../run.ts'
import type { SpaceLink } from '../world.ts'
import type { Frame } from './frame.ts'

/** One kind of link: what happens to a frame that is sent on it. */
export type Transmit = (medium: Medium, at: SpaceLink, frame: Frame) => Outcome

/** How frames get from link to link; the parts call each other through it. */
export interface Medium {
  readonly run: Run
  /** dev_queue_xmit: a namespace sends on a link. */
  transmit(at: SpaceLink, frame: Frame): Outcome
  /** netif_receive_skb: a frame comes in by a link. */
  receive(at: SpaceLink, frame: Frame): Outcome
  /** A frame for the namespace itself: IP, ARP or neighbour discovery. */
  deliver(at: SpaceLink, frame: Frame): Outcome
  /** A packet that the namespace sends by itself, as a tunnel does. */
  send(from: SpaceLink['space'], packet: Packet): Outcome
  /** What a rule that rejects sends back, and whether it arrives. */
  refuse(
    space: SpaceLink['space'],
    packet: Packet,
    how: { readonly with: string; readonly in?: SpaceLink['link'] | undefined },
  ): RefusalReply
  /** Who has an address, asked on a link. */
  resolve(at: SpaceLink, target: Ip, asker: Ip | undefined): Resolved
}

export type Resolved =
  | { readonly kind: 'mac'; readonly mac: string; readonly text: string }
  /** Nobody answers; with the reason why the one who should does not hear it. */
  | { readonly kind: 'none'; readonly text: string; readonly place: Place }
