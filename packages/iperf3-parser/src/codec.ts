/** Where in the document we are, and what was found wrong there. */
export interface Reading {
  readonly path: string
  readonly warn: (warning: string) => void
}

/** One value of iperf3's JSON, in both directions. */
export interface Codec<T> {
  /** Undefined, with a warning, for what is not of that kind. */
  decode(value: unknown, reading: Reading): T | undefined
  encode(value: T): unknown
}

export type Fields = Readonly<Record<string, readonly [json: string, codec: Codec<unknown>]>>

/** All are optional: versions differ in what they print, and output may be cut off. */
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends readonly [string, Codec<infer T>] ? T : never
}

function primitive<T>(kind: string, is: (value: unknown) => value is T): Codec<T> {
  return {
    decode: (value, { path, warn }) => {
      if (is(value)) return value
      // what could not be computed is printed as null
      if (value !== null) warn(`${path}: not ${kind}`)
      return undefined
    },
    encode: (value) => value,
  }
}

export const NUMBER = primitive('a number', (value): value is number => Number.isFinite(value))
export const TEXT = primitive('a text', (value): value is string => typeof value === 'string')
export const BOOLEAN = primitive('true or false', (value): value is boolean => typeof value === 'boolean')

/** 0 or 1. */
export const SWITCH: Codec<boolean> = {
  decode: (value, reading) => {
    const number = NUMBER.decode(value, reading)
    return number === undefined ? undefined : number !== 0
  },
  encode: Number,
}

export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    decode: (value, { path, warn }) => {
      if (Array.isArray(value)) {
        return value.flatMap((each, position) => codec.decode(each, { path: `${path}[${position}]`, warn }) ?? [])
      }
      warn(`${path}: not a list`)
      return undefined
    },
    encode: (values) => values.map((value) => codec.encode(value)),
  }
}

export function record<const F extends Fields>(fields: F): Codec<RecordOf<F>> {
  return {
    decode: (value, { path, warn }) => {
      if (!isObject(value)) {
        warn(`${path}: not an object`)
        return undefined
      }
      const entries = Object.entries(fields).flatMap(([name, [json, codec]]) => {
        if (!Object.hasOwn(value, json)) return []
        const decoded = codec.decode(value[json], { path: path === '' ? json : `${path}.${json}`, warn })
        return decoded === undefined ? [] : [[name, decoded]]
      })
      return Object.fromEntries(entries) as RecordOf<F>
    },
    encode: (value) =>
      Object.fromEntries(
        Object.entries(fields).flatMap(([name, [json, codec]]) => {
          const part = (value as Readonly<Record<string, unknown>>)[name]
          return part === undefined ? [] : [[json, codec.encode(part)]]
        }),
      ),
  }
}

/** For what contains itself. */
export function lazily<T>(codec: () => Codec<T>): Codec<T> {
  return {
    decode: (value, reading) => codec().decode(value, reading),
    encode: (value) => codec().encode(value),
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
