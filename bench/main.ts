import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Benchmark, benchContext } from './context.ts'
import { formatTable, isMet, type Row } from './row.ts'
import { CAPTURE } from './rows/capture.ts'
import { CAPTURE_RATE } from './rows/capture-rate.ts'
import { COLD } from './rows/cold.ts'
import { CONNTRACK } from './rows/conntrack.ts'
import { DOCTOR } from './rows/doctor.ts'
import { DOCTOR_ENGINE } from './rows/doctor-engine.ts'
import { FLOW } from './rows/flow.ts'
import { IPTABLES } from './rows/iptables.ts'
import { LAB } from './rows/lab.ts'
import { PLUGIN } from './rows/plugin.ts'
import { snapshotOf } from './rows/snapshot.ts'
import { TUI } from './rows/tui.ts'
import { warmRefreshOf } from './rows/warm.ts'

/** In this order: the lab grows, and each row is of a host of the size that it names. */
const BENCHMARKS: readonly Benchmark[] = [
  COLD,
  LAB,
  DOCTOR,
  DOCTOR_ENGINE,
  PLUGIN,
  snapshotOf({ count: 10, loopRounds: 5 }),
  warmRefreshOf(10),
  TUI,
  FLOW,
  snapshotOf({ count: 200, loopRounds: 5, faster: 25, share: 1.6 }),
  warmRefreshOf(200),
  CAPTURE,
  CAPTURE_RATE,
  CONNTRACK,
  IPTABLES,
  snapshotOf({ count: 1000, loopRounds: 3, faster: 50, share: 0.25 }),
  warmRefreshOf(1000),
]
const USAGE = 2

const options = new Set(process.argv.slice(2).filter((word) => word.startsWith('--')))
const names = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const known = [...new Set(BENCHMARKS.map(({ name }) => name))]
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`unknown benchmark ${unknown.join(', ')}; there are ${known.join(', ')}\n`)
  process.exit(USAGE)
}
const context = benchContext({
  quick: options.has('--quick'),
  say: (line) => process.stderr.write(`  ${line}\n`),
})
const rows: Row[] = []
for (const benchmark of BENCHMARKS) {
  if (names.length > 0 && !names.includes(benchmark.name)) continue
  rows.push(...(await benchmark.run(context)))
}
const report = { node: process.version, rows: rows.map((row) => ({ ...row, met: isMet(row) })) }
const file = join(process.env['BENCH_ROOT'] ?? '.', '.cache/bench/result.json')
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
process.stdout.write(options.has('--json') ? `${JSON.stringify(report, null, 2)}\n` : `${formatTable(rows)}\n`)
process.exit(options.has('--strict') && !rows.every(isMet) ? 1 : 0)
