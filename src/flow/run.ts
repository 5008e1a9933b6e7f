import type { Ip } from './address.ts'
import type { Connection, VirtualConnection } from './connection.ts'
import type { Hop, Place, Stage, Unknown } from './journey.ts'
import type { Resolved } from './link/medium.ts'
import { type Packet, summaryOf } from './packet.ts'
import { placeIn, type Space, type SpaceLink } from './world.ts'

/** How a packet's way ends. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly reason: string; readonly at: Space; readonly answer?: Answer }
  | { readonly kind: 'dropped' | 'rejected' | 'unknown'; readonly reason: string; readonly place?: Place }
  /** A copy of a frame that is meant for somebody else. */
  | { readonly kind: 'ignored' }

/** What comes back, and from where. */
export interface Answer {
  readonly space: Space
  readonly packet: Packet
  /** Into which link it goes when it does not start in the namespace: the world outside. */
  readonly link?: SpaceLink['link']
}

/** One question that the facts do not answer, and the answer that this run takes. */
interface Choice {
  readonly count: number
  readonly taken: number
  readonly unknown: Unknown
  readonly words: string
}

/** Where a frame was lost on its way to somebody who would have answered. */
export interface Loss {
  readonly space: Space
  readonly link: string
  readonly reason: string
  readonly place: Place
}

/** More than any real path, fewer than a loop makes. */
const MOST_STEPS = 4000

/**
 * One possible world of a prediction: the facts, and one answer to each question they leave open. The engine asks
 * `choose` where a person could not know; whoever explores runs it again with other answers.
 */
export class Run {
  readonly choices: Choice[] = []
  readonly losses: Loss[] = []
  /** Connections that this packet and its answer made, by namespace. */
  readonly connections = new Map<Space, Connection[]>()
  /** The same of IPVS. */
  readonly virtualConnections = new Map<Space, VirtualConnection[]>()
  /** What bridges and VXLAN devices learned meanwhile: link → MAC → where it is. */
  readonly learned = new Map<SpaceLink['link'], Map<string, string | number>>()
  /** Neighbours that were asked for meanwhile, by namespace, link and address. */
  readonly asked = new Map<string, Resolved>()
  /** Addresses and ports that the sender of the first packet waits on. */
  expected: { readonly space: Space; readonly packet: Packet } | undefined
  /** Who sent the first packet when that is nobody in the facts, and where it came in. */
  outside: { readonly address: Ip; readonly space: Space; readonly link: SpaceLink['link'] } | undefined
  readonly seen = new Set<string>()
  loop: string | undefined
  hops: Hop[] = []
  readonly #answers: readonly number[]
  #steps = 0
  #quiet = 0

  constructor(answers: readonly number[]) {
    this.#answers = answers
  }

  /** One of `count` possibilities; `words` says what each means. */
  choose(unknown: Unknown, words: readonly string[]): number {
    const taken = this.#answers[this.choices.length] ?? 0
    this.choices.push({ count: words.length, taken, unknown, words: words[taken] ?? '' })
    return taken
  }

  /** False when the packet went further than any packet goes. */
  step(): boolean {
    return ++this.#steps < MOST_STEPS
  }

  /** Runs something whose hops nobody wants to see: who answers an ARP request. */
  quietly<T>(action: () => T): T {
    this.#quiet++
    try {
      return action()
    } finally {
      this.#quiet--
    }
  }

  get isQuiet(): boolean {
    return this.#quiet > 0
  }

  hop(space: Space, packet: Packet, entry: HopEntry): void {
    if (this.#quiet > 0) return
    this.hops.push({
      namespace: space.namespace.inode,
      ...(space.world.facts.snapshots.length > 1 ? { host: space.host } : {}),
      name: space.name,
      stage: entry.stage,
      subject: entry.subject,
      text: entry.text,
      packet: summaryOf(packet),
      details: entry.details ?? [],
      ...(entry.place === undefined ? {} : { place: entry.place }),
      ...(entry.in === undefined ? {} : { in: entry.in }),
      ...(entry.out === undefined ? {} : { out: entry.out }),
      ...(entry.stopped === true ? { stopped: true } : {}),
    })
  }

  /** The first packet got its source address: that is what its sender waits for an answer on. */
  starts(space: Space, packet: Packet): void {
    this.expected ??= { space, packet: { ...packet } }
  }

  /** An answer to somebody who is in no snapshot: it has arrived when it leaves by a link that leads there. */
  leaves(space: Space, link: SpaceLink['link'], packet: Packet): Outcome | undefined {
    if (this.outside === undefined || packet.destination.text !== this.outside.address.text) return undefined
    const text = `leaves by ${link.name} to ${packet.destination.text} outside`
    this.hop(space, packet, { stage: 'outside', subject: link.name, text })
    return { kind: 'delivered', reason: text, at: space }
  }

  /** The packet ends here without a word. */
  drop(space: Space, packet: Packet, entry: HopEntry & { readonly place: Place }): Outcome {
    this.hop(space, packet, { ...entry, stopped: true })
    return { kind: 'dropped', reason: entry.text, place: entry.place }
  }

  /** The facts end here. */
  unknown(space: Space, packet: Packet, entry: HopEntry): Outcome {
    this.hop(space, packet, { ...entry, stopped: true })
    return { kind: 'unknown', reason: entry.text, place: entry.place ?? placeIn(space, 'snapshot', entry.text) }
  }

  /** A frame that only asks who somebody is got lost. */
  lose(loss: Loss): void {
    this.losses.push(loss)
  }

  connectionsOf(space: Space): Connection[] {
    return listOf(this.connections, space)
  }

  virtualConnectionsOf(space: Space): VirtualConnection[] {
    return listOf(this.virtualConnections, space)
  }
}

function listOf<T>(lists: Map<Space, T[]>, space: Space): T[] {
  let list = lists.get(space)
  if (list === undefined) {
    list = []
    lists.set(space, list)
  }
  return list
}

export interface HopEntry {
  readonly stage: Stage
  readonly subject: string
  readonly text: string
  readonly details?: readonly string[]
  readonly place?: Place
  readonly in?: string
  readonly out?: string
  readonly stopped?: boolean
}
