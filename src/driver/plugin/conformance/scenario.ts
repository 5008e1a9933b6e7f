import { type CheckResult, Findings, type Rule, Unmet } from './check.ts'
import type { Reply, Subject } from './subject.ts'

export type ScenarioDriver = 'plugin' | 'network' | 'ipam'

/** A conversation with a plugin, and what is found out by it. */
export interface Scenario {
  readonly name: string
  readonly driver: ScenarioDriver
  run(subject: Subject): Promise<CheckResult[]>
}

export interface ScenarioSpec<Id extends string> {
  readonly name: string
  readonly driver: ScenarioDriver
  /** In the order of the report. */
  readonly rules: Readonly<Record<Id, Rule>>
  /** May throw {@link Unmet}. */
  readonly talk: (subject: Subject, findings: Findings<Id>) => Promise<void>
}

export function scenario<const Id extends string>({ name, driver, rules, talk }: ScenarioSpec<Id>): Scenario {
  return {
    name,
    driver,
    async run(subject) {
      const findings = new Findings<Id>(name, rules)
      let unmet = 'the scenario ended before'
      try {
        await talk(subject, findings)
      } catch (error) {
        if (!(error instanceof Unmet)) throw error
        unmet = error.message
      } finally {
        await subject.cleanUp()
      }
      return findings.results(unmet)
    },
  }
}

/**
 * The value of a reply that must be a success, or else the rule is broken and the scenario over.
 *
 * @throws Unmet
 */
export function need<Id extends string, T>(findings: Findings<Id>, id: Id, reply: Reply<T>): T {
  if (reply.kind === 'success') {
    findings.pass(id)
    return reply.value
  }
  findings.fail(id, reply.text)
  throw new Unmet(`${id} failed`)
}

/** A reply that must be a success; the scenario goes on anyway. */
export function expectSuccess<Id extends string>(findings: Findings<Id>, id: Id, reply: Reply<unknown>): void {
  findings.that(id, reply.kind === 'success', reply.kind === 'success' ? '' : reply.text)
}

/** A reply that must be a refusal which the engine sees. */
export function expectRefusal<Id extends string>(findings: Findings<Id>, id: Id, reply: Reply<unknown>): void {
  findings.that(id, reply.kind === 'refused', reply.kind === 'success' ? 'it was answered with success' : textOf(reply))
}

/** A reply that may be a success or a refusal, where success is the better one. */
export function preferSuccess<Id extends string>(findings: Findings<Id>, id: Id, reply: Reply<unknown>): void {
  if (reply.kind === 'refused') findings.warn(id, reply.text)
  else expectSuccess(findings, id, reply)
}

/** A reply that may be a success or a refusal, where a refusal is the better one. */
export function preferRefusal<Id extends string>(findings: Findings<Id>, id: Id, reply: Reply<unknown>): void {
  if (reply.kind === 'success') findings.warn(id, 'it was answered with success')
  else expectRefusal(findings, id, reply)
}

function textOf(reply: Reply<unknown>): string {
  return reply.kind === 'success' ? 'success' : reply.text
}
