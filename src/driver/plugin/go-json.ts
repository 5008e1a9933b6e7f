/**
 * A value of a JSON document as Go's encoding/json reads it into a field of that type: absent and null are the zero
 * value, unknown keys are ignored, keys are found in any case.
 *
 * @param path where it is, for the error: `Interface.Address`
 * @throws GoJsonError when the value is of another type
 */
export type GoType<T> = (value: unknown, path: string) => T

export class GoJsonError extends Error {
  override readonly name = 'GoJsonError'
}

export const goString: GoType<string> = (value, path) => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : mismatch('string', value, path)
}

export const goBool: GoType<boolean> = (value, path) => {
  if (value === undefined || value === null) return false
  return typeof value === 'boolean' ? value : mismatch('bool', value, path)
}

export const goInt: GoType<number> = (value, path) => {
  if (value === undefined || value === null) return 0
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : mismatch('int', value, path)
}

/** `interface{}` */
export const goAny: GoType<unknown> = (value) => value

/** `[]T` */
export function goList<T>(item: GoType<T>): GoType<readonly T[]> {
  return (value, path) => {
    if (value === undefined || value === null) return []
    if (!Array.isArray(value)) return mismatch('list', value, path)
    return value.map((one, position) => item(one, `${path}[${position}]`))
  }
}

/** `map[string]T` */
export function goMap<T>(item: GoType<T>): GoType<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (value === undefined || value === null) return {}
    if (!isObject(value)) return mismatch('map', value, path)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, item(one, `${path}[${key}]`)]))
  }
}

/** A struct. */
export function goStruct<T extends object>(fields: { readonly [K in keyof T]: GoType<T[K]> }): GoType<T> {
  const types = Object.entries(fields) as [string, GoType<unknown>][]
  return (value, path) => {
    if (value !== undefined && value !== null && !isObject(value)) return mismatch('object', value, path)
    const found = new Map(Object.entries(value ?? {}).map(([key, one]) => [key.toLowerCase(), one]))
    const read = types.map(([key, type]) => {
      // the last of several spellings wins, as the exact one does not come first in Go either
      return [key, type(found.get(key.toLowerCase()), path === '' ? key : `${path}.${key}`)]
    })
    return Object.fromEntries(read) as T
  }
}

/** `*T`: a struct that may be absent. */
export function goPointer<T>(type: GoType<T>): GoType<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : type(value, path))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mismatch(type: string, value: unknown, path: string): never {
  const found = Array.isArray(value) ? 'list' : typeof value
  throw new GoJsonError(`${path === '' ? 'body' : path}: ${found} where ${type} is expected`)
}
