/** A fact as both sides tell it: what must be equal, and numbers that move while we look. */
export interface Row {
  readonly identity: string
  /** Name → value; the snapshot's must lie between the oracle's before and after. */
  readonly moving: Readonly<Record<string, number>>
}

/** Fields that are undefined, false or empty lists say nothing and are left out, on both sides. */
export function row(fields: object, moving: Readonly<Record<string, number | undefined>> = {}): Row {
  const known = Object.entries(moving).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return { identity: JSON.stringify(canonical(fields)), moving: Object.fromEntries(known) }
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => says(field))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, canonical(field)]),
  )
}

function says(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  if (Array.isArray(value)) return value.length > 0
  return typeof value !== 'object' || Object.values(value).some(says)
}

export interface Sandwich {
  /** What the oracle said before the snapshot was taken, and after. */
  readonly before: readonly Row[]
  readonly snapshot: readonly Row[]
  readonly after: readonly Row[]
}

/**
 * Differences as lines. A row that the oracle saw both before and after must be in the snapshot as often; a row
 * of the snapshot must be in one of the two. So what really changes meanwhile is no difference, and nothing else is excused.
 */
export function compare({ before, snapshot, after }: Sandwich): string[] {
  const [first, ours, last] = [before, snapshot, after].map(byIdentity) as [Groups, Groups, Groups]
  const differences: string[] = []
  for (const identity of new Set([...first.keys(), ...ours.keys(), ...last.keys()])) {
    const counts = [first, ours, last].map((groups) => groups.get(identity)?.length ?? 0) as [number, number, number]
    const [low, high] = [Math.min(counts[0], counts[2]), Math.max(counts[0], counts[2])]
    if (counts[1] < low) differences.push(`missing ${low - counts[1]} of ${low}: ${identity}`)
    if (counts[1] > high) differences.push(`extra ${counts[1] - high}: ${identity}`)
    if (counts.every((count) => count === 1)) differences.push(...movingDifferences(identity, { first, ours, last }))
  }
  return differences.sort()
}

type Groups = Map<string, Row[]>

function byIdentity(rows: readonly Row[]): Groups {
  const groups: Groups = new Map()
  for (const one of rows) {
    const group = groups.get(one.identity)
    if (group) group.push(one)
    else groups.set(one.identity, [one])
  }
  return groups
}

function movingDifferences(identity: string, sides: { first: Groups; ours: Groups; last: Groups }): string[] {
  const [first, ours, last] = [sides.first, sides.ours, sides.last].map(
    (groups) => groups.get(identity)?.[0]?.moving ?? {},
  )
  return Object.keys(first ?? {}).flatMap((name) => {
    const [start = 0, end = 0] = [first?.[name], last?.[name]]
    const value = ours?.[name]
    // A packet between the three readings sets a timer back to its start.
    const slack = name === 'timeoutS' ? 5 : 1
    if (value !== undefined && value >= Math.min(start, end) - slack && value <= Math.max(start, end) + slack) return []
    return [`${name} is ${value}, the oracle says ${start} to ${end}: ${identity}`]
  })
}
