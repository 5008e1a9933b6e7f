import { parseIp } from '../../model/ip-bytes.ts'
import type { Check, PropertyExpectation } from './check.ts'
import { describeMatcher } from './describe.ts'
import type { CheckEntry, CheckReading } from './read-check.ts'
import { readMatcher } from './read-matcher.ts'
import { RESOURCES, type ResourceName } from './resources.ts'
import { parseSubject } from './subject.ts'

interface Subject extends Pick<Check, 'where' | 'target'> {
  readonly text: string
}

/** What a check is about; undefined when that cannot be read. */
export function readSubject(resource: ResourceName, entry: CheckEntry, reading: CheckReading): Subject | undefined {
  const { by, short } = RESOURCES[resource]
  const written = entry[resource]
  const at = [...reading.at, resource]
  const isLong = typeof written === 'object' && written !== null && !Array.isArray(written)
  const long = isLong ? (written as Readonly<Record<string, unknown>>) : { [short.key]: written }
  const main = long[short.key]
  if (main === undefined && by !== 'rows') {
    reading.complaints.error(at, `${short.key} is missing`)
    return undefined
  }
  const parsed = isPlain(main) ? parseSubject(resource, short.key, main) : {}
  if (typeof parsed === 'string') {
    reading.complaints.error(isLong ? [...at, short.key] : at, parsed)
    return undefined
  }
  const text = isLong ? longText(long, short.key) : shortText(main)
  if (by !== 'rows')
    return { text, where: [], target: targetOf(resource, { ...rest(long, short.key), ...parsed }, entry) }
  // what is no plain value stays a matcher of the property itself
  const others = isPlain(main) ? rest(long, short.key) : long
  const place = reading.placeOf(at)
  const exact = Object.entries(parsed).flatMap(([property, value]): PropertyExpectation[] => [
    { property, matcher: readMatcher(value, { at, complaints: reading.complaints }), place },
  ])
  const more = Object.entries(others).map(([property, value]): PropertyExpectation => {
    const path = [...at, property]
    return {
      property,
      matcher: readMatcher(value, { at: path, complaints: reading.complaints }),
      place: reading.placeOf(path),
    }
  })
  return { text: text || longWords(more), where: [...exact, ...more], target: {} }
}

function isPlain(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || Array.isArray(value))
}

function rest(long: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const { [key]: _main, ...others } = long
  return others
}

function shortText(written: unknown): string {
  return Array.isArray(written) ? written.join(' ') : String(written)
}

/** The main word, then `key=value` for the rest. */
function longText(long: Readonly<Record<string, unknown>>, key: string): string {
  const main = isPlain(long[key]) ? [shortText(long[key])] : []
  const others = Object.entries(long).flatMap(([name, value]) =>
    name === key || typeof value === 'object' ? [] : [`${name}=${String(value)}`],
  )
  return [...main, ...others].join(' ')
}

function longWords(where: readonly PropertyExpectation[]): string {
  return where.map(({ property, matcher }) => `${property}: ${describeMatcher(matcher)}`).join(', ')
}

/** What is tried, with what is left open filled in. */
function targetOf(
  resource: ResourceName,
  target: Readonly<Record<string, unknown>>,
  entry: CheckEntry,
): Readonly<Record<string, unknown>> {
  if (resource !== 'dns') return target
  const name = String(target['name'])
  return { ...target, name, type: target['type'] ?? entry.type ?? (parseIp(name) === undefined ? 'A' : 'PTR') }
}
