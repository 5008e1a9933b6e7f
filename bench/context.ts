import { join } from 'node:path'
import type { Row } from './row.ts'

export interface BenchContext {
  /** The built command line. */
  readonly program: string
  /** The checkout. */
  readonly root: string
  /** Folder of the bundled benchmark programs. */
  readonly programs: string
  /** Rounds of what is quick; `--quick` takes fewer. */
  readonly rounds: number
  readonly quick: boolean
  /** Names of namespaces that {@link growLab} made. */
  readonly lab: string[]
  readonly say: (line: string) => void
}

/** A group of rows that are measured together; `npm run bench -- NAME` runs it alone. */
export interface Benchmark {
  readonly name: string
  run(context: BenchContext): Promise<Row[]>
}

export function benchContext(options: { quick: boolean; say: (line: string) => void }): BenchContext {
  const root = process.env['BENCH_ROOT'] ?? process.cwd()
  return {
    root,
    program: join(root, 'dist/tsnet-shoot.js'),
    programs: join(root, '.cache/bench'),
    rounds: options.quick ? 3 : 7,
    lab: [],
    ...options,
  }
}
