import type { Check } from '../checks/file/check.ts'
import { type Judgement, judgeRow, judgeRows, type Row } from '../checks/file/judge.ts'
import { RESOURCES } from '../checks/file/resources.ts'
import type { CheckFacts } from '../checks/rows/facts.ts'
import { pathRow } from '../checks/rows/path-row.ts'
import { rowsOf } from '../checks/rows/rows.ts'
import { TsnetError } from '../errors.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { SharedFacts } from './facts-source.ts'
import { type FlowProbe, iperfProbe, ownTimeMs, traceProbe } from './flow-probes.ts'
import { type LivePlace, namespaceIn, type Places } from './places.ts'
import type { ProbeOptions } from './probe-row.ts'
import { probe } from './probes.ts'
import { search } from './search.ts'

/** What checks are run in. */
export interface Surroundings {
  readonly facts: SharedFacts
  readonly places: Places
  /** Selector of a check that has none. */
  readonly from: string
  readonly select: (from: string) => string
  readonly allowCommands: boolean
  readonly signal: AbortSignal
}

export interface Attempt extends Judgement {
  readonly values: Readonly<Record<string, number>>
}

/** How long something may go on after it was told to stop. */
const GRACE_MS = 1000

/**
 * Tries a check once.
 *
 * @param notBeforeMs of `performance.now()`: older facts are of no use
 * @throws TsnetError when it cannot be tried
 */
export async function attemptCheck(check: Check, around: Surroundings, notBeforeMs: number): Promise<Attempt> {
  const { by, isInNamespace } = RESOURCES[check.resource]
  if (check.resource === 'command' && !around.allowCommands) {
    throw new TsnetError('unsupported', 'commands are not run', { hint: 'allow it with --allow-commands' })
  }
  const facts = await around.facts.since(notBeforeMs)
  const from = check.from === undefined ? around.from : around.select(check.from)
  const namespace = isInNamespace ? namespaceIn(facts, from, around.facts.isLive) : undefined
  if (by === 'rows') return lookUp(check, facts, namespace)
  if (by === 'predicted') return judged(check, pathRow(check, facts, from))
  if (namespace === undefined) throw new TsnetError('usage', `${check.resource}: needs a namespace`)
  return tryOut(
    check,
    around,
    attemptOf({ check, facts, from, select: around.select }, () => around.places.open(namespace, from)),
  )
}

function lookUp(check: Check, facts: CheckFacts, namespace: Namespace | undefined): Attempt {
  requireFacts(check, facts, namespace)
  return { ...judgeRows(check, rowsOf(check, facts, namespace), search), values: {} }
}

/** What nobody looked at, or what could not be read, is neither there nor absent. */
function requireFacts({ resource }: Check, { snapshot }: CheckFacts, namespace: Namespace | undefined): void {
  const { kinds } = RESOURCES[resource]
  const missing = kinds.find((kind) => !snapshot.kinds.includes(kind))
  if (missing !== undefined) {
    throw new TsnetError('unsupported', `the snapshot has no ${missing}`, { hint: `take it with --kinds ${missing},…` })
  }
  const hidden = snapshot.hidden.find(({ subject, namespace: inode }) => {
    if (inode === undefined) return (resource === 'container' || resource === 'network') && subject.startsWith('docker')
    return inode === namespace?.inode && kinds.some((kind) => subject.startsWith(`${kind} of `))
  })
  if (hidden === undefined) return
  const { subject, reason, hint } = hidden
  throw new TsnetError('privilege', `${subject}: ${reason}`, hint === undefined ? {} : { hint })
}

function judged({ expect }: Check, row: Row): Attempt {
  return { ...judgeRow(expect, row, search), values: numbersOf(row) }
}

type Try = (options: ProbeOptions) => Promise<Row>

function attemptOf(between: FlowProbe, open: () => LivePlace): Try {
  const { check } = between
  if (check.resource === 'trace') return (options) => traceProbe(between, options)
  if (check.resource === 'iperf') return (options) => iperfProbe(between, options)
  return (options) => probe(open(), check, options)
}

async function tryOut(check: Check, around: Surroundings, attempt: Try): Promise<Attempt> {
  if (!around.facts.isLive) {
    throw new TsnetError('unsupported', `${check.resource}: a saved snapshot cannot be tried`, {
      hint: 'run it on the host, without --from',
    })
  }
  const row = await withDeadline(check, around.signal, attempt)
  const first = judged(check, row)
  const { rises } = check.expect
  if (!first.passed || rises === undefined) return first
  const again = await withDeadline(check, around.signal, attempt)
  return { ...judgeRise(rises, row, again), values: first.values }
}

/** Ends at the time of the check whatever is tried; a little later even what does not listen. */
async function withDeadline(check: Check, signal: AbortSignal, attempt: Try): Promise<Row> {
  const { timeoutMs } = check
  const mostMs = timeoutMs + ownTimeMs(check)
  const over = new AbortController()
  const late: Row = { result: 'timeout', detail: `no end within ${mostMs} ms` }
  const soft = setTimeout(() => over.abort(), mostMs + GRACE_MS / 4)
  let hard: NodeJS.Timeout | undefined
  const end = new Promise<Row>((resolve) => {
    hard = setTimeout(() => resolve(late), mostMs + GRACE_MS)
  })
  try {
    return await Promise.race([attempt({ timeoutMs, signal: AbortSignal.any([signal, over.signal]) }), end])
  } catch (error) {
    if (over.signal.aborted) return late
    throw error
  } finally {
    clearTimeout(soft)
    clearTimeout(hard)
  }
}

function judgeRise({ pattern, place }: NonNullable<Check['expect']['rises']>, first: Row, second: Row): Judgement {
  const [before, after] = [first, second].map((row) => numberIn(row, pattern))
  if (before !== undefined && after !== undefined && after > before) return { passed: true, mismatches: [] }
  const found = `first ${before ?? 'none'}, then ${after ?? 'none'}`
  const detail = before === undefined ? `there is no number by /${pattern}/` : `the number does not rise: ${found}`
  return { passed: false, detail, mismatches: [{ place, property: 'rises', expected: 'a greater number', found }] }
}

function numberIn({ body, output }: Row, pattern: string): number | undefined {
  const text = body ?? output
  const found = typeof text === 'string' ? search(pattern, text)?.[1] : undefined
  return found === undefined || found === '' || Number.isNaN(Number(found)) ? undefined : Number(found)
}

function numbersOf(row: Row): Readonly<Record<string, number>> {
  const numbers = Object.entries(row).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(numbers.map(([name, value]) => [name, Math.round(value * 1000) / 1000]))
}
