import type { Distribution } from '../model/measurement.ts'

/** @param values in the order in which they were taken, at least one */
export function distributionOf(values: readonly number[]): Distribution {
  const sorted = values.toSorted((a, b) => a - b)
  const avg = mean(values)
  const steps = values.slice(1).map((value, position) => Math.abs(value - (values[position] ?? 0)))
  return {
    min: rounded(sorted[0] ?? 0),
    avg: rounded(avg),
    p50: rounded(percentile(sorted, 50)),
    p99: rounded(percentile(sorted, 99)),
    max: rounded(sorted.at(-1) ?? 0),
    jitter: rounded(mean(steps)),
    deviation: rounded(Math.sqrt(mean(values.map((value) => (value - avg) ** 2)))),
  }
}

/** The smallest value that so many per cent do not exceed. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
