import { setTimeout as pause } from 'node:timers/promises'
import type { Check, EachTemplate } from '../checks/file/check.ts'
import { instantiate } from '../checks/file/each-entry.ts'
import { eachItems } from '../checks/file/each-items.ts'
import { readCheck } from '../checks/file/read-check.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { type CheckReport, type CheckResult, countChecks } from '../model/check.ts'
import { type Attempt, attemptCheck, type Surroundings } from './attempt-check.ts'
import { type FactsSource, SharedFacts } from './facts-source.ts'
import { Places } from './places.ts'

export interface RunChecksOptions {
  readonly facts: FactsSource
  /** Selector of checks that have none. Default host. */
  readonly from?: string
  /** What a selector of a file means here. Default: itself. */
  readonly select?: (from: string) => string
  readonly allowCommands: boolean
  /** How many are tried at once. */
  readonly parallel: number
  readonly signal: AbortSignal
  /** Told of each, in the order of the files, as soon as it and all before it are known. */
  readonly tell?: (result: CheckResult) => void
}

/** More than this is no list of checks but a loop. */
const MAX_MADE = 20_000

/** Tries all checks, several at once. Never throws for what a check finds; an interrupted run has fewer results. */
export async function runChecks(checks: readonly Check[], options: RunChecksOptions): Promise<CheckReport> {
  const startedAt = new Date().toISOString()
  const startMs = performance.now()
  const facts = new SharedFacts(options.facts)
  const places = new Places()
  const { from = 'host', select = (selector) => selector, allowCommands, signal } = options
  const around: Surroundings = { facts, places, from, select, allowCommands, signal }
  try {
    const { snapshot } = await facts.since(0)
    const made = checks.flatMap((check) => unfold(check, snapshot))
    if (made.length > MAX_MADE) throw new TsnetError('input', `each: makes ${made.length} checks, at most ${MAX_MADE}`)
    const results = await inOrder(made, (each) => settle(each, around), options)
    const durationMs = elapsed(startMs)
    return { format: 1, startedAt, hostname: snapshot.hostname, durationMs, counts: countChecks(results), results }
  } finally {
    places.close()
  }
}

/** A check to try, or what is known of it without trying. */
type Made = Check | CheckResult

function isKnown(made: Made): made is CheckResult {
  return 'verdict' in made
}

function unfold(check: Check, snapshot: Parameters<typeof eachItems>[1]): readonly Made[] {
  const { each, skip } = check
  if (skip !== undefined) return [known(check, { verdict: 'skipped', detail: skip })]
  if (each === undefined) return [check]
  const items = eachItems(each, snapshot)
  if (items.length === 0) {
    const detail = `there is no such thing: ${each.of} ${each.patterns.join(', ')}`
    return [known(check, { verdict: each.optional ? 'skipped' : 'failed', detail })]
  }
  return items.map((item): Made => {
    const made = instantiate(check as Check & { readonly each: EachTemplate }, item, readCheck)
    if ('place' in made) return made
    const detail = made.join('; ') || 'it cannot be read'
    return known({ ...check, name: `${check.name} (${item.name})` }, { verdict: 'untested', detail })
  })
}

interface Outcome {
  readonly verdict: CheckResult['verdict']
  readonly detail?: string
  readonly attempt?: Attempt
  readonly attempts?: number
  readonly durationMs?: number
}

function known(check: Check, { verdict, detail, attempt, attempts = 0, durationMs = 0 }: Outcome): CheckResult {
  const { place, name, resource, subject, from, severity } = check
  const values = attempt?.values ?? {}
  return {
    place,
    name,
    resource,
    subject,
    ...(from === undefined ? {} : { from }),
    severity,
    verdict,
    ...(detail === undefined ? {} : { detail }),
    mismatches: attempt?.mismatches ?? [],
    attempts,
    durationMs,
    ...(Object.keys(values).length === 0 ? {} : { values }),
  }
}

/** Tries a check until it passes or its time is over. */
async function settle(made: Made, around: Surroundings): Promise<CheckResult> {
  if (isKnown(made)) return made
  const startMs = performance.now()
  const untilMs = startMs + made.waitMs
  // the first time the facts of the whole run will do
  let notBeforeMs = 0
  for (let attempts = 1; ; attempts++) {
    const outcome = await once(made, around, notBeforeMs)
    const isOver = attempts > made.retries && performance.now() >= untilMs
    if (outcome.verdict !== 'failed' || isOver || around.signal.aborted) {
      return known(made, { ...outcome, attempts, durationMs: elapsed(startMs) })
    }
    await pause(pauseOf(made, attempts, untilMs), undefined, { signal: around.signal }).catch(() => undefined)
    notBeforeMs = performance.now()
  }
}

/** While it is waited for, it is looked at more often. */
const WAITING_PAUSE_MS = 200

function pauseOf({ retries, pauseMs }: Check, attempts: number, untilMs: number): number {
  if (attempts <= retries) return pauseMs
  return Math.max(0, Math.min(WAITING_PAUSE_MS, untilMs - performance.now()))
}

async function once(check: Check, around: Surroundings, notBeforeMs: number): Promise<Outcome> {
  try {
    const attempt = await attemptCheck(check, around, notBeforeMs)
    const { passed, detail } = attempt
    return passed ? { verdict: 'passed', attempt } : { verdict: 'failed', attempt, ...(detail ? { detail } : {}) }
  } catch (error) {
    const untested = error instanceof TsnetError && (error.code === 'privilege' || error.code === 'unsupported')
    const hint = error instanceof TsnetError && error.hint !== undefined ? ` (${error.hint})` : ''
    return { verdict: untested ? 'untested' : 'failed', detail: `${messageOf(error)}${hint}` }
  }
}

/** At most so many at once; each is told when those before it are known. */
async function inOrder(
  made: readonly Made[],
  run: (each: Made) => Promise<CheckResult>,
  { parallel, signal, tell }: RunChecksOptions,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  let [next, told] = [0, 0]
  const work = async (): Promise<void> => {
    while (next < made.length && !signal.aborted) {
      const position = next++
      results[position] = await run(made[position] as Made)
      for (let known = results[told]; known !== undefined; known = results[told]) {
        tell?.(known)
        told += 1
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, made.length) }, work))
  return results.filter((result) => result !== undefined)
}

function elapsed(startMs: number): number {
  return Math.round((performance.now() - startMs) * 1000) / 1000
}
