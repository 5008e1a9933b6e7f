import { parseIp } from '../../model/ip-bytes.ts'

/** What a property of a resource can be. */
export type Value = string | number | boolean | undefined | readonly Value[] | { readonly [key: string]: Value }
export type Scalar = string | number | boolean

/** A condition on a value; plain data. */
export type Matcher =
  | { readonly op: 'equal'; readonly value: Scalar }
  /** Exactly these, in any order. */
  | { readonly op: 'same'; readonly values: readonly Matcher[] }
  | { readonly op: 'compare'; readonly how: Comparison; readonly limit: number; readonly written: string }
  | { readonly op: 'contains'; readonly values: readonly Matcher[] }
  | { readonly op: 'matches'; readonly pattern: string }
  | { readonly op: 'starts' | 'ends' | 'within'; readonly text: string }
  | { readonly op: 'exists'; readonly wanted: boolean }
  | { readonly op: 'length' | 'any' | 'every' | 'not'; readonly matcher: Matcher }
  | { readonly op: 'and' | 'or'; readonly matchers: readonly Matcher[] }

export const COMPARISONS = ['gt', 'ge', 'lt', 'le'] as const
export type Comparison = (typeof COMPARISONS)[number]

/**
 * Finds a regular expression (JavaScript's, flag u) in a text: its groups, undefined when there is nothing. Must end
 * soon whatever the expression is.
 *
 * @throws TsnetError `failed` when it takes too long
 */
export type Search = (pattern: string, text: string) => readonly (string | undefined)[] | undefined

/** Whether a value is as wanted. */
export function matches(matcher: Matcher, value: Value, search: Search): boolean {
  switch (matcher.op) {
    case 'equal':
      return isEqual(matcher.value, value)
    case 'same':
      return isSameList(matcher.values, value, search)
    case 'compare':
      return compares(matcher, value)
    case 'contains':
      return matcher.values.every((each) => containsOne(each, value, search))
    case 'matches':
      return textsOf(value).some((text) => search(matcher.pattern, text) !== undefined)
    case 'starts':
      return textsOf(value).some((text) => text.startsWith(matcher.text))
    case 'ends':
      return textsOf(value).some((text) => text.endsWith(matcher.text))
    case 'within':
      return textsOf(value).some((text) => isWithin(matcher.text, text))
    case 'exists':
      return (value !== undefined) === matcher.wanted
    default:
      return matchesInner(matcher, value, search)
  }
}

type Inner = Extract<Matcher, { readonly matcher: Matcher } | { readonly matchers: readonly Matcher[] }>

function matchesInner(matcher: Inner, value: Value, search: Search): boolean {
  switch (matcher.op) {
    case 'length':
      return matches(matcher.matcher, lengthOf(value), search)
    case 'any':
      return listOf(value).some((each) => matches(matcher.matcher, each, search))
    case 'every':
      return listOf(value).every((each) => matches(matcher.matcher, each, search))
    case 'not':
      return !matches(matcher.matcher, value, search)
    case 'and':
      return matcher.matchers.every((each) => matches(each, value, search))
    case 'or':
      return matcher.matchers.some((each) => matches(each, value, search))
  }
}

/** `1` and `"1"` are the same: sysctls are texts, and YAML makes numbers of them. */
function isEqual(expected: Scalar, value: Value): boolean {
  if (value === undefined || typeof value === 'object') return false
  return String(expected) === String(value)
}

/** Each value is one of those wanted, and each wanted is there: a pairing, for one value may be as several want it. */
function isSameList(wanted: readonly Matcher[], value: Value, search: Search): boolean {
  const values = listOf(value)
  if (values.length !== wanted.length) return false
  const holders: number[] = values.map(() => -1)
  const place = (position: number, tried: Set<number>): boolean => {
    const matcher = wanted[position] as Matcher
    return values.some((each, at) => {
      if (tried.has(at) || !matches(matcher, each, search)) return false
      tried.add(at)
      const holder = holders[at] as number
      if (holder >= 0 && !place(holder, tried)) return false
      holders[at] = position
      return true
    })
  }
  return wanted.every((_, position) => place(position, new Set()))
}

function compares({ how, limit }: Extract<Matcher, { readonly op: 'compare' }>, value: Value): boolean {
  const number = numberOf(value)
  if (number === undefined) return false
  if (how === 'gt') return number > limit
  if (how === 'ge') return number >= limit
  return how === 'lt' ? number < limit : number <= limit
}

function containsOne(matcher: Matcher, value: Value, search: Search): boolean {
  if (Array.isArray(value)) return (value as readonly Value[]).some((each) => matches(matcher, each, search))
  return matcher.op === 'equal' && typeof value === 'string' && value.includes(String(matcher.value))
}

function lengthOf(value: Value): number | undefined {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  return typeof value === 'object' ? Object.keys(value).length : undefined
}

function listOf(value: Value): readonly Value[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly Value[]) : [value]
}

function textsOf(value: Value): readonly string[] {
  return value === undefined || typeof value === 'object' ? [] : [String(value)]
}

function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? parseQuantity(value) : undefined
}

/** By which units of times, rates and shares a number is multiplied: milliseconds, bits a second, percent. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3_600e3,
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  '%': 1,
}

/** `20ms` → 20, `2s` → 2000, `10mbit` → 10,000,000, `5%` → 5, `-3` → -3; undefined = no quantity. */
export function parseQuantity(text: string): number | undefined {
  const [, number, unit = ''] = /^(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)(us|ms|s|m|h|[kmg]?bit|%)?$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * (UNITS[unit] ?? 1)
}

/** Whether an address, with or without a prefix length, is in a subnet. */
function isWithin(subnet: string, text: string): boolean {
  const [network = '', length = ''] = subnet.split('/')
  const [wanted, found] = [bitsOf(network), bitsOf(text.split('/')[0] ?? '')]
  if (wanted === undefined || found === undefined || wanted.length !== found.length) return false
  const bits = Number(length)
  return wanted.slice(0, bits) === found.slice(0, bits)
}

function bitsOf(address: string): string | undefined {
  return parseIp(address)
    ?.map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
}
