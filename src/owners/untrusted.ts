/**
 * Reading JSON that somebody else wrote: each function gives the value if it is of the wanted type, and the empty one
 * of that type if it is not, so that one odd field costs that field and not the whole answer.
 */
export type JsonObject = Readonly<Record<string, unknown>>

/** More than this of anything is not a host, it is an attack on our memory. */
const MOST_ITEMS = 100_000
const LONGEST_TEXT = 16_384

export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

export function asObjects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.slice(0, MOST_ITEMS).filter(isObject) : []
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : ''
}

/** Undefined for the empty text too: engines write "" for "none". */
export function asTextOrAbsent(value: unknown): string | undefined {
  return asText(value) || undefined
}

export function asTexts(value: unknown): string[] {
  return Array.isArray(value)
    ? value
        .slice(0, MOST_ITEMS)
        .filter((item): item is string => typeof item === 'string')
        .map(asText)
    : []
}

export function asTextMap(value: unknown): Record<string, string> {
  const entries = Object.entries(asObject(value)).slice(0, MOST_ITEMS)
  return Object.fromEntries(entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, asText(text)]] : [])))
}

/** A whole number above zero: process ids, ports. */
export function asPositive(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
