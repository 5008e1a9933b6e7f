import type { Row } from '../file/judge.ts'
import type { Value } from '../file/matcher.ts'
import type { Written } from './flow-text.ts'
import type { InitLine } from './init-checks.ts'

/** Properties of a row as expectations: all of them, or those that have a value. */
export function pick(row: Row, names: readonly string[], which: 'all' | 'given'): { [key: string]: Written } {
  const chosen = which === 'all' ? names : names.filter((name) => row[name] !== undefined)
  return Object.fromEntries(chosen.map((name) => [name, writtenOf(row[name])]))
}

function writtenOf(value: Value): Written {
  if (value === undefined) return null
  return value as Written
}

/** By these properties, as texts. */
export function inOrder(rows: readonly Row[], names: readonly string[]): readonly Row[] {
  const keys = new Map(rows.map((row) => [row, names.map((name) => keyOf(row[name]))]))
  return rows.toSorted((a, b) => compareKeys(keys.get(a) ?? [], keys.get(b) ?? []))
}

function keyOf(value: Value): string {
  return typeof value === 'number' ? String(value).padStart(12, '0') : JSON.stringify(value ?? '')
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (const [position, key] of a.entries()) {
    const other = b[position] ?? ''
    if (key !== other) return key < other ? -1 : 1
  }
  return 0
}

/** As many as there are now: one that comes is seen. */
export function noOthers(resource: string, property: string, rows: readonly Row[], where: InitLine = {}): InitLine {
  return {
    name: `no other ${resource}`,
    [resource]: { [property]: { exists: true }, ...where },
    expect: { count: rows.length },
  }
}
