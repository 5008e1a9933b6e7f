import { writeFileSync } from 'node:fs'
import { FAULTS } from '../../src/lab/faults/catalogue/faults.ts'
import { fittingFaults } from '../../src/lab/faults/choose-fault.ts'
import { faultName } from '../../src/lab/faults/fault.ts'
import { readFaultRecord } from '../../src/lab/faults/fault-record.ts'
import { healFault } from '../../src/lab/faults/heal-fault.ts'
import { readLabFacts } from '../../src/lab/faults/lab-facts.ts'
import { LabRun } from './lab-run.ts'
import { type FaultCase, type FaultRow, measureFault } from './measure-fault.ts'
import { formatTable, scoreOf, shortcomings } from './score.ts'

/** Each has something that the others have not. */
const LABS = ['compose-host', 'routers', 'user-bridge', 'pets-bridge', 'pets-macvlan', 'vlan-trunk']
const USAGE = 2

interface Wanted {
  readonly labs: readonly string[]
  readonly faults: readonly string[]
  /** At every place, not the usual one alone. */
  readonly everywhere: boolean
}

/** Everything of one lab. A lab that could not be healed is built anew. */
async function measureLab(name: string, { faults, everywhere }: Wanted, program: string): Promise<readonly FaultRow[]> {
  let lab = LabRun.up(name, program)
  if (typeof lab === 'string') {
    say(`${name}: left out: ${lab}`)
    return []
  }
  const rows: FaultRow[] = []
  try {
    for (const chosen of await casesOf(lab.name, faults, everywhere)) {
      const row = await measureFault(lab, chosen).catch((error: unknown) => broken(name, chosen, error))
      rows.push(row)
      say(`${row.problems.length === 0 ? '✔' : '✖'} ${row.lab} ${row.fault} at ${row.target}`)
      for (const problem of row.problems) say(`    ${problem}`)
      if (row.healed) continue
      lab.down()
      const again = LabRun.up(name, program)
      if (typeof again === 'string') throw new Error(again)
      lab = again
    }
  } finally {
    lab.down()
  }
  return rows
}

/** Names of faults and places, as the lab is up now; plans are of this moment. */
async function casesOf(lab: string, faults: readonly string[], everywhere: boolean): Promise<readonly FaultCase[]> {
  return fittingFaults(await readLabFacts(lab))
    .filter(({ fault }) => faults.length === 0 || faults.includes(fault.id) || faults.includes(faultName(fault)))
    .flatMap(({ fault, plans }) => (everywhere ? plans : plans.slice(0, 1)).map((plan) => ({ fault, plan })))
}

async function broken(lab: string, { fault, plan }: FaultCase, error: unknown): Promise<FaultRow> {
  if (readFaultRecord(lab) !== undefined) await healFault(lab).catch(() => undefined)
  return {
    lab,
    fault: faultName(fault),
    target: plan.target,
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
