import { displayWidth } from '../text.ts'
import type { Box, Cable, Graph } from './graph.ts'

/** A box with its place on the canvas; `line` n of it is at `y + 1 + n`. */
export interface PlacedBox {
  readonly box: Box
  readonly layer: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A cable leaves the right of `from` and enters the left of `to`, or its right when both are in one layer. */
export interface PlacedCable {
  readonly from: PlacedBox
  readonly to: PlacedBox
  readonly fromY: number
  readonly toY: number
  /** Column of its vertical part. */
  readonly trackX: number
}

export interface Arrangement {
  readonly boxes: readonly PlacedBox[]
  readonly cables: readonly PlacedCable[]
  readonly width: number
  readonly height: number
}

interface Run {
  readonly cable: Cable
  readonly from: { readonly box: number; readonly y: number }
  readonly to: { readonly box: number; readonly y: number }
}

/** Layers by distance from the first box (the host), cables in the gaps between them. */
export function arrange({ boxes, cables }: Graph): Arrangement {
  const layerOf = layersOf(boxes.length, cables)
  const count = Math.max(0, ...layerOf) + 1
  const ys = rowsOf(boxes, cables, layerOf)
  const widths = boxes.map(boxWidth)
  const placed: PlacedBox[] = []
  const runs = runsOf(cables, layerOf, ys)
  const trackXs = new Map<Cable, number>()
  let x = 0
  for (let layer = 0; layer < count; layer++) {
    const members = boxes.map((_, index) => index).filter((index) => layerOf[index] === layer)
    const width = Math.max(0, ...members.map((index) => widths[index] ?? 0))
    for (const index of members) {
      const box = boxes[index]
      if (box !== undefined) placed[index] = { box, layer, x, y: ys[index] ?? 0, width, height: box.lines.length + 2 }
    }
    const tracks = tracksOf(runs.filter(({ from }) => layerOf[from.box] === layer))
    for (const [cable, track] of tracks) trackXs.set(cable, x + width + 1 + track * 2)
    x += width + Math.max(0, ...tracks.values()) * 2 + 4
  }
  return {
    boxes: placed,
    cables: runs.flatMap((run) => placeRun(run, placed, trackXs)),
    width: Math.max(0, ...placed.map((each) => each.x + each.width)) + 4,
    height: Math.max(0, ...placed.map((each) => each.y + each.height)),
  }
}

function placeRun(
  { cable, from, to }: Run,
  placed: readonly PlacedBox[],
  trackXs: ReadonlyMap<Cable, number>,
): readonly PlacedCable[] {
  const a = placed[from.box]
  const b = placed[to.box]
  if (a === undefined || b === undefined) return []
  return [{ from: a, to: b, fromY: from.y, toY: to.y, trackX: trackXs.get(cable) ?? a.x + a.width + 1 }]
}

function boxWidth({ title, lines }: Box): number {
  return Math.max(displayWidth(title) + 2, ...lines.map(displayWidth)) + 4
}

/** Distance from the first box of each connected part, breadth first. */
function layersOf(count: number, cables: readonly Cable[]): readonly number[] {
  const neighbours = Array.from({ length: count }, () => new Set<number>())
  for (const { a, b } of cables) {
    neighbours[a.box]?.add(b.box)
    neighbours[b.box]?.add(a.box)
  }
  const layers: number[] = []
  const roots = Array.from({ length: count }, (_, index) => index)
  for (const root of roots) {
    if (layers[root] !== undefined) continue
    layers[root] = 0
    const queue = [root]
    for (let box = queue.shift(); box !== undefined; box = queue.shift()) {
      for (const next of neighbours[box] ?? []) {
        if (layers[next] !== undefined) continue
        layers[next] = (layers[box] ?? 0) + 1
        queue.push(next)
      }
    }
  }
  return layers
}

/** First row of each box: in the order of what it is wired to on its left, straight across where there is room. */
function rowsOf(boxes: readonly Box[], cables: readonly Cable[], layerOf: readonly number[]): readonly number[] {
  const ys: number[] = []
  const last = Math.max(0, ...layerOf)
  for (let layer = 0; layer <= last; layer++) {
    const members = boxes.map((_, index) => index).filter((index) => layerOf[index] === layer)
    const wishes = new Map(members.map((index) => [index, wishedRow(index, cables, layerOf, ys)]))
    members.sort(
      (a, b) => (wishes.get(a) ?? Number.MAX_SAFE_INTEGER) - (wishes.get(b) ?? Number.MAX_SAFE_INTEGER) || a - b,
    )
    let free = 0
    for (const index of members) {
      const y = Math.max(free, wishes.get(index) ?? 0)
      ys[index] = y
      free = y + (boxes[index]?.lines.length ?? 0) + 3
    }
  }
  return ys
}

/** The row that lets its uppermost cable to the layer before run straight. */
function wishedRow(
  index: number,
  cables: readonly Cable[],
  layerOf: readonly number[],
  ys: readonly number[],
): number | undefined {
  const wishes = cables.flatMap(({ a, b }) => {
    const [own, other] = a.box === index ? [a, b] : [b, a]
    if (own.box !== index || (layerOf[other.box] ?? 0) >= (layerOf[index] ?? 0)) return []
    return [(ys[other.box] ?? 0) + other.line - own.line]
  })
  return wishes.length === 0 ? undefined : Math.max(0, Math.min(...wishes))
}

function runsOf(cables: readonly Cable[], layerOf: readonly number[], ys: readonly number[]): readonly Run[] {
  return cables.map((cable) => {
    const forwards = (layerOf[cable.a.box] ?? 0) <= (layerOf[cable.b.box] ?? 0)
    const [from, to] = forwards ? [cable.a, cable.b] : [cable.b, cable.a]
    const rowOf = (end: { box: number; line: number }): number => (ys[end.box] ?? 0) + 1 + end.line
    return { cable, from: { box: from.box, y: rowOf(from) }, to: { box: to.box, y: rowOf(to) } }
  })
}

/**
 * A track (a column in the gap) for each cable: cables that share a column do not overlap, and one that leaves
 * on the row where another arrives turns before that one, so that they do not run into each other.
 */
function tracksOf(runs: readonly Run[]): ReadonlyMap<Cable, number> {
  const tracks = new Map<Cable, number>()
  const waiting = new Set([...runs].sort((a, b) => a.from.y - b.from.y))
  while (waiting.size > 0) {
    const free = [...waiting].find((run) => ![...waiting].some((other) => other !== run && other.from.y === run.to.y))
    const [first] = waiting
    const run = free ?? first
    if (run === undefined) break
    waiting.delete(run)
    tracks.set(run.cable, trackFor(run, runs, tracks))
  }
  return tracks
}

function trackFor(run: Run, runs: readonly Run[], tracks: ReadonlyMap<Cable, number>): number {
  const placed = runs.filter(({ cable }) => tracks.has(cable))
  const after = placed.filter((other) => other.from.y === run.to.y).map(({ cable }) => (tracks.get(cable) ?? 0) + 1)
  for (let track = Math.max(0, ...after); ; track++) {
    if (!placed.some((other) => tracks.get(other.cable) === track && overlap(run, other))) return track
  }
}

function overlap(a: Run, b: Run): boolean {
  const low = Math.max(Math.min(a.from.y, a.to.y), Math.min(b.from.y, b.to.y))
  const high = Math.min(Math.max(a.from.y, a.to.y), Math.max(b.from.y, b.to.y))
  return low <= high
}
