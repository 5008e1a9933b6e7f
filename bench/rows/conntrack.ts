import { writeFile } from 'node:fs/promises'
import type { Benchmark } from '../context.ts'
import { execute, interleave, output } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const NAMESPACE = 'conntrack'
const ENTRIES = 100_000
const FILE = '/run/bench-conntrack'

/** The whole command beside the whole command; both write to nowhere. */
export const CONNTRACK: Benchmark = {
  name: 'conntrack',
  run: async (context) => {
    context.say(`making ${ENTRIES} connections`)
    await execute('ip', ['netns', 'add', NAMESPACE])
    await writeFile(FILE, Array.from({ length: ENTRIES }, (_, number) => entry(number)).join(''))
    await inside('conntrack', ['--load-file', FILE])
    const count = Number(await output('nsenter', [`--net=/run/netns/${NAMESPACE}`, 'conntrack', '-C']))
    context.say(`conntrack: ${count} entries`)
    const ours = (words: readonly string[]) => () => execute(process.execPath, [context.program, ...words])
    const medians = await interleave(context.rounds, [
      { name: 'table', run: ours(['show', 'conntrack', '-n', NAMESPACE]) },
      { name: 'json', run: ours(['show', 'conntrack', '-n', NAMESPACE, '--json']) },
      { name: 'dump', run: () => execute(process.execPath, [`${context.programs}/read-conntrack.mjs`, NAMESPACE]) },
      { name: 'conntrack', run: () => inside('conntrack', ['-L']) },
    ])
    await execute('ip', ['netns', 'delete', NAMESPACE])
    return rowsOf(medians, count)
  },
}

function inside(command: string, words: readonly string[]): Promise<void> {
  return execute('nsenter', [`--net=/run/netns/${NAMESPACE}`, '--', command, ...words])
}

/** A line of `conntrack -o save`. */
function entry(number: number): string {
  const source = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
  const port = 1024 + (number % 60_000)
  return `-A -t 7200 -u SEEN_REPLY,ASSURED -s ${source} -d 192.0.2.1 -r 192.0.2.1 -q ${source} -p tcp --sport ${port} --dport 443 --reply-port-src 443 --reply-port-dst ${port} --state ESTABLISHED\n`
}

function rowsOf(medians: ReadonlyMap<string, number>, count: number): Row[] {
  const peer = medians.get('conntrack') ?? 0
  const row = (name: string, what: string, isBudget: boolean): Row => ({
    name: `conntrack, ${count} entries, ${what}: time of conntrack -L`,
    ours: milliseconds(medians.get(name) ?? 0),
    peer: milliseconds(peer),
    figure: (medians.get(name) ?? 0) / peer,
    unit: '×',
    ...(isBudget ? { budget: { atMost: 1 } } : {}),
  })
  return [row('dump', 'read', true), row('table', 'shown as a table', false), row('json', 'shown as JSON', false)]
}
