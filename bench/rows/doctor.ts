import { writeFile } from 'node:fs/promises'
import type { Benchmark } from '../context.ts'
import { execute, interleave } from '../measure.ts'
import { milliseconds } from '../row.ts'

const NAME = 'bench-doctor'
const FILE = '/run/bench-doctor.yaml'
const COUNT = 200
const BRIDGES = 4
const BUDGET_MS = 2000

/** A healthy host with 200 containers of four networks, an engine's rules and a resolver in each. */
export const DOCTOR: Benchmark = {
  name: 'doctor',
  run: async (context) => {
    context.say(`doctor, ${COUNT} containers`)
    await writeFile(FILE, labFile())
    await execute(process.execPath, [context.program, 'lab', 'up', FILE])
    const medians = await interleave(context.quick ? 1 : 3, [
      { name: 'doctor', run: () => execute(process.execPath, [context.program, 'doctor']) },
      { name: 'snapshot', run: () => execute(process.execPath, [context.program, 'snapshot', '-o', '/dev/null']) },
    ])
    await execute(process.execPath, [context.program, 'lab', 'down', NAME])
    const [doctor = 0, snapshot = 0] = [medians.get('doctor'), medians.get('snapshot')]
    return [
      {
        name: `doctor, ${COUNT} containers`,
        ours: milliseconds(doctor),
        figure: doctor,
        unit: 'ms',
        budget: { atMost: BUDGET_MS },
      },
      {
        name: `doctor, ${COUNT} containers: time of a whole snapshot`,
        ours: milliseconds(doctor),
        peer: milliseconds(snapshot),
        figure: doctor / snapshot,
        unit: '×',
      },
    ]
  },
}

function labFile(): string {
  const networks = Array.from(
    { length: BRIDGES },
    (_, at) => `  n${at}: {driver: bridge, host: h, subnet: 10.${100 + at}.0.0/16}`,
  )
  const containers = Array.from(
    { length: COUNT },
    (_, at) => `  c${at}: {host: h, networks: [n${at % BRIDGES}], workload: http}`,
  )
  return [`name: ${NAME}`, 'hosts: {h: {}}', 'networks:', ...networks, 'containers:', ...containers, ''].join('\n')
}
