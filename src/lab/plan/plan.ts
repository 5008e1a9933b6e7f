import type { LabObject, ResolvedLab } from '../resolve/lab-object.ts'

/** One thing that is done to a lab. `make` and `remove` take each other back. */
export interface Step {
  readonly action: 'make' | 'remove'
  readonly object: LabObject
}

/**
 * What leads from one version of a lab to another: what is not in the new one, or is there in another way, is removed
 * with all that needs it, last made first; then what is missing is made. What stays is not touched.
 *
 * @param from undefined = nothing is built
 * @param to undefined = nothing is to remain
 */
export function planLab(from: ResolvedLab | undefined, to: ResolvedLab | undefined): readonly Step[] {
  const old = from?.objects ?? []
  const wanted = to?.objects ?? []
  const removed = removedIds(old, new Map(wanted.map((object) => [object.id, JSON.stringify(object)])))
  const kept = new Set(old.flatMap(({ id }) => (removed.has(id) ? [] : [id])))
  return [
    ...old
      .filter(({ id }) => removed.has(id))
      .map((object): Step => ({ action: 'remove', object }))
      .toReversed(),
    ...wanted.filter(({ id }) => !kept.has(id)).map((object): Step => ({ action: 'make', object })),
  ]
}

/** Objects stand after those that they need, so that one pass sees what a removal takes with it. */
function removedIds(old: readonly LabObject[], wanted: ReadonlyMap<string, string>): ReadonlySet<string> {
  const removed = new Set<string>()
  for (const object of old) {
    const changed = wanted.get(object.id) !== JSON.stringify(object)
    if (changed || object.needs.some((id) => removed.has(id))) removed.add(object.id)
  }
  return removed
}
