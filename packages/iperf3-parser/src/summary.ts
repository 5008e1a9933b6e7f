import type { Measured, Report } from './report.ts'

/** One direction of a test. */
export interface Direction {
  /** What arrived, where the receiver's figures are there, else what was sent. */
  readonly bitsPerSecond: number
  readonly bytes: number
  readonly seconds: number
  /** TCP. */
  readonly retransmits?: number
  readonly meanRttMicroseconds?: number
  readonly maxRttMicroseconds?: number
  /** UDP. */
  readonly jitterMilliseconds?: number
  readonly lostPackets?: number
  readonly packets?: number
  readonly lostPercent?: number
}

export interface Summary {
  /** From client to server, or from server to client with `isReverse`. */
  readonly forward?: Direction
  /** From server to client, of a bidirectional test. */
  readonly backward?: Direction
  readonly isReverse: boolean
  readonly clientCpuPercent?: number
  readonly serverCpuPercent?: number
  readonly congestionControl?: string
}

/**
 * The few figures that a report is made for. Of one that was cut off before its end, those of its intervals; without
 * intervals there are none.
 */
export function summarise({ start = {}, end = {}, intervals = [], error }: Report): Summary {
  // when it failed the other end's figures are zeros: nobody asked for them any more
  const isHeard = error === undefined
  // a server is never told them, and up to 3.9 does not add up what came over UDP
  const isServer = start.acceptedConnection !== undefined
  const known = (measured: Measured | undefined) => (isServer && measured?.bytes === 0 ? undefined : measured)
  const counted = intervals.filter(({ sum }) => sum?.isOmitted !== true)
  const streams = end.streams?.map(({ sender, udp }) => sender ?? udp ?? {}) ?? []
  const ends = intervals.flatMap(({ streams: each = [] }) => each)
  // of SCTP iperf3 prints a time that is not in microseconds
  const timed = start.test?.protocol === 'SCTP' ? [] : streams.length > 0 ? streams : ends
  const forward = direction([known(end.sumSent), isHeard ? known(end.sumReceived ?? end.sum) : undefined], {
    sums: counted.flatMap(({ sum }) => sum ?? []),
    streams: timed.filter(({ isSender }) => isSender !== false || start.test?.isReverse === true),
  })
  const toldBackward = isHeard ? (end.sumReceivedReverse ?? end.sumReverse) : undefined
  const backward = direction([known(end.sumSentReverse), known(toldBackward)], {
    sums: counted.flatMap(({ sumReverse }) => sumReverse ?? []),
    streams: timed.filter(({ isSender }) => isSender === false),
  })
  const { hostTotal, remoteTotal } = end.cpuPercent ?? {}
  return {
    isReverse: start.test?.isReverse === true,
    ...(forward ? { forward } : {}),
    ...(backward ? { backward } : {}),
    ...(hostTotal === undefined ? {} : { clientCpuPercent: hostTotal }),
    ...(remoteTotal === undefined ? {} : { serverCpuPercent: remoteTotal }),
    ...(end.senderCongestionControl === undefined ? {} : { congestionControl: end.senderCongestionControl }),
  }
}

interface Parts {
  readonly sums: readonly Measured[]
  readonly streams: readonly Measured[]
}

function direction(
  [sent, received]: readonly [Measured | undefined, Measured | undefined],
  { sums, streams }: Parts,
): Direction | undefined {
  const whole = sent ?? received ?? added(sums)
  if (whole === undefined) return undefined
  const arrived = received?.bitsPerSecond === undefined ? whole : received
  // who only receives measures none, and prints 0
  const rtts = streams.flatMap((each) => each.meanRttMicroseconds || each.rttMicroseconds || [])
  const maxima = streams.flatMap((each) => each.maxRttMicroseconds || each.rttMicroseconds || [])
  const retransmits = sent?.retransmits ?? whole.retransmits
  return {
    bitsPerSecond: arrived.bitsPerSecond ?? 0,
    bytes: arrived.bytes ?? 0,
    seconds: arrived.seconds ?? 0,
    ...(retransmits === undefined ? {} : { retransmits }),
    ...(rtts.length === 0 ? {} : { meanRttMicroseconds: rtts.reduce((sum, each) => sum + each, 0) / rtts.length }),
    ...(maxima.length === 0 ? {} : { maxRttMicroseconds: maxima.reduce((a, b) => Math.max(a, b), 0) }),
    ...lossOf(received ?? whole),
  }
}

function lossOf({ jitterMilliseconds, lostPackets, packets, lostPercent }: Measured): Partial<Direction> {
  if (packets === undefined || lostPackets === undefined) return {}
  return {
    packets,
    lostPackets,
    lostPercent: lostPercent ?? (packets === 0 ? 0 : (100 * lostPackets) / packets),
    ...(jitterMilliseconds === undefined ? {} : { jitterMilliseconds }),
  }
}

/** Intervals together; undefined when there are none. */
function added(sums: readonly Measured[]): Measured | undefined {
  if (sums.length === 0) return undefined
  const total = (field: 'bytes' | 'seconds' | 'retransmits' | 'packets' | 'lostPackets'): number | undefined => {
    const values = sums.flatMap((sum) => sum[field] ?? [])
    return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0)
  }
  const [bytes = 0, seconds = 0] = [total('bytes'), total('seconds')]
  const [retransmits, packets, lostPackets] = [total('retransmits'), total('packets'), total('lostPackets')]
  return {
    bytes,
    seconds,
    bitsPerSecond: seconds === 0 ? 0 : (8 * bytes) / seconds,
    ...(retransmits === undefined ? {} : { retransmits }),
    ...(packets === undefined ? {} : { packets }),
    ...(lostPackets === undefined ? {} : { lostPackets }),
  }
}
