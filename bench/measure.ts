import { spawn } from 'node:child_process'

/** One of those that take turns. */
export interface Contestant {
  readonly name: string
  readonly run: () => unknown
  /** Of the rounds, how many it takes part in; absent = all. */
  readonly rounds?: number
}

/**
 * Runs contestants in turn (A B C A B C …), after one round that does not count for those that run every time. Returns
 * the median of each in milliseconds: what slows the machine for a while slows all of them.
 */
export async function interleave(rounds: number, contestants: readonly Contestant[]): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (const { run, rounds: limit } of contestants) if (limit === undefined) await run()
  for (let round = 0; round < rounds; round++) {
    for (const { name, run, rounds: limit } of contestants) {
      if (limit !== undefined && round >= limit) continue
      times.get(name)?.push(await timed(run))
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]))
}

async function timed(run: () => unknown): Promise<number> {
  const start = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - start) / 1e6
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle - 1)] ?? sorted[0], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** Runs a program to its end, its output thrown away by the kernel. `statuses`: how it may end, 0 unless said. */
export function execute(
  command: string,
  words: readonly string[],
  { statuses = [0] }: { readonly statuses?: readonly number[] } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== null && statuses.includes(code)) resolve()
      else reject(new Error(`${command} ${words.join(' ').slice(0, 200)}: exit ${code}: ${complaint.slice(0, 500)}`))
    })
  })
}

/** Runs a program to its end and gives its stdout. */
export function output(command: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString())
      else reject(new Error(`${command} ${words.join(' ').slice(0, 200)}: exit ${code}`))
    })
  })
}
