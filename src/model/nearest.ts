/**
 * The candidates that a person most likely meant by a mistyped word, best first.
 *
 * A candidate qualifies when its edit distance (Damerau, adjacent swaps count one) is at most a third of the longer
 * word, or when one contains the other. Case is ignored. Words over 64 characters are compared by their beginning.
 */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = comparable(word)
  const scored: { candidate: string; score: number }[] = []
  for (const candidate of new Set(candidates)) {
    const score = distanceScore(wanted, comparable(candidate))
    if (score !== undefined) scored.push({ candidate, score })
  }
  scored.sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
  return scored.slice(0, limit).map(({ candidate }) => candidate)
}

/** ` (did you mean a, b?)`, or nothing: the tail of an error message about an unknown word. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const close = nearest(word, candidates)
  return close.length === 0 ? '' : ` (did you mean ${close.join(', ')}?)`
}

const COMPARED_LENGTH = 64

function comparable(word: string): string {
  return word.slice(0, COMPARED_LENGTH).toLowerCase()
}

function distanceScore(a: string, b: string): number | undefined {
  const longer = Math.max(a.length, b.length)
  const allowed = Math.max(1, Math.floor(longer / 3))
  const contained = a.length > 1 && b.length > 1 && (a.includes(b) || b.includes(a))
  if (!contained && Math.abs(a.length - b.length) > allowed) return undefined
  const distance = editDistance(a, b)
  if (distance <= allowed && distance < longer) return distance
  return contained ? distance : undefined
}

/** Optimal string alignment distance: insertions, deletions, substitutions, adjacent swaps. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      current.push(cell(a, b, { row, column, current, last, beforeLast }))
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}

interface Cell {
  readonly row: number
  readonly column: number
  readonly current: readonly number[]
  readonly last: readonly number[]
  readonly beforeLast: readonly number[]
}

function cell(a: string, b: string, { row, column, current, last, beforeLast }: Cell): number {
  const substitution = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
  const best = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution)
  const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
  return swapped ? Math.min(best, (beforeLast[column - 2] ?? 0) + 1) : best
}
