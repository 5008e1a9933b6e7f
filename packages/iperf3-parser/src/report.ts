import { BOOLEAN, type Codec, lazily, list, NUMBER, type RecordOf, record, SWITCH, TEXT } from './codec.ts'
import { parseJsonPrefix } from './json-prefix.ts'

const END_POINT = record({ host: ['host', TEXT], port: ['port', NUMBER] })

const CONNECTION = record({
  socket: ['socket', NUMBER],
  localHost: ['local_host', TEXT],
  localPort: ['local_port', NUMBER],
  remoteHost: ['remote_host', TEXT],
  remotePort: ['remote_port', NUMBER],
})

/** What was asked for. */
const TEST = record({
  /** TCP, UDP or SCTP. */
  protocol: ['protocol', TEXT],
  streams: ['num_streams', NUMBER],
  blockBytes: ['blksize', NUMBER],
  omitSeconds: ['omit', NUMBER],
  /** 0 = until as many bytes or blocks were sent. */
  durationSeconds: ['duration', NUMBER],
  limitBytes: ['bytes', NUMBER],
  limitBlocks: ['blocks', NUMBER],
  isReverse: ['reverse', SWITCH],
  isBidirectional: ['bidir', SWITCH],
  typeOfService: ['tos', NUMBER],
  /** 0 = as fast as it goes. */
  targetBitsPerSecond: ['target_bitrate', NUMBER],
  fairQueueBitsPerSecond: ['fqrate', NUMBER],
  intervalSeconds: ['interval', NUMBER],
  /** UDP segmentation and coalescing by the kernel (`--gsro`). */
  isSegmentationOffloaded: ['gso', SWITCH],
  isReceiveOffloaded: ['gro', SWITCH],
})

const START = record({
  connections: ['connected', list(CONNECTION)],
  /** `iperf 3.12` */
  version: ['version', TEXT],
  systemInfo: ['system_info', TEXT],
  timestamp: [
    'timestamp',
    record({
      text: ['time', TEXT],
      epochSeconds: ['timesecs', NUMBER],
      epochMilliseconds: ['timemillisecs', NUMBER],
    }),
  ],
  /** Of a client. */
  connectingTo: ['connecting_to', END_POINT],
  /** Of a server. */
  acceptedConnection: ['accepted_connection', END_POINT],
  cookie: ['cookie', TEXT],
  mssBytes: ['tcp_mss', NUMBER],
  defaultMssBytes: ['tcp_mss_default', NUMBER],
  targetBitsPerSecond: ['target_bitrate', NUMBER],
  fairQueueBitsPerSecond: ['fq_rate', NUMBER],
  socketBufferBytes: ['sock_bufsize', NUMBER],
  sendBufferBytes: ['sndbuf_actual', NUMBER],
  receiveBufferBytes: ['rcvbuf_actual', NUMBER],
  test: ['test_start', TEST],
})

/** What was measured of one stream, or of several together, in an interval or in all. */
const MEASURED = record({
  socket: ['socket', NUMBER],
  startSeconds: ['start', NUMBER],
  endSeconds: ['end', NUMBER],
  seconds: ['seconds', NUMBER],
  bytes: ['bytes', NUMBER],
  bitsPerSecond: ['bits_per_second', NUMBER],
  /** Segments sent again: of a TCP sender. */
  retransmits: ['retransmits', NUMBER],
  congestionWindowBytes: ['snd_cwnd', NUMBER],
  sendWindowBytes: ['snd_wnd', NUMBER],
  rttMicroseconds: ['rtt', NUMBER],
  rttVariationMicroseconds: ['rttvar', NUMBER],
  pathMtuBytes: ['pmtu', NUMBER],
  reorderedSegments: ['reorder', NUMBER],
  maxCongestionWindowBytes: ['max_snd_cwnd', NUMBER],
  maxSendWindowBytes: ['max_snd_wnd', NUMBER],
  minRttMicroseconds: ['min_rtt', NUMBER],
  meanRttMicroseconds: ['mean_rtt', NUMBER],
  maxRttMicroseconds: ['max_rtt', NUMBER],
  /** UDP: RFC 1889. */
  jitterMilliseconds: ['jitter_ms', NUMBER],
  packets: ['packets', NUMBER],
  lostPackets: ['lost_packets', NUMBER],
  /** 0 to 100. */
  lostPercent: ['lost_percent', NUMBER],
  outOfOrderPackets: ['out_of_order', NUMBER],
  /** Of the time that `omitSeconds` leaves out. */
  isOmitted: ['omitted', BOOLEAN],
  /** Measured by who sends. */
  isSender: ['sender', BOOLEAN],
})

const INTERVAL = record({
  streams: ['streams', list(MEASURED)],
  sum: ['sum', MEASURED],
  /** The other direction of a bidirectional test. */
  sumReverse: ['sum_bidir_reverse', MEASURED],
})

const END = record({
  streams: [
    'streams',
    list(record({ sender: ['sender', MEASURED], receiver: ['receiver', MEASURED], udp: ['udp', MEASURED] })),
  ],
  /** UDP: both ends together. */
  sum: ['sum', MEASURED],
  sumSent: ['sum_sent', MEASURED],
  sumReceived: ['sum_received', MEASURED],
  sumReverse: ['sum_bidir_reverse', MEASURED],
  sumSentReverse: ['sum_sent_bidir_reverse', MEASURED],
  sumReceivedReverse: ['sum_received_bidir_reverse', MEASURED],
  /** Of one core. */
  cpuPercent: [
    'cpu_utilization_percent',
    record({
      hostTotal: ['host_total', NUMBER],
      hostUser: ['host_user', NUMBER],
      hostSystem: ['host_system', NUMBER],
      remoteTotal: ['remote_total', NUMBER],
      remoteUser: ['remote_user', NUMBER],
      remoteSystem: ['remote_system', NUMBER],
    }),
  ],
  senderCongestionControl: ['sender_tcp_congestion', TEXT],
  receiverCongestionControl: ['receiver_tcp_congestion', TEXT],
})

const OWN_FIELDS = {
  title: ['title', TEXT],
  extraData: ['extra_data', TEXT],
  start: ['start', START],
  intervals: ['intervals', list(INTERVAL)],
  end: ['end', END],
  /** What iperf3 itself says went wrong. */
  error: ['error', TEXT],
  /** `--get-server-output` of a server that prints text. */
  serverText: ['server_output_text', TEXT],
} as const

export type Measured = DecodedBy<typeof MEASURED>
export type Interval = DecodedBy<typeof INTERVAL>
export type Start = DecodedBy<typeof START>
export type End = DecodedBy<typeof END>

type DecodedBy<C> = C extends Codec<infer T> ? T : never

/** A report as iperf3 prints it, with its units in the names. */
export interface Report extends RecordOf<typeof OWN_FIELDS> {
  /** `--get-server-output` of a server that prints JSON. */
  readonly server?: Report
}

export const REPORT: Codec<Report> = record({
  ...OWN_FIELDS,
  server: ['server_output_json', lazily(() => REPORT)],
}) as Codec<Report>

/** Up to 3.9 both directions of a bidirectional test have one name; later the second has this one. */
const BACKWARD: ReadonlyMap<string, string> = new Map([
  ['sum', 'sum_bidir_reverse'],
  ['sum_sent', 'sum_sent_bidir_reverse'],
  ['sum_received', 'sum_received_bidir_reverse'],
])

export function readJson(text: string, start = 0): ReturnType<typeof parseJsonPrefix> {
  return parseJsonPrefix(text, start, (key) => BACKWARD.get(key) ?? key)
}

export { END as END_CODEC, INTERVAL as INTERVAL_CODEC, START as START_CODEC }
