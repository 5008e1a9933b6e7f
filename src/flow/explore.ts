import type { Alternative, Flow, Journey, Unknown, Verdict } from './journey.ts'
import type { Leg, RunResult } from './predict.ts'
import { type Outcome, Run } from './run.ts'

/** So many possibilities are tried; what has more is told as it is. */
const MOST_RUNS = 64

/**
 * Runs a flow once for every way in which the facts leave it open, and puts together what can be said of all.
 *
 * @param isMeant leaves out other ways, unless there are none but these
 */
export function explore(
  flow: Flow,
  runFlow: (run: Run) => RunResult,
  isMeant: (result: RunResult) => boolean = () => true,
): Journey {
  const pending: (readonly number[])[] = [[]]
  const results: RunResult[] = []
  while (pending.length > 0 && results.length < MOST_RUNS) {
    const answers = pending.pop() ?? []
    const run = new Run(answers)
    results.push(runFlow(run))
    const taken = run.choices.map((choice) => choice.taken)
    for (let at = run.choices.length - 1; at >= answers.length; at--) {
      for (let other = (run.choices[at]?.count ?? 1) - 1; other > 0; other--) {
        pending.push([...taken.slice(0, at), other])
      }
    }
  }
  const meant = results.filter(isMeant)
  return journeyOf(flow, meant.length === 0 ? results : meant, pending.length > 0)
}

/** One end of a packet in one run. */
type End = Leg & { readonly run: Run }

function journeyOf(flow: Flow, ends: readonly End[], isCut: boolean): Journey {
  const journey = aggregate(flow, ends, isCut)
  const replies = ends.flatMap(({ run, reply }) => (reply === undefined ? [] : [{ ...reply, run }]))
  const [first] = replies
  return first === undefined ? journey : { ...journey, reply: journeyOf(first.flow, replies, isCut) }
}

function aggregate(flow: Flow, ends: readonly End[], isCut: boolean): Journey {
  const unknowns = unknownsOf(ends)
  const [first] = ends
  if (first === undefined)
    return { flow, verdict: 'unknown', hops: [], reason: 'nothing was tried', unknowns, fixes: [] }
  const verdicts = new Set(ends.map(({ outcome }) => verdictOf(outcome)))
  const verdict = verdictOf(first.outcome)
  const place = placeOf(first.outcome)
  const plain: Journey = {
    flow,
    verdict,
    hops: first.hops,
    reason: reasonOf(first.outcome),
    ...(place === undefined ? {} : { where: place }),
    unknowns,
    fixes: [],
  }
  if (verdicts.size === 1 && !isCut) return ends.length === 1 ? plain : withAlternatives(plain, ends)
  const shown = shownEnd(ends)
  const where = placeOf(shown.outcome)
  return {
    ...withAlternatives(plain, ends),
    verdict: 'depends',
    hops: shown.hops,
    reason: dependsReason(ends, unknowns, isCut),
    ...(where === undefined ? {} : { where }),
  }
}

/** The one that a person needs to see: where it does not arrive. */
function shownEnd(ends: readonly End[]): End {
  return (ends.find(({ outcome }) => verdictOf(outcome) !== 'delivered') ?? ends[0]) as End
}

/** Those that end differently, each once. */
function withAlternatives(journey: Journey, ends: readonly End[]): Journey {
  const different = new Map<string, Alternative>()
  for (const { run, outcome, hops } of ends) {
    const key = `${verdictOf(outcome)} ${reasonOf(outcome)}`
    if (different.has(key)) continue
    const place = placeOf(outcome)
    different.set(key, {
      when: run.choices.filter(({ count }) => count > 1).map(({ unknown, words }) => whenText(unknown, words)),
      verdict: verdictOf(outcome),
      reason: reasonOf(outcome),
      hops,
      ...(place === undefined ? {} : { where: place }),
    })
  }
  return different.size < 2 ? journey : { ...journey, alternatives: [...different.values()] }
}

function whenText({ what }: Unknown, words: string): string {
  return words === what || words === `not: ${what}` ? words : `${what}: ${words}`
}

function dependsReason(ends: readonly End[], unknowns: readonly Unknown[], isCut: boolean): string {
  const what = unknowns
    .map((unknown) => unknown.what)
    .slice(0, 3)
    .join('; ')
  const stopped = ends.map(({ outcome }) => outcome).find((outcome) => verdictOf(outcome) !== 'delivered')
  const or = stopped === undefined ? '' : `; it may be ${verdictOf(stopped)}: ${reasonOf(stopped)}`
  const cut = isCut ? ` (of more than ${MOST_RUNS} possibilities ${MOST_RUNS} were tried)` : ''
  return `depends on what the facts do not say: ${what}${or}${cut}`
}

function unknownsOf(ends: readonly End[]): readonly Unknown[] {
  const found = new Map<string, Unknown>()
  for (const { run, outcome } of ends) {
    for (const { unknown } of run.choices) found.set(`${unknown.what} ${unknown.where?.text ?? ''}`, unknown)
    if (outcome.kind === 'unknown') {
      found.set(outcome.reason, {
        what: outcome.reason,
        ...(outcome.place === undefined ? {} : { where: outcome.place }),
      })
    }
  }
  return [...found.values()]
}

export function verdictOf(outcome: Outcome): Verdict {
  return outcome.kind === 'ignored' ? 'dropped' : outcome.kind
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'ignored' ? 'nobody takes the frame' : outcome.reason
}

function placeOf(outcome: Outcome) {
  return outcome.kind === 'ignored' || outcome.kind === 'delivered' ? undefined : outcome.place
}
