import { formatBytes } from '../report/format.ts'
import type { Rate } from './deltas.ts'

/** `1.2 kB/s`; nothing for nothing. */
export function formatRate(bytesPerS: number): string {
  return bytesPerS < 1 ? '' : `${formatBytes(bytesPerS)}/s`
}

/** Both directions together. */
export function totalRate(rate: Rate | undefined): string {
  return rate === undefined ? '' : formatRate(rate.rxBytesPerS + rate.txBytesPerS)
}
