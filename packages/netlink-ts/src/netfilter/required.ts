import { malformed } from '../error.ts'

/** A field that every kernel sends with this object. */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw malformed(`${field} is missing`)
  return value
}
