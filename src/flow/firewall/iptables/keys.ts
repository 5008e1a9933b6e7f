import type { RuleKeys } from '../rule.ts'
import { singleAddress } from '../values.ts'

/**
 * What must be exactly so for a rule to match, found in its text without reading all of it: a chain of 10,000 rules is
 * indexed in a few milliseconds. Behind a comment or string nothing is looked for, as anything may stand in one.
 */
export function iptablesKeys(text: string): RuleKeys {
  const end = firstOf(text.indexOf('"'), text.indexOf(' --comment '), text.indexOf(' --string '))
  const keys: RuleKeys = {}
  const destination = singleAddress(wordAfter(text, '-d ', end))
  if (destination !== undefined) keys.destination = destination
  const source = singleAddress(wordAfter(text, '-s ', end))
  if (source !== undefined) keys.source = source
  const port = wordAfter(text, '--dport ', end)
  if (/^\d+$/.test(port)) keys.destinationPort = Number(port)
  setName(keys, 'in', wordAfter(text, '-i ', end))
  setName(keys, 'out', wordAfter(text, '-o ', end))
  return keys
}

function firstOf(...positions: readonly number[]): number {
  return Math.min(...positions.map((position) => (position < 0 ? Number.POSITIVE_INFINITY : position)))
}

/** Empty when the option is not there, or negated. */
function wordAfter(text: string, option: string, end: number): string {
  const at = text.startsWith(option) ? 0 : text.indexOf(` ${option}`) + 1
  if (at === 0 && !text.startsWith(option)) return ''
  if (at >= end || text.startsWith('! ', at - 2)) return ''
  const from = at + option.length
  const blank = text.indexOf(' ', from)
  return blank < 0 ? text.slice(from) : text.slice(from, blank)
}

function setName(keys: RuleKeys, key: 'in' | 'out', name: string): void {
  if (name !== '' && !name.endsWith('+')) keys[key] = name
}
