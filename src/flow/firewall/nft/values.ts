import { compareIp, contains, type Ip, prefixOf, toIp } from '../../address.ts'

/** What an expression gives: a number, a name, an address, or several of them side by side. */
export type Scalar = number | string | Ip
export type Value = Scalar | readonly Scalar[]

/** What a value is written as in JSON becomes what expressions give: names of protocols, types and flags as numbers. */
export type Reader = (literal: unknown) => Scalar | undefined

export function isIp(value: unknown): value is Ip {
  return typeof value === 'object' && value !== null && 'words' in value
}

export function valueKey(value: Value): string {
  if (Array.isArray(value)) return value.map(valueKey).join(' . ')
  return isIp(value) ? value.text : String(value)
}

/** Names as written; a name that is a number or an address becomes one. */
export const readPlain: Reader = (literal) => {
  if (typeof literal === 'number') return literal
  if (typeof literal === 'boolean') return literal ? 1 : 0
  if (typeof literal !== 'string') return undefined
  return toIp(literal) ?? (/^(?:0x[0-9a-f]+|\d+)$/i.test(literal) ? Number(literal) : literal)
}

/** One name of a table as its number, anything else as {@link readPlain}; a list is flags put together. */
export function readNamed(numbers: Readonly<Record<string, number>>): Reader {
  const read: Reader = (literal) => {
    if (Array.isArray(literal)) return literal.reduce<number>((bits, each) => bits | Number(read(each) ?? 0), 0)
    if (typeof literal === 'string' && Object.hasOwn(numbers, literal)) return numbers[literal]
    const joined = isRecord(literal) ? literal['|'] : undefined
    return Array.isArray(joined) ? read(joined) : readPlain(literal)
  }
  return read
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a scalar is one of those that an element stands for: a value, prefix, range, or name with `*` at its end. */
export type ScalarTest = (value: Scalar) => boolean

/** The element's exact value, or a test. */
export function readElement(literal: unknown, read: Reader): Scalar | ScalarTest | undefined {
  if (isRecord(literal)) {
    if (isRecord(literal['prefix'])) return prefixTest(literal['prefix'])
    const { range } = literal
    if (Array.isArray(range)) return rangeTest(read(range[0]), read(range[1]))
    if (isRecord(literal['elem'])) return readElement(literal['elem']['val'], read)
  }
  if (literal === '*') return () => true
  if (typeof literal === 'string' && literal.endsWith('*')) {
    const start = literal.slice(0, -1)
    return (value) => typeof value === 'string' && value.startsWith(start)
  }
  return read(literal)
}

function prefixTest({ addr, len }: Readonly<Record<string, unknown>>): ScalarTest | undefined {
  const address = typeof addr === 'string' ? toIp(addr) : undefined
  if (address === undefined || typeof len !== 'number') return undefined
  const prefix = prefixOf(address, len)
  return (value) => isIp(value) && contains(prefix, value)
}

function rangeTest(from: Scalar | undefined, to: Scalar | undefined): ScalarTest | undefined {
  if (from === undefined || to === undefined) return undefined
  return (value) => compareScalars(value, from) >= 0 && compareScalars(value, to) <= 0
}

/** NaN for things that have no order. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (isIp(a) && isIp(b)) return a.family === b.family ? compareIp(a, b) : Number.NaN
  return typeof a === 'number' && typeof b === 'number' ? a - b : Number.NaN
}
