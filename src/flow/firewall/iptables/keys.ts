import type { RuleKeys } from '../rule.ts'
import { singleAddress } from '../values.ts'

/**
 * What must be so for a rule to match, found in its text without reading all of it: a chain of 10,000 rules is
 * indexed in a few milliseconds. Behind a comment or string nothing is looked for, as anything may stand in one.
 */
export function iptablesKeys(text: string): RuleKeys {
  const end = firstOf(text.indexOf('"'), text.indexOf(' --comment '), text.indexOf(' --string '))
  const keys: RuleKeys = {}
  const destination = addressOf(wordAfter(text, '-d ', end))
  if (destination !== undefined) keys.destination = destination
  const source = addressOf(wordAfter(text, '-s ', end))
  if (source !== undefined) keys.source = source
  const port = Number(wordAfter(text, '--dport ', end))
  if (Number.isInteger(port) && port > 0) keys.destinationPort = port
  setName(keys, 'in', wordAfter(text, '-i ', end))
  setName(keys, 'out', wordAfter(text, '-o ', end))
  return keys
}

/** The save tools write every address with its length, and in its canonical form. */
function addressOf(word: string): string | undefined {
  if (word === '') return undefined
  if (word.endsWith('/32') && !word.includes(':')) return word.slice(0, -3)
  return word.endsWith('/128') ? singleAddress(word) : word
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
