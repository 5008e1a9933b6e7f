import { type Cursor, type Order, type Window, windowOf } from '../cursor.ts'
import { numberOf } from './packet-item.ts'

/**
 * The part of the list that is shown. Until the cursor moves it is the newest; then the cursor stays on its packet, and
 * when that is no longer kept, or filtered out, on the next one.
 */
export function packetWindow(
  cursor: Cursor | undefined,
  order: Order,
  { height, isSorted }: { readonly height: number; readonly isSorted: boolean },
): Window {
  if (cursor === undefined) {
    const last = order.length - 1
    const id = order.idAt(last)
    const newest = id === undefined || isSorted ? undefined : { id, position: last, offset: height - 1 }
    return windowOf(newest, order, height)
  }
  if (isSorted || order.positionOf(cursor.id) !== undefined) return windowOf(cursor, order, height)
  return windowOf({ ...cursor, position: firstFrom(order, numberOf(cursor.id)) }, order, height)
}

/** Packets are in the order of their numbers. */
function firstFrom(order: Order, number: number): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (numberOf(order.idAt(middle) ?? '') < number) low = middle + 1
    else high = middle
  }
  return low
}
