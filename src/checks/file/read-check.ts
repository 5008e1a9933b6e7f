import type { CheckPlace, CheckSeverity } from '../../model/check.ts'
import type { Complaints, Path } from '../../model/file/problem.ts'
import type { Check } from './check.ts'
import { readEach } from './each-entry.ts'
import { parseQuantity } from './matcher.ts'
import { readExpectation } from './read-expectation.ts'
import { readSubject } from './read-subject.ts'
import { RESOURCE_NAMES, RESOURCES, type ResourceName } from './resources.ts'

/** A check as it is written, after the schema has let it through. */
export type CheckEntry = Readonly<Record<string, unknown>> & {
  readonly name?: string
  readonly from?: string
  readonly type?: string
  readonly timeout?: string
  readonly wait?: string
  readonly retry?: number | { readonly times?: number; readonly every?: string }
  readonly severity?: CheckSeverity
  readonly skip?: string
  readonly each?: Readonly<Record<string, unknown>>
  readonly expect?: unknown
}

/** What a file says once for all of its checks. */
export type CheckDefaults = Pick<CheckEntry, 'from' | 'timeout' | 'wait' | 'retry' | 'severity'>

export interface CheckReading {
  /** Of the entry, from the top of the file. */
  readonly at: Path
  readonly complaints: Complaints
  readonly placeOf: (path: Path) => CheckPlace
  readonly defaults?: CheckDefaults
}

const DEFAULT_TIMEOUT_MS = 2000
const DEFAULT_PAUSE_MS = 1000

/** One check; undefined when what is wrong leaves nothing to run. */
export function readCheck(entry: CheckEntry, reading: CheckReading): Check | undefined {
  const resources = RESOURCE_NAMES.filter((name) => entry[name] !== undefined)
  const [resource] = resources
  if (resource === undefined || resources.length > 1) {
    const which = resources.length === 0 ? `one of ${RESOURCE_NAMES.join(', ')}` : 'one resource'
    reading.complaints.error(reading.at, `a check has ${which}, this one has ${resources.join(' and ') || 'none'}`)
    return undefined
  }
  return entry.each === undefined ? readOne(entry, resource, reading) : readEach(entry, reading, readOnly(resource))
}

function readOnly(resource: ResourceName): (entry: CheckEntry, reading: CheckReading) => Check | undefined {
  return (entry, reading) => readOne(entry, resource, reading)
}

function readOne(entry: CheckEntry, resource: ResourceName, reading: CheckReading): Check | undefined {
  const { at, complaints, placeOf, defaults = {} } = reading
  const read = readSubject(resource, entry, reading)
  const { isInNamespace } = RESOURCES[resource]
  const from = entry.from ?? (isInNamespace ? defaults.from : undefined)
  if (!isInNamespace && entry.from !== undefined) {
    complaints.errorAtKey([...at, 'from'], `${resource} is of the whole host, not of a namespace`)
  }
  if (entry.type !== undefined && resource !== 'dns') {
    complaints.errorAtKey([...at, 'type'], `type is of dns, not of ${resource}`)
  }
  const expect = readExpectation(resource, entry, reading)
  if (read === undefined) return undefined
  const timing = { ...defaults, ...entry }
  const waitMs = milliseconds(timing.wait, 0)
  return {
    place: placeOf(at),
    name: entry.name ?? [from, `${resource} ${read.text}`].filter((part) => part !== undefined).join(': '),
    resource,
    subject: read.text,
    ...(from === undefined ? {} : { from }),
    where: read.where,
    target: read.target,
    expect,
    timeoutMs: milliseconds(timing.timeout, DEFAULT_TIMEOUT_MS),
    waitMs,
    ...retryOf(timing.retry),
    severity: timing.severity ?? 'error',
    ...(entry.skip === undefined ? {} : { skip: entry.skip }),
  }
}

function retryOf(retry: CheckEntry['retry']): Pick<Check, 'retries' | 'pauseMs'> {
  if (typeof retry !== 'object') return { retries: retry ?? 0, pauseMs: DEFAULT_PAUSE_MS }
  return { retries: retry.times ?? 0, pauseMs: milliseconds(retry.every, DEFAULT_PAUSE_MS) }
}

function milliseconds(text: string | undefined, byDefault: number): number {
  return text === undefined ? byDefault : (parseQuantity(text) ?? byDefault)
}
