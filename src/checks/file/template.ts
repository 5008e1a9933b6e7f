import type { Complaints, Path } from '../../model/file/problem.ts'
import { didYouMean } from '../../model/nearest.ts'

/** What `${name}` stands for. */
export type Variables = Readonly<Record<string, string | number | boolean>>

export interface Substitution {
  readonly variables: Variables
  readonly complaints: Complaints
  /** Names that begin like this stay as they are: they are known later. */
  readonly later?: string
}

/** As many parts of a file as nobody writes: anchors may have multiplied them. */
const MAX_PARTS = 200_000
const LONGEST_TEXT = 64 * 1024

/** `$${` is a `${` that means itself. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g
const ALONE = /^\$\{([^}]*)\}$/

/**
 * A value with what its `${name}` stand for. A text that is nothing but one reference becomes the variable itself, a
 * number a number. Keys are left alone.
 */
export function substitute(value: unknown, at: Path, substitution: Substitution): unknown {
  let parts = 0
  const walk = (each: unknown, path: Path): unknown => {
    parts += 1
    if (parts > MAX_PARTS) return undefined
    if (typeof each === 'string') return substituteText(each, path, substitution)
    if (Array.isArray(each)) return each.map((item, position) => walk(item, [...path, position]))
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, walk(inner, [...path, key])]))
  }
  const result = walk(value, at)
  if (parts > MAX_PARTS) substitution.complaints.error(at, `more than ${MAX_PARTS} parts`)
  return result
}

function substituteText(text: string, at: Path, substitution: Substitution): unknown {
  if (!text.includes('${')) return text
  const alone = ALONE.exec(text)?.[1]
  if (alone !== undefined) return variableNamed(alone.trim(), at, substitution) ?? text
  const result = text.replace(REFERENCE, (written, name: string | undefined) => {
    if (name === undefined) return isLater(text, substitution) ? written : '${'
    return String(variableNamed(name.trim(), at, substitution) ?? written)
  })
  if (result.length <= LONGEST_TEXT) return result
  substitution.complaints.error(at, `longer than ${LONGEST_TEXT} characters`)
  return ''
}

/** What is substituted twice keeps its `$${` until the second time. */
function isLater(text: string, { later }: Substitution): boolean {
  return later !== undefined && text.includes(`\${${later}`)
}

function variableNamed(
  name: string,
  at: Path,
  { variables, complaints, later }: Substitution,
): Variables[string] | undefined {
  if (Object.hasOwn(variables, name)) return variables[name]
  if (later !== undefined && (name === later || name.startsWith(`${later}.`))) return undefined
  complaints.error(at, `unknown variable ${name}${didYouMean(name, Object.keys(variables))}`)
  return undefined
}
