import type { ShapingEntry } from '../file/lab-file.ts'
import type { Shaping } from './topology.ts'

const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 }
const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6 }

/** `10mbit` → bits a second. Units as in tc(8), decimal. The schema has let the text through. */
export function parseRate(text: string): number {
  return quantity(text, BITS)
}

/** `20ms` → microseconds. */
export function parseTimeUs(text: string): number {
  return quantity(text, MICROSECONDS)
}

/** `10mbit`, the shortest of the units that has no fraction. */
export function formatRate(bits: number): string {
  return formatQuantity(bits, BITS)
}

export function formatTimeUs(us: number): string {
  return formatQuantity(us, MICROSECONDS)
}

/** `0.5%`, as tc(8) has it. */
export function formatLoss(loss: number): string {
  return `${Number((loss * 100).toPrecision(6))}%`
}

export function readShaping({ rate, delay, loss }: ShapingEntry): Shaping {
  return {
    ...(rate === undefined ? {} : { rate: parseRate(rate) }),
    ...(delay === undefined ? {} : { delayUs: parseTimeUs(delay) }),
    ...(loss === undefined ? {} : { loss: Number.parseFloat(loss) / 100 }),
  }
}

function quantity(text: string, units: Readonly<Record<string, number>>): number {
  const unit = /[a-z]+$/.exec(text)?.[0] ?? ''
  return Math.round(Number.parseFloat(text) * (units[unit] ?? 1))
}

function formatQuantity(value: number, units: Readonly<Record<string, number>>): string {
  const [unit, size] = Object.entries(units).findLast(([, each]) => value % each === 0) ?? ['', 1]
  return `${value / size}${unit}`
}
