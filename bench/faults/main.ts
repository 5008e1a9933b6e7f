import { writeFileSync } from 'node:fs'
import { FAULTS } from '../../src/lab/faults/catalogue/faults.ts'
import { chooseFault, fittingFaults } from '../../src/lab/faults/choose-fault.ts'
import { faultName } from '../../src/lab/faults/fault.ts'
import { readLabFacts } from '../../src/lab/faults/lab-facts.ts'
import { LabRun } from './lab-run.ts'
import { type FaultRow, measureFault } from './measure-fault.ts'
import { formatTable, scoreOf, shortcomings } from './score.ts'

/** Each has something that the others have not. */
const LABS = [
  'compose-host',
  'routers',
  'user-bridge',
  'pets-bridge',
  'pets-macvlan',
  'vlan-trunk',
  'overlay',
  'overlay-encrypted',
  'services',
]
const USAGE = 2

interface Wanted {
  readonly labs: readonly string[]
  readonly faults: readonly string[]
  /** At every place, not the usual one alone. */
  readonly everywhere: boolean
}

/** Everything of one lab. A lab that could not be healed is built anew. */
async function measureLab(name: string, { faults, everywhere }: Wanted, program: string): Promise<readonly FaultRow[]> {
  const first = LabRun.up(name, program)
  if (typeof first === 'string') {
    say(`${name}: left out: ${first}`)
    return []
  }
  let lab = first
  const rows: FaultRow[] = []
  try {
    for (const wanted of await casesOf(lab.name, faults, everywhere)) {
      const row = await measureCase(lab, wanted)
      rows.push(row)
      tell(row)
      if (!row.healed) lab = again(lab, name, program)
    }
  } finally {
    lab.down()
  }
  return rows
}

function again(lab: LabRun, name: string, program: string): LabRun {
  lab.down()
  const next = LabRun.up(name, program)
  if (typeof next === 'string') throw new Error(next)
  return next
}

interface NamedCase {
  readonly fault: string
  readonly target: string
}

/** Of a lab that was built anew links have other names: the plan is of this moment. */
async function measureCase(lab: LabRun, { fault, target }: NamedCase): Promise<FaultRow> {
  try {
    return await measureFault(lab, chooseFault(await readLabFacts(lab.name), fault, { target, machine: true }))
  } catch (error) {
    return broken(lab.name, { fault, target }, error)
  }
}

const TOLD_PROBLEMS = 8

function tell({ problems, lab, fault, target }: FaultRow): void {
  say(`${problems.length === 0 ? '✔' : '✖'} ${lab} ${fault} at ${target}`)
  for (const problem of problems.slice(0, TOLD_PROBLEMS)) say(`    ${problem}`)
}

async function casesOf(lab: string, faults: readonly string[], everywhere: boolean): Promise<readonly NamedCase[]> {
  return fittingFaults(await readLabFacts(lab))
    .map(({ fault, plans }) => ({
      name: faultName(fault),
      id: fault.id,
      machine: fault.machine === true,
      plans: everywhere ? plans : plans.slice(0, 1),
    }))
    .filter(({ name, id, machine }) => (faults.length === 0 ? !machine : faults.includes(id) || faults.includes(name)))
    .flatMap(({ name, plans }) => plans.map(({ target }) => ({ fault: name, target })))
}

function broken(lab: string, { fault, target }: NamedCase, error: unknown): FaultRow {
  return {
    lab,
    fault,
    target,
    found: false,
    falseAlarms: 0,
    fixed: false,
    healed: false,
    examinedMs: 0,
    totalMs: 0,
    problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** `[LAB|FAULT…] [--everywhere] [--json]` */
function readWords(words: readonly string[]): Wanted {
  const names = words.filter((word) => !word.startsWith('--'))
  const known = new Set(FAULTS.flatMap((fault) => [fault.id, faultName(fault)]))
  const faults = names.filter((name) => known.has(name))
  const labs = names.filter((name) => !known.has(name))
  return { labs: labs.length === 0 ? LABS : labs, faults, everywhere: words.includes('--everywhere') }
}

const words = process.argv.slice(2)
const program = process.env['FAULTS_PROGRAM']
if (program === undefined) {
  say('faults: FAULTS_PROGRAM is not set')
  process.exit(USAGE)
}
const wanted = readWords(words)
const rows: FaultRow[] = []
for (const lab of wanted.labs) rows.push(...(await measureLab(lab, wanted, program)))
const lacking = shortcomings(scoreOf(rows))
const file = process.env['FAULTS_RESULT']
if (file !== undefined) writeFileSync(file, JSON.stringify({ score: scoreOf(rows), rows }, null, 2))
process.stdout.write(
  words.includes('--json') ? `${JSON.stringify({ score: scoreOf(rows), rows }, null, 2)}\n` : `${formatTable(rows)}\n`,
)
for (const each of lacking) say(`✖ ${each}`)
process.exit(rows.length > 0 && lacking.length === 0 ? 0 : 1)
