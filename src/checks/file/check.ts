import type { CheckPlace, CheckSeverity } from '../../model/check.ts'
import type { Matcher } from './matcher.ts'
import type { ResourceName } from './resources.ts'

/** A property and how it is to be. */
export interface PropertyExpectation {
  readonly property: string
  readonly matcher: Matcher
  readonly place: CheckPlace
}

export interface Expectation {
  /** How many rows are as expected; `undefined` = one at least. */
  readonly count?: PropertyExpectation
  readonly properties: readonly PropertyExpectation[]
  /** A regular expression with one group: the number that it finds is greater when the same is done once more. */
  readonly rises?: { readonly pattern: string; readonly place: CheckPlace }
}

/** Of which things a check is made, one each. */
export interface Each {
  readonly of: 'namespaces' | 'containers' | 'values'
  /** Names, with `*` for anything; or the values themselves. */
  readonly patterns: readonly string[]
  readonly network?: string
  readonly label?: string
  readonly owner?: string
  /** Nothing that is meant: the check is passed over instead of failing. */
  readonly optional: boolean
}

/** One check as it is run; plain data. */
export interface Check {
  readonly place: CheckPlace
  readonly name: string
  readonly resource: ResourceName
  /** In words, as it was written. */
  readonly subject: string
  /** Selector of the namespace; absent: that of the command line, else the host's. */
  readonly from?: string
  /** Of a resource that is looked up: which rows are meant. */
  readonly where: readonly PropertyExpectation[]
  /** Of another: what is tried. */
  readonly target: Readonly<Record<string, unknown>>
  readonly expect: Expectation
  /** Of one attempt. */
  readonly timeoutMs: number
  /** For how long it is tried again. */
  readonly waitMs: number
  /** How often it is tried again. */
  readonly retries: number
  readonly pauseMs: number
  readonly severity: CheckSeverity
  /** Why it is not run. */
  readonly skip?: string
  readonly each?: EachTemplate
}

/** A check that is made for each of several things; what it is made of is written with `${each.…}` in it. */
export interface EachTemplate extends Each {
  readonly entry: unknown
  /** Where the parts of the entry stand: path as JSON → place. */
  readonly places: Readonly<Record<string, CheckPlace>>
}
