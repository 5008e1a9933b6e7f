import type { Place } from '../model/journey.ts'

/** Whether both name the same object, as far as both are precise. */
export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.namespace !== b.namespace || a.kind !== b.kind) return false
  const keys = ['table', 'chain', 'position', 'sysctl', 'link'] as const
  return keys.every((key) => a[key] === undefined || b[key] === undefined || a[key] === b[key])
}
