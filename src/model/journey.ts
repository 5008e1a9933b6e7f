/**
 * Where a packet goes: what `path` predicts from facts and `trace` sees. The JSON that both print; additions only.
 */

export type Verdict = 'delivered' | 'dropped' | 'rejected' | 'depends' | 'unknown'

/** What is sent, and from where. */
export interface Flow {
  readonly source: FlowSource
  /** An address, as it stands in the packet that is sent. */
  readonly destination: string
  /** The name that was asked for, when it was one. */
  readonly destinationName?: string
  /** tcp, udp, icmp, icmpv6, sctp, or a number. */
  readonly protocol: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** fwmark of the socket (SO_MARK). */
  readonly mark?: number
  readonly ttl?: number
  /** Bytes of the IP packet. */
  readonly size?: number
  /** Don't fragment; TCP sets it. */
  readonly df?: boolean
  readonly uid?: number
}

export interface FlowSource {
  /** Inode. */
  readonly namespace: number
  /** Position of its snapshot, when there are several. */
  readonly host?: number
  readonly name: string
  /** The address that the sender bound, or that the packet from outside carries. */
  readonly address?: string
  /** The link it is bound to (SO_BINDTODEVICE), or that it comes in by from outside. */
  readonly link?: string
  /** It does not start in the namespace but arrives there by a link. */
  readonly outside?: boolean
}

export interface Journey {
  readonly flow: Flow
  /**
   * Of the packet itself: `delivered` to a socket (or to the kernel, which answers); `dropped` without a word;
   * `rejected`, so that the sender gets an error; `depends` on what nobody can know from the facts; `unknown` when
   * the facts end before the packet does.
   */
  readonly verdict: Verdict
  readonly hops: readonly Hop[]
  /** One sentence. */
  readonly reason: string
  /** What stopped it. */
  readonly where?: Place
  /** The way of the answer; the answer of a TCP listener has the acknowledgement as a reply of its own. */
  readonly reply?: Journey
  readonly unknowns: readonly Unknown[]
  readonly fixes: readonly Fix[]
  /** The other ways it can go, when the verdict depends; the first is the journey itself. */
  readonly alternatives?: readonly Alternative[]
  /** What the links on the way take, when it was asked for. */
  readonly mtu?: MtuBudget
}

/** How large a packet of a flow may be. */
export interface MtuBudget {
  /** Bytes of the largest IP packet that arrives whole. */
  readonly largestPacket: number
  /** Without the headers of IP and of the flow's protocol. */
  readonly largestPayload: number
  readonly rows: readonly MtuRow[]
  /** What stops a packet of one byte more. */
  readonly limit?: Place
}

export interface MtuRow {
  readonly namespace: number
  readonly name: string
  readonly link: string
  readonly mtu: number
  /** Bytes of the smallest packet as it is there: more than at the start where something wraps it. */
  readonly packet: number
}

export interface Alternative {
  /** What has to be so for this one. */
  readonly when: readonly string[]
  readonly verdict: Verdict
  readonly reason: string
  readonly hops: readonly Hop[]
  readonly where?: Place
}

export type Stage =
  | 'socket'
  | 'route'
  | 'neighbour'
  | 'link'
  | 'bridge'
  | 'prerouting'
  | 'input'
  | 'forward'
  | 'output'
  | 'postrouting'
  | 'ingress'
  | 'nat'
  | 'ipvs'
  | 'tunnel'
  | 'xfrm'
  | 'outside'

export interface Hop {
  /** Inode. */
  readonly namespace: number
  /** Position of its snapshot, when there are several. */
  readonly host?: number
  readonly name: string
  readonly stage: Stage
  /** The object that acts: a link, a chain, a table. */
  readonly subject: string
  readonly text: string
  /** The packet as it is at the end of this hop. */
  readonly packet: PacketSummary
  /** Every table, chain, rule, route and entry that was consulted. */
  readonly details: readonly string[]
  /** The kernel object that decided, when it is one. */
  readonly place?: Place
  /** Links between which a chain saw the packet. */
  readonly in?: string
  readonly out?: string
  /** The packet ends here. */
  readonly stopped?: boolean
}

export interface PacketSummary {
  readonly source: string
  readonly destination: string
  readonly protocol: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly mark?: number
  readonly ttl: number
  readonly size: number
}

/** A kernel object, named so that a view can open it. */
export interface Place {
  readonly kind: PlaceKind
  readonly namespace: number
  readonly host?: number
  readonly name: string
  /** In the words of the tool that shows it. */
  readonly text: string
  /** Of a rule or policy. */
  readonly backend?: 'nft' | 'legacy'
  readonly family?: string
  readonly table?: string
  readonly chain?: string
  readonly position?: number
  readonly handle?: number
  readonly link?: string
  readonly sysctl?: string
  /**
   * Of an entry of another table (route, neighbour, FDB, socket, connection, IPVS, IPsec) that was there: what tells it
   * from the others, see model/entry-key.ts. Absent where it is about what is not there.
   */
  readonly entry?: string
}

export type PlaceKind =
  | 'rule'
  | 'policy'
  | 'route'
  | 'policy-rule'
  | 'sysctl'
  | 'link'
  | 'bridge-port'
  | 'neighbour'
  | 'fdb'
  | 'socket'
  | 'conntrack'
  | 'ipvs'
  | 'xfrm'
  | 'kernel'
  | 'snapshot'

/** Something the facts cannot answer. */
export interface Unknown {
  readonly what: string
  readonly where?: Place
}

/** A change after which the packet arrives. */
export interface Fix {
  readonly commands: readonly FixCommand[]
  readonly summary: string
  /** Why one should think twice: the block looks intended. */
  readonly warning?: string
}

export interface FixCommand {
  /** Inode of the namespace it has to be run in. */
  readonly namespace: number
  readonly name: string
  /** One line for a shell, its words quoted. */
  readonly command: string
}

/** What a reachability matrix asks of every source. */
export interface MatrixTarget {
  readonly name: string
  readonly address: string
  readonly protocol: string
  readonly port?: number
}

/** One pair; the whole journey is a prediction away. */
export interface MatrixCell {
  readonly from: string
  readonly to: MatrixTarget
  readonly verdict: Verdict
  /** Whether the packet arrives and its answer comes back. */
  readonly isAnswered: boolean
  readonly reason: string
}

/** What somebody wants of a pair, and whether it is so. */
export interface PolicyResult {
  /** `web -> db:8500` as it was given. */
  readonly text: string
  readonly wants: 'must' | 'must-not'
  readonly isKept: boolean
  readonly reason: string
}

/** A pair that can talk now and could not before, or the reverse. */
export interface ReachabilityChange {
  readonly from: string
  readonly to: MatrixTarget
  readonly isReachable: boolean
  /** Why it is as it is now. */
  readonly reason: string
}
