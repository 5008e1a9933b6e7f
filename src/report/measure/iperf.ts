import type { Direction } from 'iperf3-parser'
import type { Failed, IperfInterval, IperfMeasured } from '../../model/measurement.ts'
import { formatBytes } from '../format.ts'
import { padCells, sanitise } from '../sanitise.ts'
import { formatBitRate, formatMs, sparkline } from './rate.ts'

const SPARKS = 30

/** ` 3 s  9.41 Gbit/s  ▅▇█  retransmits 0`: of the newest interval. */
export function iperfLiveLine(intervals: readonly IperfInterval[]): string {
  const forward = intervals.filter(({ direction }) => direction === 'forward')
  const backward = intervals.filter(({ direction }) => direction === 'backward')
  const last = forward.at(-1)
  const back = backward.at(-1)
  const seconds = Math.round(Math.max(last?.endS ?? 0, back?.endS ?? 0))
  const parts = [
    `${String(seconds).padStart(3)} s`,
    ...(last ? [formatBitRate(last.bitsPerSecond).padStart(11), sparkOf(forward)] : []),
    ...(back ? [`← ${formatBitRate(back.bitsPerSecond)}`, sparkOf(backward)] : []),
    ...(last?.lostPercent === undefined ? [] : [`loss ${formatPercent(last.lostPercent)}`]),
    ...(last?.retransmits === undefined ? [] : [`retransmits ${last.retransmits}`]),
  ]
  return parts.join('  ')
}

function sparkOf(intervals: readonly IperfInterval[]): string {
  const rates = intervals.map(({ bitsPerSecond }) => bitsPerSecond)
  return sparkline(rates, SPARKS)
}

function formatPercent(percent: number): string {
  return `${percent === 0 || percent >= 0.1 ? percent.toFixed(1) : percent.toFixed(3)} %`
}

export interface IperfEnds {
  readonly from: string
  readonly to: string
}

/**
 * ```
 * web → db  tcp  iperf 3.12
 *   →  9.41 Gbit/s   11.0 GB in 10.0 s   ▅▇██   retransmits 0   RTT 0.052 ms (max 0.091 ms)
 *   CPU client 45 %, server 52 %   congestion control cubic
 * ```
 */
export function iperfLines({ from, to }: IperfEnds, measured: IperfMeasured): string[] {
  const { summary, report, version, intervals, isComplete } = measured
  const arrow = summary.isReverse ? '←' : '→'
  const protocol = report.start?.test?.protocol?.toLowerCase() ?? ''
  const ends = `${from} ${summary.backward ? '⇄' : arrow} ${to}`
  const sparks = (direction: IperfInterval['direction']): string =>
    sparkOf(intervals.filter((interval) => interval.direction === direction))
  const cpu = [
    ...(summary.clientCpuPercent === undefined ? [] : [`client ${Math.round(summary.clientCpuPercent)} %`]),
    ...(summary.serverCpuPercent === undefined ? [] : [`server ${Math.round(summary.serverCpuPercent)} %`]),
  ]
  const more = [
    ...(cpu.length > 0 ? [`CPU ${cpu.join(', ')}`] : []),
    ...(summary.congestionControl === undefined ? [] : [`congestion control ${summary.congestionControl}`]),
    ...(isComplete ? [] : ['interrupted: the figures are those until then']),
  ]
  return [
    `${ends}  ${protocol}  iperf ${version}`,
    ...(summary.forward ? [directionLine(arrow, summary.forward, sparks('forward'))] : []),
    ...(summary.backward ? [directionLine('←', summary.backward, sparks('backward'))] : []),
    ...(more.length > 0 ? [`  ${more.join('   ')}`] : []),
  ].map((line) => sanitise(line))
}

function directionLine(arrow: string, direction: Direction, sparks: string): string {
  const { bitsPerSecond, bytes, seconds, retransmits, packets, lostPackets, lostPercent } = direction
  const { meanRttMicroseconds: mean, maxRttMicroseconds: max, jitterMilliseconds: jitter } = direction
  const parts = [
    `  ${arrow}  ${formatBitRate(bitsPerSecond)}`,
    `${formatBytes(bytes)} in ${seconds.toFixed(1)} s`,
    ...(sparks === '' ? [] : [sparks]),
    ...(retransmits === undefined ? [] : [`retransmits ${retransmits}`]),
    ...(mean === undefined
      ? []
      : [`RTT ${formatMs(mean / 1000)}${max === undefined ? '' : ` (max ${formatMs(max / 1000)})`}`]),
    ...(lostPercent === undefined ? [] : [`loss ${formatPercent(lostPercent)} (${lostPackets} of ${packets})`]),
    ...(jitter === undefined ? [] : [`jitter ${formatMs(jitter)}`]),
  ]
  return parts.join('   ')
}

/** One pair of `iperf matrix`. */
export interface IperfCell extends IperfEnds {
  readonly result: IperfMeasured | Failed
}

const NAME_WIDTH = 20
const CELL_WIDTH = 13
/** From slow to fast: 256-colour backgrounds with dark text. */
const HEAT = [203, 209, 215, 221, 191, 155, 119] as const

/**
 * A row a sender, a column a receiver, the rate in each cell, the colour from the slowest to the fastest:
 * ```
 *       web          db
 * web   ·            9.41 Gbit/s
 * db    9.38 Gbit/s  ·
 * ```
 */
export function iperfHeatMap(cells: readonly IperfCell[], { colour }: { readonly colour: boolean }): string {
  const names = [...new Set(cells.flatMap(({ from, to }) => [from, to]))]
  const found = new Map(cells.map((cell) => [`${cell.from}\n${cell.to}`, cell.result]))
  const rates = cells.flatMap(({ result }) => rateOf(result) ?? [])
  const [slowest, fastest] = [Math.min(...rates), Math.max(...rates)]
  const width = Math.min(NAME_WIDTH, Math.max(4, ...names.map((name) => sanitise(name).length)))
  const column = Math.max(width, CELL_WIDTH)
  const cellOf = (from: string, to: string): string => {
    const result = found.get(`${from}\n${to}`)
    if (result === undefined) return padCells('·', column)
    const rate = rateOf(result)
    if (rate === undefined) return padCells(`✖ ${result.ok ? 'failed' : result.reason}`, column)
    const share = fastest === slowest ? 1 : (rate - slowest) / (fastest - slowest)
    const text = padCells(formatBitRate(rate), column)
    return colour ? `\x1b[30;48;5;${HEAT[Math.round(share * (HEAT.length - 1))]}m${text}\x1b[0m` : text
  }
  const head = [' '.repeat(width), ...names.map((name) => padCells(sanitise(name), column))].join('  ').trimEnd()
  const rows = names.map((from) =>
    [padCells(sanitise(from), width), ...names.map((to) => cellOf(from, to))].join('  ').trimEnd(),
  )
  const failures = cells.flatMap(({ result }) => (result.ok ? [] : [sanitise(`✖ ${result.detail}`)]))
  return `${[head, ...rows, ...failures].join('\n')}\n`
}

function rateOf(result: IperfMeasured | Failed): number | undefined {
  return result.ok ? result.summary.forward?.bitsPerSecond : undefined
}
