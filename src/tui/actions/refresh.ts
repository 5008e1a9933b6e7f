import { measureDeltas } from '../deltas.ts'
import { viewWindow } from '../selection.ts'
import { flashKey, type Host, type State } from '../state.ts'
import { tableOf } from '../table.ts'

/** How long a changed value stays marked. */
export const FLASH_MS = 1_500

/** Takes in what the host looks like now, and marks the cells on the screen that say something else. */
export function adoptHost(state: State, host: Host, nowMs: number): State {
  const measured =
    host.snapshot === state.host.snapshot
      ? { readings: state.readings, deltas: state.deltas }
      : measureDeltas(state, host.snapshot, nowMs)
  const next = { ...state, host, ...measured, thawed: undefined }
  if (host.snapshot === state.host.snapshot || nowMs < state.quietUntilMs) return next
  const changed = [...changedCells(state, next), ...newNamespaces(state, next)]
  if (changed.length === 0) return next
  const flashes = new Map(endFlashes(state, nowMs).flashes)
  for (const key of changed) flashes.set(key, nowMs + FLASH_MS)
  return { ...next, flashes }
}

export function endFlashes(state: State, nowMs: number): State {
  const lasting = [...state.flashes].filter(([, untilMs]) => untilMs > nowMs)
  return lasting.length === state.flashes.size ? state : { ...state, flashes: new Map(lasting) }
}

function newNamespaces(before: State, after: State): readonly string[] {
  const known = before.readings
  return after.host.snapshot.namespaces
    .filter(({ inode }) => !known.has(inode))
    .map(({ inode }) => flashKey(String(inode), ''))
}

/** Only rows that a person can see are compared: 10,000 others may have changed as well. */
function changedCells(before: State, after: State): readonly string[] {
  const old = tableOf(before)
  const oldItems = old.items
  const positionOf = old.positionOf
  const table = tableOf(after)
  const { top, height } = viewWindow(after, table)
  const keys: string[] = []
  for (const item of table.items.slice(top, top + height)) {
    const position = positionOf(item.id)
    const earlier = position === undefined ? undefined : oldItems[position]
    if (earlier === undefined) keys.push(flashKey(item.id, ''))
    else if (earlier.row !== item.row) {
      for (const { name, text } of table.columns) {
        if (text(item.row) !== text(earlier.row)) keys.push(flashKey(item.id, name))
      }
    }
  }
  return keys
}
