import { didYouMean } from '../../model/nearest.ts'
import type { Expectation, PropertyExpectation } from './check.ts'
import type { CheckEntry, CheckReading } from './read-check.ts'
import { patternProblem, readMatcher } from './read-matcher.ts'
import type { WordMeaning } from './resource.ts'
import { RESOURCES, type ResourceName } from './resources.ts'

type Written = Readonly<Record<string, unknown>>

/** What is expected, by a word, by properties, or by nothing: then by the first of the words. */
export function readExpectation(resource: ResourceName, entry: CheckEntry, reading: CheckReading): Expectation {
  const { expect } = entry
  const { words, besides } = RESOURCES[resource]
  const inside = { ...reading, at: [...reading.at, 'expect'] }
  if (expect === undefined) {
    const [first] = Object.values(words)
    return readMeaning(besides ?? first ?? 'present', reading)
  }
  if (typeof expect === 'object')
    return readMap(resource, (expect ?? {}) as Written, { ...inside, isTable: isTable(entry) })
  if (resource === 'sysctl') return readMeaning({ value: expect }, inside)
  const word = String(expect)
  if (Object.hasOwn(words, word)) return readMeaning(words[word] as WordMeaning, inside)
  const known = Object.keys(words)
  const message = `expected one of ${known.join(', ')}, found ${word}${didYouMean(word, known)}`
  reading.complaints.error(inside.at, message)
  return { properties: [] }
}

/** What a word stands for; all of it is written where the word is. */
function readMeaning(meaning: WordMeaning, { at, complaints, placeOf }: CheckReading): Expectation {
  if (meaning === 'present') return { properties: [] }
  const place = placeOf(at)
  if (meaning === 'absent') {
    return { properties: [], count: { property: 'count', matcher: { op: 'equal', value: 0 }, place } }
  }
  const properties = Object.entries(meaning).map(([property, value]): PropertyExpectation => {
    return { property, matcher: readMatcher(value, { at, complaints }), place }
  })
  return { properties }
}

/** The table of connections has a property of that name. */
function isTable({ conntrack }: CheckEntry): boolean {
  return conntrack === 'table' || (conntrack as { readonly conntrack?: unknown } | undefined)?.conntrack === 'table'
}

function readMap(
  resource: ResourceName,
  { count, rises, ...written }: Written,
  reading: CheckReading & { readonly isTable: boolean },
): Expectation {
  const { at, complaints, placeOf } = reading
  const properties = Object.entries(written).map(([key, value]): PropertyExpectation => {
    const path = [...at, key]
    const [property, meant] = plainly(resource, key, value)
    return { property, matcher: readMatcher(meant, { at: path, complaints }), place: placeOf(path) }
  })
  if (properties.length === 0 && rises === undefined && count === undefined) complaints.error(at, 'nothing is expected')
  const isCounted = count !== undefined && RESOURCES[resource].by === 'rows' && !reading.isTable
  return {
    properties: [
      ...besidesOf(resource, properties, reading),
      ...properties,
      ...(count === undefined || isCounted ? [] : [readCount(count, reading)]),
    ],
    ...(isCounted ? { count: readCount(count, reading) } : {}),
    ...(rises === undefined ? {} : { rises: readRises(String(rises), reading) }),
  }
}

/** What goes without saying of something that is to answer; at the place of all that is said. */
function besidesOf(
  resource: ResourceName,
  said: readonly PropertyExpectation[],
  { at, complaints, placeOf }: CheckReading,
): readonly PropertyExpectation[] {
  const names = new Set(said.map(({ property }) => property))
  if (names.has('result')) return []
  const unsaid = Object.entries(RESOURCES[resource].besides ?? {}).filter(([property]) => !names.has(property))
  return unsaid.map(([property, value]) => {
    return { property, matcher: readMatcher(value, { at, complaints }), place: placeOf(at) }
  })
}

function readCount(count: unknown, { at, complaints, placeOf }: CheckReading): PropertyExpectation {
  const path = [...at, 'count']
  return { property: 'count', matcher: readMatcher(count, { at: path, complaints }), place: placeOf(path) }
}

const TEXT_OF: Partial<Readonly<Record<ResourceName, string>>> = { http: 'body', command: 'output' }

/** `contains` and `matches` of a page or an output, `addresses` and `names` of an answer. */
function plainly(resource: ResourceName, key: string, value: unknown): readonly [string, unknown] {
  const text = TEXT_OF[resource]
  if (text !== undefined && (key === 'contains' || key === 'matches')) return [text, { [key]: value }]
  if (resource === 'dns' && (key === 'addresses' || key === 'names')) return ['answers', value]
  return [key, value]
}

function readRises(pattern: string, { at, complaints, placeOf }: CheckReading): NonNullable<Expectation['rises']> {
  const path = [...at, 'rises']
  const problem = patternProblem(pattern) ?? groupProblem(pattern)
  if (problem !== undefined) complaints.error(path, problem)
  return { pattern, place: placeOf(path) }
}

function groupProblem(pattern: string): string | undefined {
  const groups = new RegExp(`${pattern}|`, 'u').exec('')?.length ?? 1
  return groups === 2 ? undefined : 'one group, in (…), must find the number'
}
