import type { Complaints, Path } from '../../model/file/problem.ts'
import { parseIp } from '../../model/ip-bytes.ts'
import { didYouMean } from '../../model/nearest.ts'
import { COMPARISONS, type Comparison, type Matcher, parseQuantity, type Scalar } from './matcher.ts'

/** Operator → what it is good for; the schema and its documentation are made of it. */
export const OPERATORS = {
  equal: 'The same; a text and a number that are written alike are the same.',
  not: 'Not as the matcher within.',
  gt: 'Greater. Also of times (20ms), rates (10mbit) and shares (5%).',
  ge: 'Greater or equal.',
  lt: 'Less.',
  le: 'Less or equal.',
  between: 'From the first to the second, both included.',
  contains: 'Of a text: this is in it. Of a list: one is like this. A list of these: all of them.',
  matches: 'A regular expression (of JavaScript, with the flag u) finds something.',
  starts: 'The text starts with this.',
  ends: 'The text ends with this.',
  within: 'The address is in this subnet.',
  in: 'One of these.',
  exists: 'There is a value (true), or none (false).',
  length: 'Of a list: how many; of a text: characters.',
  any: 'One of the list is like this.',
  every: 'All of the list are like this.',
  and: 'As all of these matchers.',
  or: 'As one of these matchers.',
} as const

export type Operator = keyof typeof OPERATORS

/** The names that they have in goss. */
export const ALIASES: Readonly<Record<string, Operator>> = {
  'have-len': 'length',
  'have-prefix': 'starts',
  'have-suffix': 'ends',
  'match-regexp': 'matches',
  'contain-substring': 'contains',
  'contain-element': 'contains',
  'contain-elements': 'contains',
  'consist-of': 'equal',
}

/** Where a matcher is read from, and who is told what is wrong with it. */
export interface MatcherReading {
  readonly at: Path
  readonly complaints: Complaints
}

const NEVER: Matcher = { op: 'or', matchers: [] }

/** A scalar, nothing (no value), a list (exactly these in any order), or a map of operators that all must hold. */
export function readMatcher(value: unknown, reading: MatcherReading): Matcher {
  if (isScalar(value)) return { op: 'equal', value }
  if (Array.isArray(value)) return { op: 'same', values: readAll(value, reading) }
  if (value === null) return { op: 'exists', wanted: false }
  if (typeof value !== 'object') return wrong(reading, 'expected a value or a matcher')
  const matchers = Object.entries(value).map(([name, argument]) =>
    readOperator(name, argument, { ...reading, at: [...reading.at, name] }),
  )
  const [only] = matchers
  if (only === undefined) return wrong(reading, 'an empty matcher')
  return matchers.length === 1 ? only : { op: 'and', matchers }
}

function readAll(values: readonly unknown[], { at, complaints }: MatcherReading): readonly Matcher[] {
  return values.map((each, position) => readMatcher(each, { at: [...at, position], complaints }))
}

function readOperator(written: string, argument: unknown, reading: MatcherReading): Matcher {
  const name = operatorOf(written)
  if (name === undefined) {
    const known = [...Object.keys(OPERATORS), ...Object.keys(ALIASES)]
    reading.complaints.errorAtKey(reading.at, `unknown matcher ${written}${didYouMean(written, known)}`)
    return NEVER
  }
  if (isComparison(name)) return readComparison(name, argument, reading)
  return READERS[name](argument, reading)
}

function operatorOf(name: string): Operator | undefined {
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name]
  return Object.hasOwn(OPERATORS, name) ? (name as Operator) : undefined
}

function isComparison(name: Operator): name is Comparison {
  return (COMPARISONS as readonly string[]).includes(name)
}

type Reader = (argument: unknown, reading: MatcherReading) => Matcher

const READERS: Readonly<Record<Exclude<Operator, Comparison>, Reader>> = {
  equal: readMatcher,
  not: (argument, reading) => ({ op: 'not', matcher: readMatcher(argument, reading) }),
  between: (argument, reading) => {
    if (!Array.isArray(argument) || argument.length !== 2) return wrong(reading, 'expected [least, greatest]')
    const [least, greatest] = argument as readonly unknown[]
    const at = (position: number): MatcherReading => ({ ...reading, at: [...reading.at, position] })
    return { op: 'and', matchers: [readComparison('ge', least, at(0)), readComparison('le', greatest, at(1))] }
  },
  contains: (argument, reading) => ({
    op: 'contains',
    values: Array.isArray(argument) ? readAll(argument, reading) : [readMatcher(argument, reading)],
  }),
  matches: (argument, reading) => {
    const pattern = textOf(argument, reading)
    const problem = pattern === undefined ? undefined : patternProblem(pattern)
    if (pattern === undefined) return NEVER
    return problem === undefined ? { op: 'matches', pattern } : wrong(reading, problem)
  },
  starts: (argument, reading) => withText('starts', argument, reading),
  ends: (argument, reading) => withText('ends', argument, reading),
  within: (argument, reading) =>
    isSubnet(argument) ? { op: 'within', text: argument } : wrong(reading, 'expected a subnet like 10.0.0.0/24'),
  in: (argument, reading) => {
    if (!Array.isArray(argument)) return wrong(reading, 'expected a list')
    return { op: 'or', matchers: readAll(argument, reading) }
  },
  exists: (argument, reading) =>
    typeof argument === 'boolean' ? { op: 'exists', wanted: argument } : wrong(reading, 'expected true or false'),
  length: (argument, reading) => ({ op: 'length', matcher: readMatcher(argument, reading) }),
  any: (argument, reading) => ({ op: 'any', matcher: readMatcher(argument, reading) }),
  every: (argument, reading) => ({ op: 'every', matcher: readMatcher(argument, reading) }),
  and: (argument, reading) => ({ op: 'and', matchers: readSeveral(argument, reading) }),
  or: (argument, reading) => ({ op: 'or', matchers: readSeveral(argument, reading) }),
}

function readSeveral(argument: unknown, reading: MatcherReading): readonly Matcher[] {
  if (Array.isArray(argument) && argument.length > 0) return readAll(argument, reading)
  return [wrong(reading, 'expected a list of matchers')]
}

function readComparison(how: Comparison, argument: unknown, reading: MatcherReading): Matcher {
  const limit = typeof argument === 'string' ? parseQuantity(argument) : argument
  if (typeof limit === 'number' && Number.isFinite(limit))
    return { op: 'compare', how, limit, written: String(argument) }
  return wrong(reading, 'expected a number, a time (20ms), a rate (10mbit) or a share (5%)')
}

function withText(op: 'starts' | 'ends', argument: unknown, reading: MatcherReading): Matcher {
  const text = textOf(argument, reading)
  return text === undefined ? NEVER : { op, text }
}

function textOf(argument: unknown, reading: MatcherReading): string | undefined {
  if (isScalar(argument)) return String(argument)
  wrong(reading, 'expected a text')
  return undefined
}

function isSubnet(value: unknown): value is string {
  const [, address = '', length = ''] = /^([0-9A-Fa-f.:]+)\/([0-9]{1,3})$/.exec(String(value)) ?? []
  const bytes = parseIp(address)
  return bytes !== undefined && Number(length) <= bytes.length * 8
}

/** Longer ones are no work of people, and take long to compile. */
const LONGEST_PATTERN = 1024

/** Why a text is no regular expression; undefined = it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > LONGEST_PATTERN) return `a regular expression of more than ${LONGEST_PATTERN} characters`
  try {
    new RegExp(pattern, 'u')
    return undefined
  } catch (error) {
    const reason = /: ([^:]*)$/.exec((error as Error).message)?.[1]
    return `not a regular expression: ${JSON.stringify(pattern)}${reason === undefined ? '' : ` (${reason})`}`
  }
}

function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  )
}

function wrong({ at, complaints }: MatcherReading, message: string): Matcher {
  complaints.error(at, message)
  return NEVER
}
