import type { Report, Summary } from 'iperf3-parser'

/**
 * Why something could not be measured. What a network does not let through is a fact, hence a value; only what keeps
 * us from trying (no such namespace, no privilege) is thrown.
 *
 * - `refused`: somebody says that nobody listens there (RST, port unreachable)
 * - `unreachable`: no route, a prohibition, a router or a neighbour that does not answer
 * - `timeout`: nothing came in time
 * - `closed`: the peer ended it before it had answered
 * - `unresolved`: the name has no address
 * - `tls`: no secure connection came about
 * - `protocol`: what came is not what was to come
 * - `interrupted`: somebody gave up
 * - `failed`: anything else, `detail` says what
 */
export type FailureReason =
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'closed'
  | 'unresolved'
  | 'tls'
  | 'protocol'
  | 'interrupted'
  | 'failed'

export interface Failed {
  readonly ok: false
  readonly reason: FailureReason
  /** For people; may have text from outside in it. */
  readonly detail: string
  /** From the start until that was known. */
  readonly timeMs: number
}

export interface TcpReached {
  readonly ok: true
  /** Until the connection was there. */
  readonly connectMs: number
  /** Our end. */
  readonly local: { readonly address: string; readonly port: number }
}

export interface UdpReached {
  readonly ok: true
  readonly replyMs: number
  readonly reply: Uint8Array
}

export interface DnsRecord {
  readonly name: string
  /** A, AAAA, CNAME, SRV… */
  readonly type: string
  readonly ttlS: number
  /** As dig prints it: an address, a name, `10 5 80 db.` of SRV. */
  readonly text: string
}

export interface DnsAnswered {
  readonly ok: true
  readonly server: string
  /** NOERROR, NXDOMAIN… (RFC 1035 4.1.1); an answer all the same. */
  readonly code: string
  readonly records: readonly DnsRecord[]
  readonly isAuthoritative: boolean
  /** What was asked again by TCP, since it did not fit. */
  readonly transport: 'udp' | 'tcp'
  readonly timeMs: number
}

export interface HttpTimings {
  /** Finding the address; absent for an address. Each is the time of that step alone. */
  readonly dnsMs?: number
  readonly connectMs: number
  /** Absent without TLS. */
  readonly tlsMs?: number
  /** From the request until the first byte of the answer. */
  readonly firstByteMs: number
  readonly bodyMs: number
  /** All of it. */
  readonly totalMs: number
}

export interface HttpFetched {
  readonly ok: true
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Its first bytes, as many as were asked for. */
  readonly body: Uint8Array
  readonly bodyBytes: number
  /** Who answered. */
  readonly address: string
  readonly port: number
  readonly timings: HttpTimings
  readonly tls?: TlsFacts
}

export interface TlsFacts {
  /** TLSv1.3 */
  readonly protocol: string
  readonly cipher: string
  readonly subject: string
  readonly issuer: string
  /** ISO 8601, UTC. */
  readonly expiresAt: string
  /** Negative when it has expired. */
  readonly expiresInDays: number
  readonly isTrusted: boolean
  /** Why not. */
  readonly distrust?: string
}

export interface Distribution {
  readonly min: number
  readonly avg: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Mean difference between one and the next, in the order in which they were sent. */
  readonly jitter: number
  /** Standard deviation; `mdev` of ping(8). */
  readonly deviation: number
}

export interface PingReply {
  readonly sequence: number
  readonly rttMs: number
  readonly ttl?: number
}

/** What came instead of a reply. */
export interface PingProblem {
  readonly sequence?: number
  /** Who said so; absent = our own kernel. */
  readonly from?: string
  /** EHOSTUNREACH, EMSGSIZE… */
  readonly code: string
  /** That the next link takes, for EMSGSIZE. */
  readonly mtu?: number
}

export interface PingMeasured {
  readonly ok: true
  readonly address: string
  readonly sent: number
  readonly received: number
  readonly duplicates: number
  /** 0 to 1. */
  readonly lossRatio: number
  /** Milliseconds, by the kernel's clock at arrival. */
  readonly rttMs: Distribution
  readonly replies: readonly PingReply[]
  readonly problems: readonly PingProblem[]
}

/** Nothing was answered. */
export interface PingFailed extends Failed {
  readonly address: string
  readonly sent: number
  readonly problems: readonly PingProblem[]
}

export interface MtuProbe {
  /** Bytes of the IP packet. */
  readonly size: number
  /** `refused`: somebody said that it is too large; `lost`: nothing came, however often it was sent. */
  readonly outcome: 'passed' | 'refused' | 'lost'
  /** Who refused it; absent = our own kernel. */
  readonly from?: string
  /** What would pass, as they said. */
  readonly mtu?: number
}

export interface PathMtuFound {
  readonly ok: true
  readonly address: string
  /** Bytes of the largest IP packet that arrives unfragmented and whose answer comes back. */
  readonly mtu: number
  readonly probes: readonly MtuProbe[]
  /** Nobody says that a packet is too large: TCP hangs there unless it is told otherwise. */
  readonly isBlackHole: boolean
  readonly rttMs: number
}

/** What passed in about a second of iperf3. */
export interface IperfInterval {
  readonly startS: number
  readonly endS: number
  readonly bitsPerSecond: number
  /** From client to server, unless reversed; `backward` only in a bidirectional run. */
  readonly direction: 'forward' | 'backward'
  readonly retransmits?: number
  readonly lostPercent?: number
}

export interface IperfMeasured {
  readonly ok: true
  /** `3.12` */
  readonly version: string
  readonly summary: Summary
  readonly report: Report
  /** Of the receiver, forward. */
  readonly intervals: readonly IperfInterval[]
  /** Interrupted before its end: the figures are those until then. */
  readonly isComplete: boolean
}

export interface IperfThresholds {
  /** Each direction must reach it. */
  readonly minBitsPerSecond?: number
  readonly maxLossPercent?: number
  readonly maxRetransmits?: number
}

/** How a name is looked up in a namespace, and what each server says. */
export interface DnsChain {
  /** Of its resolv.conf; absent when there is none. */
  readonly path?: string
  readonly search: readonly string[]
  readonly ndots: number
  /** The names that are asked for, in this order, until one is found. */
  readonly tried: readonly string[]
  /** Addresses in its hosts file, which comes first. */
  readonly hosts: readonly string[]
  readonly servers: readonly DnsServerAnswers[]
}

export interface DnsServerAnswers {
  readonly server: string
  /** Of an engine's embedded server, 127.0.0.11. */
  readonly embedded?: EmbeddedDns
  readonly answers: readonly { readonly name: string; readonly type: string; readonly result: DnsAnswered | Failed }[]
}

/** How a query to 127.0.0.11 gets to somebody who answers. */
export interface EmbeddedDns {
  /** NAT rules that lead to the socket. */
  readonly rules: readonly string[]
  /** `udp 127.0.0.11:41023 dockerd (812)` */
  readonly sockets: readonly string[]
  /** Servers that it asks for what is not its own. */
  readonly forwarders: readonly string[]
  /** Where that stands. */
  readonly by: string
}
