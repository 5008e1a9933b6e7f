import { spawn } from 'node:child_process'
import type { BenchContext, Benchmark } from '../context.ts'
import { growLab } from '../lab.ts'
import { median, output } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const COUNT = 200

/** Captures on every interface of each namespace, until the last of them listens. */
export const CAPTURE: Benchmark = {
  name: 'capture',
  run: async (context) => {
    await growLab(context, COUNT)
    context.say(`opening captures in ${COUNT} namespaces`)
    const ours: number[] = []
    const peer: number[] = []
    for (let round = 0; round < Math.min(3, context.rounds); round++) {
      ours.push(await openOurs(context))
      peer.push(await startAll(context.lab.slice(0, COUNT)))
    }
    const [mine, theirs] = [median(ours), median(peer)]
    return [
      {
        name: `captures open in ${COUNT} namespaces: tcpdump started ${COUNT} times ÷ ours`,
        ours: milliseconds(mine),
        peer: milliseconds(theirs),
        figure: theirs / mine,
        unit: '×',
        budget: { atLeast: 50 },
      } satisfies Row,
    ]
  },
}

async function openOurs({ programs }: BenchContext): Promise<number> {
  const report = JSON.parse(await output(process.execPath, [`${programs}/open-captures.mjs`])) as { openMs: number }
  return report.openMs
}

/** All at once; tcpdump says on stderr when it listens. */
async function startAll(names: readonly string[]): Promise<number> {
  const start = performance.now()
  const children = names.map((name) =>
    spawn('nsenter', [`--net=/run/netns/${name}`, '--', 'tcpdump', '-i', 'any', '-w', '/dev/null'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  )
  try {
    await Promise.all(
      children.map(
        (child) =>
          new Promise<void>((resolve, reject) => {
            child.once('error', reject)
            child.stderr.on('data', (chunk) => String(chunk).includes('listening on') && resolve())
          }),
      ),
    )
    return performance.now() - start
  } finally {
    for (const child of children) child.kill()
    await Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))))
  }
}
