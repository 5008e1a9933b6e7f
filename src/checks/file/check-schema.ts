import { CHECK_SEVERITIES } from '../../model/check.ts'
import { byKind, flag, integer, type JsonSchema, listOf, matching, record, text } from '../../model/file/shapes.ts'
import { ALIASES, OPERATORS } from './read-matcher.ts'
import type { Resource } from './resource.ts'
import { RESOURCE_NAMES, RESOURCES, type ResourceName } from './resources.ts'

const ANY_MATCHER: JsonSchema = { $ref: '#/definitions/matcher' }
const TIME = (description: string): JsonSchema =>
  matching('^[0-9]+(\\.[0-9]+)?(ms|s|m)$', 'a time like 2s', description)

/** Referred to as `#/definitions/matcher`. What each operator takes is checked when it is read. */
const MATCHER: JsonSchema = {
  title: 'a value or a matcher',
  description:
    'A value that it is; nothing (~) when there is none; a list of exactly these in any order; a map of matchers that all must hold.',
  type: ['string', 'number', 'boolean', 'array', 'object', 'null'],
  ...when(
    { type: 'object' },
    {
      properties: Object.fromEntries([
        ...Object.entries(OPERATORS).map(([name, description]) => [name, { description }]),
        ...Object.entries(ALIASES).map(([name, meaning]) => [
          name,
          { description: `As ${meaning} (its name in goss).` },
        ]),
      ]),
    },
  ),
}

export const CHECK_DEFINITIONS: JsonSchema = { matcher: MATCHER }

const RETRY: JsonSchema = byKind(
  {
    number: { type: 'integer', minimum: 0, maximum: 1000, title: 'a number of times' },
    object: record({
      times: integer({ minimum: 0, maximum: 1000 }, 'How often it is tried again.'),
      every: TIME('Pause between two attempts. Default 1s.'),
    }),
  },
  { description: 'How often it is tried again when it fails.' },
)

const PATTERNS: JsonSchema = byKind({ string: text('a name, * for anything'), array: listOf(text('a name')) })

const EACH: JsonSchema = record(
  {
    namespaces: { ...PATTERNS, description: 'Namespaces by their names; * stands for anything.' },
    containers: { ...PATTERNS, description: 'Running containers by their names; * stands for anything.' },
    values: {
      ...listOf({ type: ['string', 'number'], title: 'a text or a number' }),
      maxItems: 1000,
      description: 'These.',
    },
    network: text('a name', 'Only containers in this network.'),
    label: text('KEY or KEY=VALUE', 'Only containers with this label.'),
    owner: text('a kind', 'Only namespaces of this owner: docker, lab, netns, …'),
    optional: flag('It is no failure when there is none.', false),
  },
  {
    description:
      'One check for each of these; $ and each, each.name, each.address or each.selector in braces stand for it. `from` is its namespace unless given.',
  },
)

/** What a check can say besides its resource. */
const COMMON: Readonly<Record<string, JsonSchema>> = {
  name: { ...text('a sentence'), minLength: 1, description: 'What is true when it passes, as a sentence.' },
  from: { ...text('a selector of a namespace'), description: 'Namespace that it is tried from. Default host.' },
  type: { enum: ['A', 'AAAA', 'PTR', 'SRV', 'MX', 'TXT'], description: 'Of dns. Default A, PTR for an address.' },
  timeout: TIME('How long one attempt may take. Default 2s.'),
  wait: TIME('It is tried again for so long until it passes.'),
  retry: RETRY,
  severity: { enum: CHECK_SEVERITIES, description: 'What it means when it fails. Default error.' },
  skip: { ...text('a reason'), minLength: 1, description: 'It is not run; why.' },
  each: EACH,
}

const DEFAULTS: JsonSchema = record(
  Object.fromEntries(['from', 'timeout', 'wait', 'retry', 'severity'].map((key) => [key, COMMON[key] as JsonSchema])),
  { description: 'For all checks of this file that do not say it themselves.' },
)

/** Of http and command: what may be expected of their text without naming it. */
const CONTENT: Readonly<Record<string, JsonSchema>> = {
  contains: { ...ANY_MATCHER, description: 'Somewhere in what came back.' },
  matches: text('a regular expression', 'Finds something in what came back.'),
  rises: text(
    'a regular expression with one group',
    'The number that its group finds is greater when the same is done once more.',
  ),
}

const ANSWERS: Readonly<Record<string, JsonSchema>> = {
  addresses: { ...ANY_MATCHER, description: 'Of the answers; a list: exactly these, in any order.' },
  names: { ...ANY_MATCHER, description: 'The same, for PTR, SRV, MX and TXT.' },
}

const SUGAR: Partial<Readonly<Record<ResourceName, Readonly<Record<string, JsonSchema>>>>> = {
  http: CONTENT,
  command: CONTENT,
  dns: ANSWERS,
}

function subjectSchema({ short, keys, properties, by, summary }: Resource): JsonSchema {
  const kind = (schema: JsonSchema): readonly unknown[] => [schema['type'] ?? 'string'].flat()
  // what they are is told where they are expected
  const rows = by === 'rows' ? Object.fromEntries(Object.keys(properties).map((name) => [name, ANY_MATCHER])) : {}
  const long = record(
    { ...rows, ...keys, [short.key]: by === 'rows' ? ANY_MATCHER : short.schema },
    { minProperties: 1 },
  )
  return {
    description: summary,
    type: [...kind(short.schema), 'object'],
    ...when({ type: 'object' }, long, short.schema),
  }
}

function when(condition: JsonSchema, then: JsonSchema, otherwise?: JsonSchema): JsonSchema {
  return { if: condition, then, ...(otherwise === undefined ? {} : { else: otherwise }) }
}

function propertySchemas(properties: Resource['properties']): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, description]) => [name, { ...ANY_MATCHER, description }]),
  )
}

function expectSchema(name: ResourceName): JsonSchema {
  const { words, properties, by } = RESOURCES[name]
  const count = by === 'rows' ? { count: { ...ANY_MATCHER, description: 'How many there are.' } } : {}
  const isSysctl = name === 'sysctl'
  return {
    ...byKind({
      ...(isSysctl
        ? { string: text('a value'), number: { type: 'number' } }
        : { string: { enum: Object.keys(words) } }),
      object: record({ ...count, ...propertySchemas(properties), ...SUGAR[name] }),
    }),
    description: `${Object.keys(words).join(', ')}, or properties with what they are to be.`,
  }
}

/** One check: a resource, what is expected of it, and when it is tried. */
export const CHECK_ENTRY: JsonSchema = {
  ...record({
    ...COMMON,
    ...Object.fromEntries(RESOURCE_NAMES.map((name) => [name, subjectSchema(RESOURCES[name])])),
    expect: {},
  }),
  allOf: RESOURCE_NAMES.map((name) => when({ required: [name] }, { properties: { expect: expectSchema(name) } })),
}

/** The shape of a check file. */
export const CHECK_FILE_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'health checks of tsnet-shoot',
  ...record({
    description: text('a sentence'),
    include: listOf(text('a file, as seen from this one'), 'Files whose checks come first.'),
    vars: {
      type: 'object',
      description: 'What $ and a name in braces stand for; --set and an including file come before it.',
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$', title: 'a name of letters, digits, "_", "." and "-"' },
      additionalProperties: { type: ['string', 'number', 'boolean'], title: 'a text, a number or a boolean' },
    },
    defaults: DEFAULTS,
    checks: listOf(CHECK_ENTRY, 'In the order in which their results are told.'),
  }),
  definitions: CHECK_DEFINITIONS,
}
