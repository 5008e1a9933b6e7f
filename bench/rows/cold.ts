import type { Benchmark } from '../context.ts'
import { growLab } from '../lab.ts'
import { execute, interleave } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const COMMANDS = { '--version': ['--version'], ns: ['ns'], 'show links -n c0': ['show', 'links', '-n', 'c0'] }
const ROUNDS = 15

/** Small commands on a host of ten namespaces, beside a Node that does nothing. */
export const COLD: Benchmark = {
  name: 'cold',
  run: async (context) => {
    await growLab(context, 10)
    context.say('cold start')
    const medians = await interleave(context.quick ? context.rounds : ROUNDS, [
      { name: 'node', run: () => execute(process.execPath, ['-e', '0']) },
      ...Object.entries(COMMANDS).map(([name, words]) => ({
        name,
        run: () => execute(process.execPath, [context.program, ...words]),
      })),
    ])
    const node = medians.get('node') ?? 0
    return Object.keys(COMMANDS).map((name): Row => {
      const ours = medians.get(name) ?? 0
      return {
        name: `cold start of ${name}: time of node -e 0`,
        ours: milliseconds(ours),
        peer: milliseconds(node),
        figure: ours / node,
        unit: '×',
        budget: { atMost: 1.6 },
      }
    })
  },
}
