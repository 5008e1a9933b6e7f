import type {
  Failed,
  MtuProbe,
  PathMtuFound,
  PingFailed,
  PingMeasured,
  PingProblem,
  PingReply,
} from '../../model/measurement.ts'
import { sanitise } from '../sanitise.ts'
import { formatMs } from './rate.ts'

/** `seq 3  0.062 ms  ttl 64` */
export function pingReplyLine({ sequence, rttMs, ttl }: PingReply): string {
  return `seq ${sequence + 1}  ${formatMs(rttMs)}${ttl === undefined ? '' : `  ttl ${ttl}`}`
}

/** `seq 3  EHOSTUNREACH from 10.0.0.1` */
export function pingProblemLine({ sequence, code, from, mtu }: PingProblem): string {
  const where = from === undefined ? 'here' : `from ${from}`
  return `seq ${(sequence ?? 0) + 1}  ${code} ${where}${mtu === undefined ? '' : `, mtu ${mtu}`}`
}

/** The end of a series: `5 sent, 5 answered, 0 % lost` and the figures of the round trip. */
export function pingLines(result: PingMeasured | PingFailed): string[] {
  if (!result.ok) return [sanitise(`✖ ${result.detail}`), `${result.sent} sent, 0 answered, 100 % lost`]
  const { sent, received, lossRatio, duplicates, rttMs } = result
  const again = duplicates > 0 ? `, ${duplicates} twice` : ''
  const { min, avg, p50, p99, max, jitter, deviation } = rttMs
  return [
    `${sent} sent, ${received} answered${again}, ${(100 * lossRatio).toFixed(lossRatio === 0 ? 0 : 1)} % lost`,
    `rtt min ${formatMs(min)}  avg ${formatMs(avg)}  p50 ${formatMs(p50)}  p99 ${formatMs(p99)}  max ${formatMs(max)}`,
    `jitter ${formatMs(jitter)}  deviation ${formatMs(deviation)}`,
  ]
}

/** `1500 too large, says 10.0.0.2: 1400` */
export function mtuProbeLine({ size, outcome, from, mtu }: MtuProbe): string {
  if (outcome === 'passed') return `${size} passes`
  if (outcome === 'lost') return `${size} is lost without a word`
  return `${size} too large, says ${from ?? 'the kernel here'}${mtu === undefined ? '' : `: ${mtu}`}`
}

/** What was predicted beside it; undefined when nothing was. */
export interface MtuPrediction {
  readonly largestPacket: number
  readonly limit?: string
}

export function mtuLines(result: PathMtuFound | Failed, predicted: MtuPrediction | undefined): string[] {
  if (!result.ok) return [sanitise(`✖ ${result.detail}`)]
  const { mtu, probes, isBlackHole, rttMs } = result
  return [
    `path mtu ${mtu} to ${result.address}   ${probes.length} probes   rtt ${formatMs(rttMs)}`,
    ...(isBlackHole ? ['▲ larger packets vanish without an answer: TCP hangs here unless its MSS is clamped'] : []),
    ...(predicted === undefined ? [] : [predictionLine(mtu, predicted)]),
  ].map((line) => sanitise(line))
}

function predictionLine(mtu: number, { largestPacket, limit }: MtuPrediction): string {
  const by = limit === undefined ? '' : ` (${limit})`
  if (mtu === largestPacket) return `● as predicted${by}`
  return `▲ predicted is ${largestPacket}${by}`
}
