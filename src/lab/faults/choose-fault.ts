import { TsnetError } from '../../errors.ts'
import { didYouMean } from '../../model/nearest.ts'
import { FAULTS } from './catalogue/faults.ts'
import { type Fault, faultName } from './fault.ts'
import type { ChosenFault } from './inject-fault.ts'
import type { LabFacts } from './lab-facts.ts'

/** The faults that a lab can have, each with its places. */
export function fittingFaults(
  facts: LabFacts,
): readonly { readonly fault: Fault; readonly plans: ReturnType<Fault['find']> }[] {
  return FAULTS.filter(({ needs }) => needs === undefined || facts.features[needs] === true)
    .map((fault) => ({ fault, plans: fault.find(facts) }))
    .filter(({ plans }) => plans.length > 0)
}

export interface ChooseOptions {
  readonly target?: string | undefined
  /** Limits of the machine may be changed. Default false. */
  readonly machine?: boolean
}

/**
 * The fault of a name at a place.
 *
 * @param name `default-route-wrong` (the first way that fits) or `default-route-wrong:gateway`
 * @throws TsnetError `usage` for a name or place that is none
 */
export function chooseFault(facts: LabFacts, name: string, { target, machine = false }: ChooseOptions): ChosenFault {
  const names = [...new Set(FAULTS.flatMap((fault) => [fault.id, faultName(fault)]))]
  if (!names.includes(name)) {
    throw new TsnetError('usage', `fault ${name}: there is none of that name${didYouMean(name, names)}`, {
      hint: 'tsnet-shoot lab fault ls lists them',
    })
  }
  const wanted = ({ fault }: { readonly fault: Fault }): boolean => fault.id === name || faultName(fault) === name
  const fitting = fittingFaults(facts).filter(wanted)
  const options = fitting.flatMap(({ fault, plans }) => plans.map((plan) => ({ fault, plan })))
  const chosen = target === undefined ? options[0] : options.find(({ plan }) => plan.target === target)
  if (chosen?.fault.machine === true && !machine) {
    throw new TsnetError('usage', `fault ${name}: changes a limit that holds for this whole machine`, {
      hint: '--machine allows it, on a machine that nobody else needs',
    })
  }
  if (chosen !== undefined) return chosen
  const { lab } = facts
  if (options.length === 0) {
    throw new TsnetError('usage', `fault ${name}: lab ${lab.name} cannot have it${missing(facts, name)}`, {
      hint: `tsnet-shoot lab fault ls ${lab.name} lists those that it can have`,
    })
  }
  const targets = [...new Set(options.map(({ plan }) => plan.target))]
  throw new TsnetError(
    'usage',
    `fault ${name}: no place ${target} in lab ${lab.name}${didYouMean(target ?? '', targets)}`,
    {
      hint: `Places: ${targets.join(' ')}`,
    },
  )
}

function missing({ features }: LabFacts, name: string): string {
  const lacks = FAULTS.filter((fault) => fault.id === name || faultName(fault) === name).flatMap(({ needs }) => {
    const state = needs === undefined ? true : features[needs]
    return state === true || state === undefined ? [] : [state]
  })
  return lacks[0] === undefined ? '' : ` (${lacks[0]})`
}

/** Any fault of those that a lab can have, at any of its places: the same for the same seed. */
export function drawFault(facts: LabFacts, seed: number): ChosenFault {
  const fitting = fittingFaults(facts).filter(
    ({ fault, plans }) => fault.machine !== true && plans.some(({ byDesign }) => byDesign !== true),
  )
  const { fault, plans } = fitting[below(fitting.length, seed)] ?? {}
  const plan = plans?.[below(plans.length, seed ^ SECOND_DRAW)]
  if (fault === undefined || plan === undefined) {
    throw new TsnetError('usage', `lab ${facts.lab.name}: it can have no fault`, { hint: 'tsnet-shoot lab fault ls' })
  }
  return { fault, plan }
}

const SECOND_DRAW = 0x5bd1e995

/** A number that looks like chance, from a seed (the finisher of MurmurHash3). */
function below(limit: number, seed: number): number {
  let hash = seed >>> 0
  for (const [shift, factor] of [
    [16, 0x85ebca6b],
    [13, 0xc2b2ae35],
    [16, 1],
  ] as const) {
    hash = Math.imul(hash ^ (hash >>> shift), factor) >>> 0
  }
  return hash % Math.max(1, limit)
}
