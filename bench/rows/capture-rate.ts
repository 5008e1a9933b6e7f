import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import type { BenchContext, Benchmark } from '../context.ts'
import { execute, output } from '../measure.ts'
import type { Row } from '../row.ts'

const STEP = 1.4
const SLOWEST = 25_000
/** A busy machine may lose some once. */
const TRIES = 3
const FASTEST = 1_500_000
const FRAME_BYTES = 128
/** So little that it is full within a few hundredths of a second: what counts is how fast it is emptied. */
const BUFFER_MIB = 8
const FILE = '/tmp/bench-capture'

/** Writes what arrives at r0 in the namespace rx to a file, and says at its end how many packets it had. */
interface Contestant {
  readonly name: string
  readonly command: string
  readonly words: readonly string[]
  readonly listens: string
  readonly counted: RegExp
}

/** Packets per second that are written to a file without a single loss. */
export const CAPTURE_RATE: Benchmark = {
  name: 'capture-rate',
  run: async (context) => {
    await wire()
    const rates: { readonly name: string; readonly rate: number }[] = []
    for (const contestant of contestantsOf(context)) {
      rates.push({ name: contestant.name, rate: await fastest(context, contestant) })
    }
    const [ours, ...peers] = rates.map(({ rate }) => rate)
    return peers.map(
      (peer, position): Row => ({
        name: `packets/s to a file without loss: ours ÷ ${rates[position + 1]?.name}`,
        ours: thousands(ours ?? 0),
        peer: thousands(peer),
        figure: (ours ?? 0) / peer,
        unit: '×',
        budget: { atLeast: 0.5 },
      }),
    )
  },
}

function thousands(rate: number): string {
  return `${Math.round(rate / 1_000)} k/s`
}

async function wire(): Promise<void> {
  for (const words of [
    ['netns', 'add', 'rx'],
    ['netns', 'add', 'tx'],
    ['link', 'add', 't0', 'netns', 'tx', 'type', 'veth', 'peer', 'name', 'r0', 'netns', 'rx'],
    ['-n', 'tx', 'link', 'set', 't0', 'up'],
    ['-n', 'rx', 'link', 'set', 'r0', 'up'],
  ]) {
    await execute('ip', words)
  }
}

function contestantsOf({ program }: BenchContext): readonly Contestant[] {
  const { BENCH_CAP = '' } = process.env
  const inside = ['--net=/run/netns/rx', '--']
  const ours = ['capture', '-n', 'rx', '-i', 'r0', '-w', FILE, '--buffer', `${BUFFER_MIB}M`, 'udp port 9']
  const theirs = [...inside, 'tcpdump', '-n', '-i', 'r0', '-w', FILE, '-B', String(BUFFER_MIB * 1024), 'udp port 9']
  return [
    {
      name: 'ours',
      command: process.execPath,
      words: [program, ...ours],
      listens: 'capturing on',
      counted: /(\d+) packets captured/,
    },
    {
      name: 'tcpdump',
      command: 'nsenter',
      words: theirs,
      listens: 'listening on',
      counted: /(\d+) packets captured/,
    },
    ...(BENCH_CAP === '' ? [] : [capContestant(BENCH_CAP, inside)]),
  ]
}

/** The npm package `cap`, which must be compiled: BENCH_CAP is its folder. It writes what it is handed, times are its own. */
function capContestant(folder: string, inside: readonly string[]): Contestant {
  const script = `
    const { Cap } = require(${JSON.stringify(folder)})
    const { openSync, writeSync } = require('node:fs')
    const fd = openSync(${JSON.stringify(FILE)}, 'w')
    const chunk = Buffer.alloc(1 << 20)
    const buffer = Buffer.alloc(65535)
    const cap = new Cap()
    let used = 0, count = 0
    cap.open('r0', 'udp port 9', ${BUFFER_MIB << 20}, buffer)
    cap.on('packet', (length) => {
      if (used + 16 + length > chunk.length) { writeSync(fd, chunk, 0, used); used = 0 }
      const now = Date.now()
      chunk.writeUInt32LE(now / 1000, used); chunk.writeUInt32LE((now % 1000) * 1000, used + 4)
      chunk.writeUInt32LE(length, used + 8); chunk.writeUInt32LE(length, used + 12)
      buffer.copy(chunk, used + 16, 0, length)
      used += 16 + length
      count++
    })
    process.on('SIGINT', () => { writeSync(fd, chunk, 0, used); console.error(count + ' packets captured'); process.exit() })
    console.error('listening on r0')`
  return {
    name: 'cap',
    command: 'nsenter',
    words: [...inside, process.execPath, '-e', script],
    listens: 'listening on',
    counted: /(\d+) packets captured/,
  }
}

/** The fastest rate of which nothing was lost; the next one up lost some each time. */
async function fastest(context: BenchContext, contestant: Contestant): Promise<number> {
  let best = SLOWEST / STEP
  for (let rate = SLOWEST; rate <= FASTEST; rate *= STEP) {
    const reached = await lossless(context, contestant, rate)
    if (reached === undefined) break
    best = Math.max(best, reached)
  }
  return best
}

/** The rate that the sender reached without a loss. */
async function lossless(context: BenchContext, contestant: Contestant, rate: number): Promise<number | undefined> {
  for (let left = TRIES; left > 0; left--) {
    const { sent, elapsedMs, counted } = await captured(context, contestant, rate)
    const reached = (1_000 * sent) / elapsedMs
    context.say(`${contestant.name}: ${counted} of ${sent} at ${thousands(reached)}`)
    if (counted === sent && reached > rate / STEP) return reached
  }
  return undefined
}

async function captured({ programs, quick }: BenchContext, contestant: Contestant, rate: number) {
  const child = spawn(contestant.command, [...contestant.words], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  try {
    await until(() => said.includes(contestant.listens))
    const words = [
      `${programs}/send-frames.mjs`,
      'tx',
      '2',
      String(Math.round(rate)),
      quick ? '0.5' : '1',
      String(FRAME_BYTES),
    ]
    const { sent, elapsedMs } = JSON.parse(await output(process.execPath, words))
    await settled()
    child.kill('SIGINT')
    await ended
    return { sent, elapsedMs, counted: Number(contestant.counted.exec(said)?.[1] ?? 0) }
  } finally {
    child.kill('SIGKILL')
    await ended
    await rm(FILE, { force: true })
  }
}

/** What waits in the kernel may still be read. */
const SETTLE_MS = 1_500

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('a capture did not start')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
