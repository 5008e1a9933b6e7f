import type { CheckMismatch } from '../../model/check.ts'
import type { Check, Expectation, PropertyExpectation } from './check.ts'
import { describeMatcher, describeValue } from './describe.ts'
import { matches, type Search, type Value } from './matcher.ts'

/** One thing that was found, property by property. */
export type Row = Readonly<Record<string, Value>>

export interface Judgement {
  readonly passed: boolean
  /** Why not, in one sentence. */
  readonly detail?: string
  readonly mismatches: readonly CheckMismatch[]
}

const PASSED: Judgement = { passed: true, mismatches: [] }

/** Whether what was looked up is as expected: one row of those that are meant is, or as many as are counted. */
export function judgeRows(
  { where, expect, place, resource, subject }: Check,
  rows: readonly Row[],
  search: Search,
): Judgement {
  const meant = rows.filter((row) => where.every((each) => isAs(each, row, search)))
  const good = meant.filter((row) => expect.properties.every((each) => isAs(each, row, search)))
  if (expect.count !== undefined) return judgeCount(expect.count, good.length, search)
  if (good.length > 0) return PASSED
  if (meant.length === 0) {
    const detail = `there is no ${resource} ${subject}`
    return failed(detail, [{ place, property: 'result', expected: 'present', found: 'absent' }])
  }
  const nearest = nearestOf(meant, expect, search)
  return judgeRow(expect, nearest, search)
}

function judgeCount(count: PropertyExpectation, found: number, search: Search): Judgement {
  if (matches(count.matcher, found, search)) return PASSED
  const expected = describeMatcher(count.matcher)
  const detail = expected === '0' ? 'it is there' : `there are ${found} of them instead of ${expected}`
  return failed(detail, [{ place: count.place, property: 'count', expected, found: String(found) }])
}

/** Whether the one thing that was tried is as expected. */
export function judgeRow(expect: Expectation, row: Row, search: Search): Judgement {
  const wrong = expect.properties.filter((each) => !isAs(each, row, search))
  if (wrong.length === 0) return PASSED
  const mismatches = wrong.map(({ property, matcher, place }): CheckMismatch => {
    return { place, property, expected: describeMatcher(matcher), found: describeValue(row[property]) }
  })
  const words = mismatches.map(({ property, expected, found }) => `${property} is ${found}, not ${expected}`)
  if (row['detail'] === undefined) return failed(words.join('; '), mismatches)
  const detail = describeValue(row['detail'])
  // nothing of what was expected came about: why not says it all
  const isVoid = mismatches.every(({ found }) => found === 'none')
  return failed(isVoid ? detail : `${words.join('; ')}: ${detail}`, mismatches)
}

function failed(detail: string, mismatches: readonly CheckMismatch[]): Judgement {
  return { passed: false, detail, mismatches }
}

function isAs({ property, matcher }: PropertyExpectation, row: Row, search: Search): boolean {
  return matches(matcher, row[property], search)
}

/** The one that lacks least. */
function nearestOf(rows: readonly Row[], { properties }: Expectation, search: Search): Row {
  const wrongOf = (row: Row): number => properties.filter((each) => !isAs(each, row, search)).length
  const counted = rows.map((row) => ({ row, wrong: wrongOf(row) }))
  return counted.reduce((best, each) => (each.wrong < best.wrong ? each : best)).row
}
