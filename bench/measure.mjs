import { spawnSync } from 'node:child_process'

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/**
 * Wall time in milliseconds of a command from start to end; its output goes through a pipe, as a user's would.
 * @param {readonly string[]} command
 * @param {string} [input]
 */
export function timeOf([program = '', ...args], input) {
  const start = process.hrtime.bigint()
  const child = spawnSync(program, args, { maxBuffer: 1 << 30, ...(input === undefined ? {} : { input }) })
  const elapsed = Number(process.hrtime.bigint() - start) / 1e6
  if (child.error) throw child.error
  if (child.status !== 0) throw new Error(`${program}: exit status ${child.status}: ${child.stderr}`)
  return elapsed
}

/**
 * Medians of two commands run in turn, A B A B…, after a warm-up of each: drift of the machine hits both.
 * @param {() => number} ours @param {() => number} peer @param {number} rounds
 */
export function inTurn(ours, peer, rounds) {
  ours()
  peer()
  /** @type {number[]} */
  const a = []
  /** @type {number[]} */
  const b = []
  for (let round = 0; round < rounds; round++) {
    a.push(ours())
    b.push(peer())
  }
  return { ours: median(a), peer: median(b) }
}

/** @param {number} value */
export function ms(value) {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`
}
