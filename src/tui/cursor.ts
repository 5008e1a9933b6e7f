/**
 * The selected row of a list. It belongs to an object, not to a line: rows may come and go around it.
 * `offset` is the line of the window it stands on, so that it does not move while a person reads.
 */
export interface Cursor {
  readonly id: string
  /** Where it was last; used when the object is gone. */
  readonly position: number
  readonly offset: number
}

/** Ids of a list in order, and where each is. */
export interface Order {
  readonly length: number
  idAt(position: number): string | undefined
  positionOf(id: string): number | undefined
}

/** The part of a list that is on the screen. */
export interface Window {
  /** First row shown. */
  readonly top: number
  readonly height: number
  /** Selected row; -1 in an empty list. */
  readonly selected: number
}

export function windowOf(cursor: Cursor | undefined, order: Order, height: number): Window {
  if (order.length === 0) return { top: 0, height, selected: -1 }
  const found = cursor === undefined ? 0 : (order.positionOf(cursor.id) ?? cursor.position)
  const selected = clamp(found, 0, order.length - 1)
  const offset = clamp(cursor?.offset ?? 0, 0, Math.max(0, height - 1))
  const top = clamp(selected - offset, 0, Math.max(0, order.length - height))
  return { top, height, selected }
}

/** The cursor on another row, the window moved as little as possible. */
export function moveTo(position: number, window: Window, order: Order): Cursor | undefined {
  const target = clamp(position, 0, order.length - 1)
  const id = order.idAt(target)
  if (id === undefined) return undefined
  return { id, position: target, offset: clamp(target - window.top, 0, Math.max(0, window.height - 1)) }
}

/** The window moved by some rows; the cursor stays on its object as long as that is on the screen. */
export function scrollBy(rows: number, window: Window, order: Order): Cursor | undefined {
  const top = clamp(window.top + rows, 0, Math.max(0, order.length - window.height))
  return moveTo(clamp(window.selected, top, top + window.height - 1), { ...window, top }, order)
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}
