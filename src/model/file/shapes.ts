/** JSON Schema draft-07. `title` says in errors what was expected, `description` is what an editor shows. */
export type JsonSchema = Readonly<Record<string, unknown>>

type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'null'

/** Names of labs, hosts, containers…: they become file names, DNS names and words of a command line. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]*$'
export const LONGEST_NAME = 63

/** What a value of several kinds must be for each of them; errors speak only of the kind that is there. */
export function byKind(kinds: Partial<Record<Kind, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  const given = Object.entries(kinds)
  const when = ([type, then]: readonly [string, JsonSchema]): JsonSchema => ({ if: { type }, then })
  return {
    ...more,
    type: given.map(([kind]) => kind),
    allOf: given.map(when),
  }
}

/** An object with these keys alone; keys that begin with `x-` are everybody's own, as in Compose. */
export function record(properties: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  return { ...more, type: 'object', properties, patternProperties: { '^x-': {} }, additionalProperties: false }
}

/** Name → value, where the value may be left out. */
export function entries(value: JsonSchema, description: string): JsonSchema {
  return {
    type: 'object',
    description,
    propertyNames: {
      pattern: NAME_PATTERN,
      maxLength: LONGEST_NAME,
      title: 'a name of letters, digits, "_", "." and "-"',
    },
    additionalProperties: value,
  }
}

export function listOf(items: JsonSchema, description?: string): JsonSchema {
  return { type: 'array', items, ...(description === undefined ? {} : { description }) }
}

/** One of them, or a list. */
export function oneOrMore(item: JsonSchema, description: string): JsonSchema {
  return byKind({ string: item, array: listOf(item) }, { description })
}

/** A map, or a list of `KEY=VALUE`. */
export function settings(description: string): JsonSchema {
  return byKind(
    {
      object: {
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean', 'null'], title: 'a text, a number or a boolean' },
      },
      array: listOf({ type: 'string', pattern: '^[^=]+=', title: 'KEY=VALUE' }),
    },
    { description },
  )
}

/** Of `-o`: everything becomes a text. */
export function driverOptions(description: string): JsonSchema {
  return {
    type: 'object',
    description,
    additionalProperties: { type: ['string', 'number', 'boolean'], title: 'a text, a number or a boolean' },
  }
}

export function text(title: string, description?: string): JsonSchema {
  return { type: 'string', title, maxLength: 4096, ...(description === undefined ? {} : { description }) }
}

export function matching(pattern: string, title: string, description?: string): JsonSchema {
  return { ...text(title, description), pattern }
}

export function flag(description: string, byDefault: boolean): JsonSchema {
  return { type: 'boolean', description, default: byDefault }
}

export function integer(range: { minimum: number; maximum: number }, description: string): JsonSchema {
  return { type: 'integer', ...range, description }
}

export const NAME: JsonSchema = matching(NAME_PATTERN, 'a name')
export const ADDRESS: JsonSchema = matching('^[0-9A-Fa-f.:]+$', 'an address like 10.0.0.1 or fd00::1')
export const SUBNET: JsonSchema = matching('^[0-9A-Fa-f.:]+/[0-9]{1,3}$', 'a subnet like 10.0.0.0/24')
export const ADDRESS_IN_SUBNET: JsonSchema = matching(
  '^[0-9A-Fa-f.:]+/[0-9]{1,3}$',
  'an address with its prefix length, like 10.0.0.1/24',
)
export const MAC: JsonSchema = matching('^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$', 'a MAC address like 02:42:0a:00:00:02')
export const PORT: JsonSchema = integer({ minimum: 1, maximum: 65_535 }, 'A TCP, UDP or SCTP port.')
/** The kernel's bounds: IPv4 needs 68, the longest frame that veth takes. */
export const MTU: JsonSchema = integer({ minimum: 68, maximum: 65_535 }, 'Maximum transmission unit in bytes.')
/** linux/if.h IFNAMSIZ; longer names are found later, with what would be right. */
export const INTERFACE: JsonSchema = matching('^[^\\s/:]+$', 'an interface name')
