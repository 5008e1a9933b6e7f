import type { MatrixCell, ReachabilityChange } from './journey.ts'
import { listeningTargets, predictMatrix } from './matrix.ts'
import type { Space, World } from './world.ts'

/** What of a change altered who can talk to whom: pairs by their names and ports, as addresses may change as well. */
export function diffReachability(
  before: World,
  after: World,
  choose: (world: World) => readonly Space[],
): ReachabilityChange[] {
  const [first, last] = [before, after].map((world) => {
    const spaces = choose(world)
    return byPair(predictMatrix(world, spaces, listeningTargets(spaces)))
  })
  const pairs = new Set([...(first?.keys() ?? []), ...(last?.keys() ?? [])])
  return [...pairs].flatMap((pair) => changeOf(first?.get(pair), last?.get(pair)))
}

/** The best that a pair has: one of several addresses is enough to talk. */
function byPair(cells: readonly MatrixCell[]): Map<string, MatrixCell> {
  const best = new Map<string, MatrixCell>()
  for (const cell of cells) {
    const { from, to } = cell
    const pair = `${from}\n${to.name}\n${to.protocol}\n${to.port ?? ''}`
    if (best.get(pair)?.isAnswered !== true) best.set(pair, cell)
  }
  return best
}

function changeOf(before: MatrixCell | undefined, after: MatrixCell | undefined): ReachabilityChange[] {
  const [was, is] = [before?.isAnswered === true, after?.isAnswered === true]
  const cell = after ?? before
  if (was === is || cell === undefined) return []
  const { from, to } = cell
  return [{ from, to, isReachable: is, reason: after?.reason ?? 'one of the two is not there any more' }]
}
