import { DropTrace } from '../kernel/drop-trace.ts'
import type { KernelDrop } from '../model/trace.ts'
import { countDrops } from './drop-reasons.ts'

/** The kernel's reasons for drops while a probe is on its way. */
export interface DropListener {
  /** Why there are none. */
  readonly notes: readonly string[]
  during<T>(action: () => T): T
  /** Undefined when the kernel could not be asked. */
  finish(): KernelDrop[] | undefined
  /** Idempotent. */
  close(): void
}

/** A kernel that gives no reasons is no failure: it is said. */
export function listenForDrops(family: 4 | 6): DropListener {
  const notes: string[] = []
  const trace = attempt(() => DropTrace.open(), notes)
  return {
    notes,
    during: (action) => (trace === undefined ? action() : trace.during(action)),
    finish: () => trace && attempt(() => countDrops(trace.finish(), family), notes),
    close: () => trace?.close(),
  }
}

function attempt<T>(action: () => T, notes: string[]): T | undefined {
  try {
    return action()
  } catch (error) {
    notes.push(`why the kernel drops packets is not known: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
