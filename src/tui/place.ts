import type { Place as KernelPlace } from '../model/journey.ts'
import type { ViewId } from './views/view.ts'

/** Which namespaces are looked at: one (its inode), every one, or those of one {@link Group} (its id). */
export type Scope = number | string

/** The scope that holds every namespace. */
export const ALL = 'all'

/** Where a person is. */
export interface Place {
  readonly scope: Scope
  readonly view: ViewId
  /** Which half of the screen the arrow keys move in. */
  readonly pane: 'namespaces' | 'view'
  /** Row to select on arrival. */
  readonly row?: string
  /** What the row is of, where its table may not be read yet. */
  readonly object?: KernelPlace
}

/** Steps taken: esc goes up `ways`, `[` and `]` walk through `past` and `future`. */
export interface Trail {
  readonly ways: readonly Place[]
  readonly past: readonly Place[]
  readonly future: readonly Place[]
}

export const NO_TRAIL: Trail = { ways: [], past: [], future: [] }

export interface Step {
  readonly place: Place
  readonly trail: Trail
}

/** More steps than anybody walks back. */
const LONGEST = 100

/** A step into something: esc comes back from it. */
export function stepInto(trail: Trail, from: Place): Trail {
  return { ways: pushed(trail.ways, from), past: pushed(trail.past, from), future: [] }
}

/** A step aside (another tab, another namespace): esc goes up from there, not back. */
export function stepAside(trail: Trail, from: Place): Trail {
  return { ways: trail.ways, past: pushed(trail.past, from), future: [] }
}

/** esc: nothing when this is the top. */
export function stepUp(trail: Trail, from: Place): Step | undefined {
  const place = trail.ways.at(-1)
  if (place === undefined) return undefined
  return { place, trail: { ways: trail.ways.slice(0, -1), past: pushed(trail.past, from), future: [] } }
}

export function stepBack(trail: Trail, from: Place): Step | undefined {
  const place = trail.past.at(-1)
  if (place === undefined) return undefined
  return { place, trail: { ways: [], past: trail.past.slice(0, -1), future: pushed(trail.future, from) } }
}

export function stepForward(trail: Trail, from: Place): Step | undefined {
  const place = trail.future.at(-1)
  if (place === undefined) return undefined
  return { place, trail: { ways: [], past: pushed(trail.past, from), future: trail.future.slice(0, -1) } }
}

function pushed(list: readonly Place[], place: Place): readonly Place[] {
  return [...list.slice(1 - LONGEST), place]
}
