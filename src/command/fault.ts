import { TsnetError } from '../errors.ts'
import { FAULTS } from '../lab/faults/catalogue/faults.ts'
import { fittingFaults } from '../lab/faults/choose-fault.ts'
import { faultName, formatStep } from '../lab/faults/fault.ts'
import type { FaultRecord } from '../lab/faults/fault-record.ts'
import { readLabFacts } from '../lab/faults/lab-facts.ts'
import { sanitise } from '../report/sanitise.ts'

export interface FaultRow {
  readonly name: string
  readonly summary: string
  /** Of the lab that was asked for. */
  readonly targets?: readonly string[]
}

/** All faults, or those that a lab can have. */
export async function listFaults(lab: string | undefined): Promise<readonly FaultRow[]> {
  if (lab === undefined) return FAULTS.map((fault) => ({ name: faultName(fault), summary: fault.summary }))
  return fittingFaults(await readLabFacts(lab)).map(({ fault, plans }) => ({
    name: faultName(fault),
    summary: fault.summary,
    targets: plans.map(({ target }) => target),
  }))
}

export interface TellOptions {
  /** Where to look. */
  readonly hint: boolean
  /** What it is. */
  readonly reveal: boolean
}

/** What may be said of a fault, as fields and for people. */
export interface ToldFault {
  readonly lab: string
  readonly symptom: string
  readonly seed?: number
  readonly injectedAt: string
  /** Machines to look at. */
  readonly places?: readonly string[]
  readonly fault?: string
  readonly target?: string
  readonly done?: readonly string[]
  readonly lines: readonly string[]
}

export function tellFault(lab: string, record: FaultRecord, { hint, reveal }: TellOptions): ToldFault {
  const { plan, fault, summary, seed, injectedAt, secret } = record
  const { places } = plan.expected
  const done = plan.steps.map(formatStep)
  return {
    lab,
    symptom: plan.symptom,
    injectedAt,
    ...(seed === undefined ? {} : { seed }),
    ...(hint ? { places } : {}),
    ...(reveal ? { fault, target: plan.target, done } : {}),
    lines: [
      `${lab}: ${plan.symptom}`,
      ...(seed === undefined ? [] : [`  seed ${seed}`]),
      ...(hint || reveal ? [`  look at ${places.join(', ')}`] : []),
      ...(reveal ? [`  it is ${fault}: ${summary}`, ...done.map((line) => `    ${line}`)] : []),
      ...(secret && !reveal
        ? [`  find out why: tsnet-shoot doctor, path, show… (lab fault status ${lab} --reveal tells)`]
        : []),
    ].map((line) => sanitise(line)),
  }
}

/** @throws TsnetError `usage` for what is no number */
export function readSeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new TsnetError('usage', `--seed ${text}: not a number`, { hint: '--seed 7' })
  return Number(text)
}
