import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { BenchContext, Benchmark } from '../context.ts'
import { execute, interleave, median, output } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const NAMESPACE = 'iptables'
const RULESET = '/run/bench-ruleset'
const SAVED = '/run/bench-saved'
const MEBIBYTE = 1 << 20
const SIZES = [50_000, 700_000]

/** Legacy rules, as a large kube-proxy leaves them: what the save tool prints is parsed, and the peer is that printing. */
export const IPTABLES: Benchmark = {
  name: 'iptables',
  run: async (context) => {
    await execute('ip', ['netns', 'add', NAMESPACE])
    const rows: Row[] = []
    for (const size of SIZES) rows.push(...(await measure(context, size)))
    await execute('ip', ['netns', 'delete', NAMESPACE])
    return rows
  },
}

interface Parsed {
  readonly rules: number
  readonly elapsedMs: number
  readonly peakBytes: number
}

async function measure(context: BenchContext, size: number): Promise<Row[]> {
  context.say(`making ${size} iptables rules`)
  await writeRuleset(size)
  await shell(`iptables-legacy-restore < ${RULESET}`)
  await shell(`iptables-legacy-save -c > ${SAVED}`)
  const parsed: Parsed[] = []
  const rounds = size > 100_000 ? 3 : context.rounds
  const medians = await interleave(rounds, [
    { name: 'parse', run: async () => parsed.push(await parse(context)) },
    { name: 'save', run: () => shell('iptables-legacy-save -c > /dev/null') },
    { name: 'show', run: () => execute(process.execPath, [context.program, 'show', 'iptables', '-n', NAMESPACE]) },
  ])
  const wrong = parsed.find(({ rules }) => rules !== size)
  if (wrong) throw new Error(`${wrong.rules} rules were parsed of ${size}`)
  const save = medians.get('save') ?? 0
  const ours = median(parsed.map(({ elapsedMs }) => elapsedMs))
  const peak = Math.max(...parsed.map(({ peakBytes }) => peakBytes)) / MEBIBYTE
  const show = medians.get('show') ?? 0
  const label = `iptables, ${size} rules`
  return [
    {
      name: `${label}, parsed: time of iptables-save`,
      ours: milliseconds(ours),
      peer: milliseconds(save),
      figure: ours / save,
      unit: '×',
      budget: { atMost: 2 },
    },
    {
      name: `${label}: peak memory`,
      ours: `${peak.toFixed(0)} MB`,
      figure: peak,
      unit: 'MB',
      budget: { atMost: 1024 },
    },
    {
      name: `${label}, show iptables as a whole: time of iptables-save`,
      ours: milliseconds(show),
      peer: milliseconds(save),
      figure: show / save,
      unit: '×',
    },
  ]
}

function shell(command: string): Promise<void> {
  return execute('nsenter', [`--net=/run/netns/${NAMESPACE}`, '--', 'sh', '-c', command])
}

async function parse(context: BenchContext): Promise<Parsed> {
  return JSON.parse(await output(process.execPath, [`${context.programs}/parse-save.mjs`, SAVED])) as Parsed
}

/** Rules in chains of a hundred, each jumped to: half of them with a comment. */
async function writeRuleset(size: number): Promise<void> {
  const file = createWriteStream(RULESET)
  const chains = Math.ceil(size / 100)
  file.write('*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n')
  for (let chain = 0; chain < chains; chain++) file.write(`:KUBE-SVC-${chain} - [0:0]\n`)
  for (let number = 0; number < size; number++) {
    if (!file.write(`${ruleOf(number)}\n`)) await once(file, 'drain')
  }
  file.end('COMMIT\n')
  await once(file, 'finish')
}

function ruleOf(number: number): string {
  const chain = Math.floor(number / 100)
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
  const comment = number % 2 === 0 ? ` -m comment --comment "default/service-${number} cluster IP"` : ''
  return `-A KUBE-SVC-${chain} -d ${address}/32 -p tcp${comment} -m tcp --dport ${1 + (number % 65_000)} -j ACCEPT`
}
