/** Where an item of two ordered lists is, positions from 0. */
export interface OrderChange {
  readonly action: 'added' | 'removed' | 'moved'
  readonly before?: number
  readonly after?: number
}

/**
 * How one ordered list became another: what went, what came, and what is in both but at another place among
 * the rest. In the order of the new list. Equal items are told apart by how many came before, so that every
 * item is unique and the longest part that kept its order can be found in n·log n.
 */
export function diffOrder(before: readonly string[], after: readonly string[]): OrderChange[] {
  const oldPlaces = new Map(numbered(before).map((item, position) => [item, position]))
  const newItems = numbered(after)
  const shared = newItems.flatMap((item, position) => {
    const old = oldPlaces.get(item)
    return old === undefined ? [] : [{ old, position }]
  })
  const kept = longestRising(shared.map(({ old }) => old))
  const sharedOld = new Set(shared.map(({ old }) => old))
  const changes: (OrderChange & { readonly place: number })[] = []
  for (const { old, position } of shared) {
    if (!kept.has(old)) changes.push({ action: 'moved', before: old, after: position, place: position })
  }
  const known = new Set(shared.map(({ position }) => position))
  for (let position = 0; position < after.length; position++) {
    if (!known.has(position)) changes.push({ action: 'added', after: position, place: position })
  }
  const newPlaceOf = new Map(shared.map(({ old, position }) => [old, position]))
  let place = -0.5
  for (let position = 0; position < before.length; position++) {
    if (kept.has(position)) place = (newPlaceOf.get(position) ?? 0) + 0.5
    if (!sharedOld.has(position)) changes.push({ action: 'removed', before: position, place })
  }
  return changes.sort((a, b) => a.place - b.place).map(({ place: _, ...change }) => change)
}

function numbered(items: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return items.map((item) => {
    const count = seen.get(item) ?? 0
    seen.set(item, count + 1)
    return `${count} ${item}`
  })
}

/** The values of a longest rising subsequence of distinct numbers (patience sorting). */
function longestRising(values: readonly number[]): ReadonlySet<number> {
  const tops: number[] = []
  const previous = new Map<number, number | undefined>()
  for (const value of values) {
    const pile = firstNotBelow(tops, value)
    previous.set(value, tops[pile - 1])
    tops[pile] = value
  }
  const kept = new Set<number>()
  for (let value = tops.at(-1); value !== undefined; value = previous.get(value)) kept.add(value)
  return kept
}

/** Position of the first item ≥ value in a rising list; its length when there is none. */
function firstNotBelow(rising: readonly number[], value: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rising[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}
