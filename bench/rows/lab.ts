import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchContext, Benchmark } from '../context.ts'
import { execute, interleave } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const BRIDGES = 4
const NAME = 'bench'
const FOLDER = '/run/bench-lab'
/** Debian's Python, which Debian's Mininet is installed for. */
const PYTHON = '/usr/bin/python3'
const COUNTS = [10, 200, 800]
/** The one that the budget is for. */
const BUDGET_COUNT = 200

/** Containers on four bridges, up and down: two runs of ours, one of Mininet, and what `ip` alone needs for the links. */
export const LAB: Benchmark = {
  name: 'lab',
  run: async (context) => {
    await mkdir(FOLDER, { recursive: true })
    const rows: Row[] = []
    for (const count of COUNTS) rows.push(...(await measure(context, count)))
    return rows
  },
}

async function measure(context: BenchContext, count: number): Promise<Row[]> {
  context.say(`lab of ${count} containers`)
  const file = join(FOLDER, `${count}.yaml`)
  await writeFile(file, labFile(count))
  await writeIpBatches(count)
  const ours = async (): Promise<void> => {
    await execute(process.execPath, [context.program, 'lab', 'up', file])
    await execute(process.execPath, [context.program, 'lab', 'down', NAME])
  }
  const rounds = context.quick || count > BUDGET_COUNT ? 1 : 3
  const medians = await interleave(context.quick ? 1 : 3, [
    { name: 'ours', run: ours },
    { name: 'ip', run: () => execute('sh', ['-c', IP_LOOP]) },
    {
      name: 'mininet',
      run: () => execute(PYTHON, [join(context.root, 'bench/mininet-lab.py'), String(count)]),
      rounds,
    },
  ])
  const figure = (name: string) => medians.get(name) ?? 0
  const isBudget = count === BUDGET_COUNT
  return [
    {
      name: `lab, ${count} containers up and down: faster than Mininet`,
      ours: milliseconds(figure('ours')),
      peer: milliseconds(figure('mininet')),
      figure: figure('mininet') / figure('ours'),
      unit: '×',
      ...(isBudget ? { budget: { atLeast: 8 } } : {}),
    },
    {
      name: `lab, ${count} containers up and down: time of ip -batch`,
      ours: milliseconds(figure('ours')),
      peer: milliseconds(figure('ip')),
      figure: figure('ours') / figure('ip'),
      unit: '×',
      ...(isBudget ? { budget: { atMost: 1.6 } } : {}),
    },
  ]
}

/** Mininet's hosts have no name server, so these ask none. */
function labFile(count: number): string {
  const numbers = Array.from({ length: count }, (_, number) => number)
  return [
    `name: ${NAME}`,
    'hosts: {h: {}}',
    'networks:',
    ...Array.from(
      { length: BRIDGES },
      (_, group) => `  n${group}: {driver: bridge, host: h, subnet: 10.${100 + group}.0.0/16}`,
    ),
    'containers:',
    ...numbers.map((number) => `  c${number}: {host: h, networks: [n${number % BRIDGES}]}`),
    '',
  ].join('\n')
}

/** One `ip` for the host's side and one for each container's, which is the least that it can be done with. */
const IP_LOOP = `set -e
ip -batch ${FOLDER}/up
while read -r name; do ip -n $name -batch ${FOLDER}/$name; done <${FOLDER}/names
ip -batch ${FOLDER}/down`

async function writeIpBatches(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, number) => `bench-c${number}`)
  const bridges = Array.from({ length: BRIDGES }, (_, group) => `bench${group}`)
  const up = [
    ...bridges.flatMap((bridge, group) => [
      `link add ${bridge} type bridge`,
      `addr add 10.${100 + group}.0.1/16 dev ${bridge}`,
      `link set ${bridge} up`,
    ]),
    ...names.flatMap((name, number) => [
      `netns add ${name}`,
      `link add bv${number} type veth peer name eth0 netns ${name}`,
      `link set bv${number} master ${bridges[number % BRIDGES]} up`,
    ]),
  ]
  const down = [...names.map((name) => `netns delete ${name}`), ...bridges.map((bridge) => `link delete ${bridge}`)]
  await writeLines('up', up)
  await writeLines('down', down)
  await writeLines('names', names)
  for (const [number, name] of names.entries()) await writeLines(name, insideBatch(number))
}

function insideBatch(number: number): string[] {
  const [group, position] = [100 + (number % BRIDGES), Math.floor(number / BRIDGES)]
  return [
    'link set lo up',
    `addr add 10.${group}.${Math.floor(position / 250)}.${(position % 250) + 2}/16 dev eth0`,
    'link set eth0 up',
    `route add default via 10.${group}.0.1`,
  ]
}

function writeLines(name: string, lines: readonly string[]): Promise<void> {
  return writeFile(join(FOLDER, name), `${lines.join('\n')}\n`)
}
