import type { BenchContext, Benchmark } from '../context.ts'
import { growLab } from '../lab.ts'
import { execute, interleave } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const KINDS = 'links,addrs,routes,rules,neigh,fdb'

/** The fewest commands that give the same facts: `ip addr` has the links too, `ip route` both families. */
const LOOP = `
here() {
  ip -j -d -s addr; ip -j -d route show table all; ip -j rule; ip -j -6 rule; ip -j neigh show nud all; bridge -j -d fdb
}
one() {
  ip -n $1 -j -d -s addr; ip -n $1 -j -d route show table all; ip -n $1 -j rule; ip -n $1 -j -6 rule
  ip -n $1 -j neigh show nud all; bridge -n $1 -j -d fdb
}
{ here; for name in $(ls /run/netns); do one $name; done; } >/dev/null
`

interface Scale {
  readonly count: number
  readonly loopRounds: number
  /** How many times faster than the loop, and the share of plotnetcfg's time. */
  readonly faster?: number
  readonly share?: number
}

/** The whole command on a host of `count` namespaces. */
export function snapshotOf(scale: Scale): Benchmark {
  return { name: 'snapshot', run: (context) => measure(context, scale) }
}

async function measure(context: BenchContext, { count, loopRounds, faster, share }: Scale): Promise<Row[]> {
  await growLab(context, count)
  context.say(`snapshot of ${count} namespaces`)
  const medians = await interleave(context.rounds, [
    { name: 'ours', run: () => execute(process.execPath, [context.program, 'snapshot', '--kinds', KINDS]) },
    { name: 'plotnetcfg', run: () => execute('plotnetcfg', []) },
    { name: 'loop', run: () => execute('sh', ['-c', LOOP]), rounds: context.quick ? 1 : loopRounds },
  ])
  const [ours = 0, plotnetcfg = 0, loop = 0] = ['ours', 'plotnetcfg', 'loop'].map((name) => medians.get(name))
  const label = `snapshot, ${count} namespaces`
  return [
    {
      name: `${label}: faster than the ip/bridge loop`,
      ours: milliseconds(ours),
      peer: milliseconds(loop),
      figure: loop / ours,
      unit: '×',
      ...(faster === undefined ? {} : { budget: { atLeast: faster } }),
    },
    {
      name: `${label}: time of plotnetcfg's`,
      ours: milliseconds(ours),
      peer: milliseconds(plotnetcfg),
      figure: ours / plotnetcfg,
      unit: '×',
      ...(share === undefined ? {} : { budget: { atMost: share } }),
    },
  ]
}
