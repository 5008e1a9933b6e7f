const UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'] as const

/** In powers of 1000, as networks count: `9.41 Gbit/s`. */
export function formatBitRate(bitsPerSecond: number): string {
  let value = bitsPerSecond
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${unit === 0 ? Math.round(value) : value.toFixed(digits)} ${UNITS[unit]}`
}

/** `0.062 ms`, `12.3 ms`, `1.52 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  if (ms >= 100) return `${Math.round(ms)} ms`
  return `${ms.toFixed(ms >= 10 ? 1 : 3)} ms`
}

const BARS = '▁▂▃▄▅▆▇█'

/** The last values as bars from 0 to the largest; at most `width` of them. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width)
  const largest = Math.max(0, ...shown)
  return shown.map((value) => BARS[largest === 0 ? 0 : Math.round((value / largest) * (BARS.length - 1))]).join('')
}
