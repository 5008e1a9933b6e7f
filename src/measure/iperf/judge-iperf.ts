import type { Direction, Summary } from 'iperf3-parser'
import type { IperfThresholds } from '../../model/measurement.ts'
import { formatBitRate } from '../../report/measure/rate.ts'

/** What a run does not keep to, a sentence each; none = it passed. */
export function judgeIperf({ forward, backward }: Summary, thresholds: IperfThresholds): string[] {
  const directions = [
    ['', forward],
    ['backward ', backward],
  ] as const
  return directions.flatMap(([which, direction]) =>
    direction === undefined ? [] : judge(direction, thresholds).map((problem) => `${which}${problem}`),
  )
}

function judge(
  { bitsPerSecond, lostPercent, retransmits }: Direction,
  { minBitsPerSecond, maxLossPercent, maxRetransmits }: IperfThresholds,
): string[] {
  const problems: string[] = []
  if (minBitsPerSecond !== undefined && bitsPerSecond < minBitsPerSecond) {
    problems.push(`${formatBitRate(bitsPerSecond)} is less than ${formatBitRate(minBitsPerSecond)}`)
  }
  if (maxLossPercent !== undefined && lostPercent !== undefined && lostPercent > maxLossPercent) {
    problems.push(`loss ${lostPercent.toFixed(3)} % is more than ${maxLossPercent} %`)
  }
  if (maxRetransmits !== undefined && retransmits !== undefined && retransmits > maxRetransmits) {
    problems.push(`${retransmits} retransmits are more than ${maxRetransmits}`)
  }
  return problems
}
