import type { ErrorObject, ValidateFunction } from 'ajv'
import { didYouMean } from '../nearest.ts'
import type { Complaint, Path } from './problem.ts'
import type { JsonSchema } from './shapes.ts'

/** More of them say nothing new, and a hostile file could have a million. */
const MAX_COMPLAINTS = 200

/** A validator's errors then have what their words are made of. */
export const AJV_OPTIONS = { allErrors: true, verbose: true, allowUnionTypes: true, validateSchema: false } as const

/**
 * Finds everything in a value that is not as a schema wants it.
 *
 * @param validator from `compileSchema`; it is asked for when the first value comes
 */
export function shapeChecker(validator: () => ValidateFunction): (value: unknown) => readonly Complaint[] {
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= validator()
    return validate(value) ? [] : complaintsOf(value, validate.errors ?? [])
  }
}

function complaintsOf(value: unknown, errors: readonly ErrorObject[]): readonly Complaint[] {
  const complaints = new Map<string, Complaint>()
  for (const error of errors) {
    if (FOLLOWING.has(error.keyword)) continue
    const complaint = complaintOf(value, error)
    complaints.set(JSON.stringify(complaint), complaint)
    if (complaints.size === MAX_COMPLAINTS) break
  }
  return [...complaints.values()]
}

/** Reported for what another error has told already. */
const FOLLOWING: ReadonlySet<string> = new Set(['if', 'propertyNames'])

function complaintOf(root: unknown, error: ErrorObject): Complaint {
  const path = pathOf(root, error.instancePath)
  const params = error.params as Readonly<Record<string, unknown>>
  const schema = (error.parentSchema ?? {}) as JsonSchema
  if (error.keyword === 'additionalProperties') {
    const key = String(params['additionalProperty'])
    const message = `unknown key ${key}${didYouMean(key, keysOf(schema))}`
    return { severity: 'error', path: [...path, key], atKey: true, message }
  }
  if (error.keyword === 'required') {
    const missing = String(params['missingProperty'])
    return { severity: 'error', path, atKey: false, message: `${missing} is missing`, missing }
  }
  const key = error.propertyName
  const message = describe(error, schema)
  return { severity: 'error', path: key === undefined ? path : [...path, key], atKey: key !== undefined, message }
}

function keysOf({ properties = {} }: { readonly properties?: unknown }): readonly string[] {
  return Object.keys(properties as object)
}

function describe(error: ErrorObject, schema: JsonSchema): string {
  const found = shown(error.data)
  const say = MESSAGES[error.keyword]
  if (say === undefined) return `expected ${expectedOf(schema)}, found ${found}`
  return say(error.params as Readonly<Record<string, unknown>>, found, error.data)
}

type Message = (params: Readonly<Record<string, unknown>>, found: string, data: unknown) => string

const wrongNumber: Message = ({ comparison, limit }, found) =>
  `expected a number ${String(comparison)} ${String(limit)}, found ${found}`
const wrongCount: Message = ({ limit }, _found, data) =>
  `expected ${String(limit)} of them, found ${(data as readonly unknown[]).length}`

const MESSAGES: Readonly<Record<string, Message>> = {
  enum: ({ allowedValues }, found, data) => {
    const allowed = (allowedValues as readonly unknown[]).map(String)
    return `expected one of ${allowed.join(', ')}, found ${found}${didYouMean(String(data), allowed)}`
  },
  minimum: wrongNumber,
  maximum: wrongNumber,
  minItems: wrongCount,
  maxItems: wrongCount,
  minProperties: () => 'at least one is needed',
  maxLength: ({ limit }, found) => `longer than ${String(limit)} characters: ${found}`,
}

/** What the schema calls it, else its types in words. */
function expectedOf({ title, type }: { readonly title?: unknown; readonly type?: unknown }): string {
  if (typeof title === 'string') return title
  const kinds = (Array.isArray(type) ? type : [type]).map((kind) => KIND_WORDS[String(kind)] ?? String(kind))
  return kinds.filter((kind) => kind !== KIND_WORDS['null']).join(' or ')
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'nothing',
}

/** A scalar as it is; of a list or map only that it is one. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return typeof value === 'string'
    ? JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
    : String(value)
}

/** A JSON pointer as a path; digits are positions where the value is a list. */
function pathOf(root: unknown, pointer: string): Path {
  const steps = pointer.split('/').slice(1)
  let value = root
  return steps.map((step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const isPosition = Array.isArray(value)
    value = isPosition ? (value as unknown[])[Number(key)] : (value as Record<string, unknown> | undefined)?.[key]
    return isPosition ? Number(key) : key
  })
}
