import type { Complaint, Path } from '../../model/file/problem.ts'

/** Sections whose entries keep their names when what is said of them is wrong: others refer to them. */
const NAMED: ReadonlySet<string | number> = new Set(['segments', 'hosts', 'routers', 'networks', 'containers'])

type Container = Record<string | number, unknown> | unknown[]

/**
 * A copy of a value without what was complained about, so that the rest can be looked at. Items of lists become
 * undefined: positions stay. Undefined = too little is left.
 */
export function prune(value: unknown, complaints: readonly Complaint[]): unknown {
  if (complaints.some(isFundamental)) return undefined
  const copy: unknown = structuredClone(value)
  // inner ones first: what was taken away cannot be looked into
  for (const { path } of complaints.toSorted((a, b) => b.path.length - a.path.length)) remove(copy, path)
  return copy
}

/** Without the sections that others refer to, all that follows would be noise. A lab without a name is looked at. */
function isFundamental({ path, missing }: Complaint): boolean {
  if (path.length === 0) return missing !== 'name'
  return path.length === 1 && NAMED.has(path[0] ?? '')
}

const PLACEHOLDER = 'unnamed'

function remove(root: unknown, path: Path): void {
  if (path.length === 0 || (path.length === 1 && path[0] === 'name')) {
    ;(root as Record<string, unknown>)['name'] = PLACEHOLDER
    return
  }
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((value, step) => (value as Container | undefined)?.[step as never], root)
  const last = path.at(-1)
  if (typeof parent !== 'object' || parent === null || last === undefined) return
  if (Array.isArray(parent)) parent[Number(last)] = undefined
  else if (path.length === 2 && NAMED.has(path[0] ?? '')) (parent as Record<string, unknown>)[String(last)] = null
  else delete (parent as Record<string, unknown>)[String(last)]
}
