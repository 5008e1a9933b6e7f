import type { Hop, Journey, Place } from './journey.ts'
import type { ConntrackEntry } from './snapshot.ts'

/**
 * What a real packet did. As a journey it is the observed one; the predicted one stands beside it. The JSON that
 * `trace` prints; additions only.
 */
export interface Trace extends ObservedJourney {
  /** What the facts said beforehand; absent for what nothing predicts (ARP). */
  readonly predicted?: Journey
  /** Where the two differ: the facts changed meanwhile, or the prediction is wrong. */
  readonly disagreements: readonly Disagreement[]
  readonly probe: ProbeSummary
  /** What connection tracking made of it, a line a namespace. */
  readonly connections: readonly TracedConnection[]
  /** Counters and drop reasons that moved meanwhile: ours may not be the only packet. */
  readonly counters: readonly MovedCounter[]
  /** What the kernel says of packets that it dropped meanwhile, on the whole host; absent when it was not asked. */
  readonly drops?: readonly KernelDrop[]
  /** What limits the answer: a rule set that changed, packets that were lost before we saw them. */
  readonly notes: readonly string[]
}

export interface ObservedJourney extends Journey {
  readonly hops: readonly ObservedHop[]
  readonly reply?: ObservedJourney
  /** Of what the end is known; of `predicted`, nothing was seen but that the packet got no further. */
  readonly evidence?: Evidence
}

/**
 * Of what something is known: our own call, a sighting, the verdict of a rule, a counter that moved, the kernel's
 * reason for a drop within our call, an answer or error; or only of the prediction, which nothing contradicts.
 */
export type Evidence = 'sent' | 'seen' | 'rules' | 'counter' | 'drop' | 'answer' | 'predicted'

export interface ObservedHop extends Hop {
  readonly evidence: Evidence
  /** Microseconds since the packet was first seen; absent where the kernel gives no time. */
  readonly atUs?: number
  /** Of a link: into the namespace, or out of it. */
  readonly direction?: 'in' | 'out'
}

export interface Disagreement {
  /** `the packet`, `the answer`, `the acknowledgement`. */
  readonly leg: string
  readonly predicted: string
  readonly observed: string
}

export interface ProbeSummary {
  /** `SYN`, `datagram`, `echo request`, `question`, `ARP request`, `nothing`. */
  readonly kind: string
  readonly source: string
  readonly sourcePort?: number
  /** How the packet can be told from others: `ISN 0x1a2b3c4d`. */
  readonly mark: string
  /** What the sender's system calls said: `connected`, `ECONNREFUSED`, `no answer within 2 s`. */
  readonly outcome: string
  /** Times it was sent; the kernel repeats a SYN. */
  readonly sent: number
}

export interface TracedConnection {
  readonly namespace: number
  readonly name: string
  readonly entry: ConntrackEntry
}

/** A counter that has grown by `delta` since before the packet was sent. */
export interface MovedCounter {
  readonly namespace: number
  readonly name: string
  /** `IpExt InNoRoutes`, `eth0 rxDropped`, `filter FORWARD 4: -j DROP`, `skb:kfree_skb NETFILTER_DROP`. */
  readonly counter: string
  readonly delta: number
  /** The rule or link that counts. */
  readonly place?: Place
}

/** Packets that the kernel freed without handing them on (tracepoint `skb:kfree_skb`); they carry no addresses. */
export interface KernelDrop {
  /** `IP_RPFILTER` (include/net/dropreason-core.h). */
  readonly reason: string
  /** The kernel's function; absent where the kernel does not name it. */
  readonly location?: string
  readonly protocol: 'ip' | 'ipv6' | 'arp'
  readonly count: number
  /** Within the call that sent the probe: it, or a copy of it. The others may be anybody's. */
  readonly isOurs: boolean
}

/** What a trace is busy with. */
export type TraceStage = 'reading' | 'listening' | 'sending' | 'waiting' | 'reading again'
