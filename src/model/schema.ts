/** Where a value is not what it should be: `namespaces[3].links[0].mtu`. */
export interface Mismatch {
  /** From the value inwards: keys and positions, outermost first. */
  readonly path: readonly (string | number)[]
  readonly expected: string
  readonly found: string
}

/**
 * Checks that a value read from a file is a T; undefined = it is. Fields that it does not know are let through.
 * The type parameter ties a schema to its interface: a field added there must be added here to compile.
 */
export type Schema<T> = ((value: unknown) => Mismatch | undefined) & { readonly of?: T }

type Fields<T> = { readonly [K in keyof T]-?: Schema<Exclude<T[K], undefined>> }
type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]
type Required<T> = Fields<Omit<T, OptionalKeys<T>>>
type Optional<T> = Fields<Pick<T, OptionalKeys<T>>>

export const text: Schema<string> = (value) => (typeof value === 'string' ? undefined : mismatch('string', value))
export const yesNo: Schema<boolean> = (value) => (typeof value === 'boolean' ? undefined : mismatch('boolean', value))
export const anything: Schema<unknown> = () => undefined
export const number: Schema<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? undefined : mismatch('number', value)

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Schema<T> {
  const expected = values.map((value) => JSON.stringify(value)).join(' or ')
  return (value) => (values.some((one) => one === value) ? undefined : mismatch(expected, value))
}

export function either<A, B>(a: Schema<A>, b: Schema<B>): Schema<A | B> {
  return (value) => {
    const first = a(value)
    const second = first && b(value)
    return first && second && { ...first, expected: `${first.expected} or ${second.expected}` }
  }
}

export function list<T>(item: Schema<T>): Schema<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return mismatch('array', value)
    for (let position = 0; position < value.length; position++) {
      const problem = item(value[position])
      if (problem) return within(position, problem)
    }
    return undefined
  }
}

/** An array of exactly two. */
export function pair<T>(item: Schema<T>): Schema<readonly [T, T]> {
  const items = list(item)
  return (value) => (Array.isArray(value) && value.length !== 2 ? mismatch('array of 2', value) : items(value))
}

/** An object with any keys. */
export function dictionary<T>(item: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) return mismatch('object', value)
    for (const [key, field] of Object.entries(value)) {
      const problem = item(field)
      if (problem) return within(key, problem)
    }
    return undefined
  }
}

/** An object that has the first fields and may have the second ones. */
export function object<T extends object>(required: Required<T>, optional: Optional<T>): Schema<T> {
  const checks = [...checksOf(required, false), ...checksOf(optional, true)]
  return (value) => {
    if (!isObject(value)) return mismatch('object', value)
    for (const { key, schema, mayLack } of checks) {
      const field = Object.hasOwn(value, key) ? value[key] : undefined
      if (field === undefined && mayLack) continue
      const problem = schema(field)
      if (problem) return within(key, problem)
    }
    return undefined
  }
}

interface FieldCheck {
  readonly key: string
  readonly schema: Schema<unknown>
  readonly mayLack: boolean
}

function checksOf(fields: object, mayLack: boolean): FieldCheck[] {
  return Object.entries(fields).map(([key, schema]) => ({ key, schema, mayLack }))
}

/** `namespaces[3].links[0].mtu`; keys that are no plain words in brackets and quotes. */
export function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((step, position) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^\w{1,64}$/.test(step)) return `[${JSON.stringify(step.slice(0, 64))}]`
      return position === 0 ? step : `.${step}`
    })
    .join('')
}

function within(step: string | number, { path, expected, found }: Mismatch): Mismatch {
  return { path: [step, ...path], expected, found }
}

function mismatch(expected: string, value: unknown): Mismatch {
  return { path: [], expected, found: kindOf(value) }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
