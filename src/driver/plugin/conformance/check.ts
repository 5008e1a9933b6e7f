/** What was found out about one rule. */
export type Outcome = 'pass' | 'fail' | 'warning' | 'skipped'

/** One line of the report. */
export interface CheckResult {
  /** `container/join`. */
  readonly id: string
  /** What should be. */
  readonly rule: string
  readonly outcome: Outcome
  /** Why, unless it passed. */
  readonly reason?: string
  /** What an engine does with that, unless it passed or was skipped. */
  readonly consequence?: string
}

/** A rule, and what an engine does when it is broken. */
export type Rule = readonly [rule: string, consequence: string]

/** Thrown where a scenario cannot go on; what it has not found out by then is skipped for this reason. */
export class Unmet extends Error {
  override readonly name = 'Unmet'
}

/** The findings of one scenario. A rule that is broken once stays broken. */
export class Findings<Id extends string> {
  readonly #scenario: string
  readonly #rules: Readonly<Record<Id, Rule>>
  readonly #results = new Map<Id, CheckResult>()

  constructor(scenario: string, rules: Readonly<Record<Id, Rule>>) {
    this.#scenario = scenario
    this.#rules = rules
  }

  /** @returns whether it holds */
  that(id: Id, holds: boolean, reason: string): boolean {
    if (holds) this.pass(id)
    else this.fail(id, reason)
    return holds
  }

  pass(id: Id): void {
    if (!this.#results.has(id)) this.#set(id, 'pass')
  }

  fail(id: Id, reason: string): void {
    if (this.#results.get(id)?.outcome !== 'fail') this.#set(id, 'fail', reason)
  }

  warn(id: Id, reason: string): void {
    if (this.#results.get(id)?.outcome !== 'fail') this.#set(id, 'warning', reason)
  }

  skip(id: Id, reason: string): void {
    if (!this.#results.has(id)) this.#set(id, 'skipped', reason)
  }

  /** All of them, in the order of the rules. */
  results(unmet: string): CheckResult[] {
    const ids = Object.keys(this.#rules) as Id[]
    for (const id of ids) this.skip(id, unmet)
    return ids.flatMap((id) => this.#results.get(id) ?? [])
  }

  #set(id: Id, outcome: Outcome, reason?: string): void {
    const [rule, consequence] = this.#rules[id]
    const isBroken = outcome === 'fail' || outcome === 'warning'
    this.#results.set(id, {
      id: `${this.#scenario}/${id}`,
      rule,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(isBroken ? { consequence } : {}),
    })
  }
}
