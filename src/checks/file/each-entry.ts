import type { CheckPlace } from '../../model/check.ts'
import { Complaints, type Path } from '../../model/file/problem.ts'
import type { Check, Each, EachTemplate } from './check.ts'
import type { CheckEntry, CheckReading } from './read-check.ts'
import { substitute, type Variables } from './template.ts'

/** What `${each.…}` can be. */
export interface EachItem {
  /** A selector that means it and nothing else; of a value, the value. */
  readonly selector: string
  readonly name: string
  /** Its first global address, if it has one. */
  readonly address?: string
}

type ReadOne = (entry: CheckEntry, reading: CheckReading) => Check | undefined

/** As an example, so that what is wrong with all of them is found before anything is run. */
const EXAMPLE: EachItem = { selector: 'example', name: 'example', address: '192.0.2.1' }

/** A check for each of several things; `check` itself is an example of it. */
export function readEach(entry: CheckEntry, reading: CheckReading, readOne: ReadOne): Check | undefined {
  const { each: written = {}, ...own } = entry
  const { from: _from, ...defaults } = reading.defaults ?? {}
  const each = readSelection(written, reading)
  if (each === undefined) return undefined
  // a namespace that `each` means comes before that of all the file
  const rest: CheckEntry = each.of === 'values' ? { ...reading.defaults, ...own } : { ...defaults, ...own }
  const template: EachTemplate = { ...each, entry: rest, places: placesOf(rest, reading) }
  const filling = { variables: exampleOf(each), complaints: reading.complaints }
  const check = readOne(substitute(rest, reading.at, filling) as CheckEntry, reading)
  if (check === undefined) return undefined
  const unfilled = rest[check.resource]
  const subject = typeof unfilled === 'string' ? unfilled : check.subject
  return { ...check, subject, name: entry.name ?? `${check.resource} ${subject}`, each: template }
}

function exampleOf({ of, patterns }: Each): Variables {
  const [first = EXAMPLE.name] = patterns
  return variablesOf(of === 'values' ? { selector: first, name: first } : EXAMPLE)
}

/** Only one of them says of what. */
const KINDS = ['namespaces', 'containers', 'values'] as const

function readSelection(written: Readonly<Record<string, unknown>>, { at, complaints }: CheckReading): Each | undefined {
  const kinds = KINDS.filter((kind) => written[kind] !== undefined)
  const [of] = kinds
  if (of === undefined || kinds.length > 1) {
    complaints.error(
      [...at, 'each'],
      `each is of one of ${KINDS.join(', ')}, this one of ${kinds.join(' and ') || 'none'}`,
    )
    return undefined
  }
  const text = (key: 'network' | 'label' | 'owner', allowed: Each['of']): Partial<Each> => {
    const value = written[key]
    if (value === undefined) return {}
    if (of !== allowed) complaints.errorAtKey([...at, 'each', key], `${key} is of ${allowed}`)
    return { [key]: String(value) }
  }
  return {
    of,
    patterns: [written[of]].flat().map(String),
    ...text('network', 'containers'),
    ...text('label', 'containers'),
    ...text('owner', 'namespaces'),
    optional: written['optional'] === true,
  }
}

/** Where each part of an entry stands, for it is read again later. */
function placesOf(entry: unknown, { at, placeOf }: CheckReading): Readonly<Record<string, CheckPlace>> {
  const places: Record<string, CheckPlace> = {}
  const walk = (value: unknown, path: Path): void => {
    places[JSON.stringify(path)] = placeOf([...at, ...path])
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(key) : key])
  }
  walk(entry, [])
  return places
}

function variablesOf({ selector, name, address }: EachItem): Variables {
  return {
    each: name,
    'each.name': name,
    'each.selector': selector,
    'each.address': address ?? '',
  }
}

/**
 * The check for one of the things that `each` means, in the namespace of which it is tried unless it says where.
 * What its text is not good for there is told in words.
 */
export function instantiate(
  check: Check & { readonly each: EachTemplate },
  item: EachItem,
  readOne: ReadOne,
): Check | readonly string[] {
  const { entry, places, of } = check.each
  const complaints = new Complaints()
  const reading: CheckReading = {
    at: [],
    complaints,
    placeOf: (path) => places[JSON.stringify(path)] ?? check.place,
  }
  const filled = substitute(entry, [], { variables: variablesOf(item), complaints }) as CheckEntry
  const from = of === 'values' || filled.from !== undefined ? {} : { from: item.selector }
  const made = readOne({ ...filled, ...from }, reading)
  const problems = complaints.list.map(({ message }) => message)
  if (made === undefined || problems.length > 0) return problems
  const isSaid = (entry as CheckEntry).name?.includes('${each') === true
  const name = filled.name === undefined || isSaid ? made.name : `${filled.name} (${item.name})`
  return { ...made, name }
}
