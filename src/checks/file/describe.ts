import type { Matcher, Scalar, Value } from './matcher.ts'

const SIGNS = { gt: '>', ge: '≥', lt: '<', le: '≤' } as const

/** What a matcher wants, in words: `1500`, `≥ 3`, `a text that contains "ok"`. */
export function describeMatcher(matcher: Matcher): string {
  switch (matcher.op) {
    case 'equal':
      return shownScalar(matcher.value)
    case 'same':
      return matcher.values.length === 0 ? 'none' : matcher.values.map(describeMatcher).join(', ')
    case 'compare':
      return `${SIGNS[matcher.how]} ${matcher.written}`
    case 'contains':
      return `something with ${matcher.values.map(quoted).join(' and ')} in it`
    case 'matches':
      return `something that matches /${matcher.pattern}/`
    case 'starts':
      return `something that starts with ${JSON.stringify(matcher.text)}`
    case 'ends':
      return `something that ends with ${JSON.stringify(matcher.text)}`
    case 'within':
      return `an address in ${matcher.text}`
    case 'exists':
      return matcher.wanted ? 'any value' : 'no value'
    default:
      return describeInner(matcher)
  }
}

type Inner = Extract<Matcher, { readonly matcher: Matcher } | { readonly matchers: readonly Matcher[] }>

function describeInner(matcher: Inner): string {
  switch (matcher.op) {
    case 'length':
      return `a length of ${describeMatcher(matcher.matcher)}`
    case 'any':
      return `one that is ${describeMatcher(matcher.matcher)}`
    case 'every':
      return `all of them ${describeMatcher(matcher.matcher)}`
    case 'not':
      return `not ${describeMatcher(matcher.matcher)}`
    case 'and':
      return matcher.matchers.map(describeMatcher).join(' and ')
    case 'or':
      return matcher.matchers.map(describeMatcher).join(' or ')
  }
}

function quoted(matcher: Matcher): string {
  return matcher.op === 'equal' ? JSON.stringify(String(matcher.value)) : describeMatcher(matcher)
}

function shownScalar(value: Scalar): string {
  return value === '' ? '""' : String(value)
}

const LONGEST = 160

/** What was found: on one line, of bounded length. */
export function describeValue(value: Value): string {
  if (value === undefined) return 'none'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : bounded(value.map(describeValue).join(', '))
  if (typeof value === 'object') return bounded(JSON.stringify(value))
  return value === '' ? '""' : bounded(String(value).trim().split('\n', 1)[0] ?? '')
}

function bounded(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`
}
