import type { Flow, Journey } from '../model/journey.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { KernelDrop, MovedCounter } from '../model/trace.ts'
import type { RulePass } from './rule-passes.ts'
import type { Seen } from './sightings.ts'

/** What the sender's own socket was told. */
export type Outcome =
  | { readonly kind: 'connected' | 'answered' | 'silence' | 'followed' }
  | { readonly kind: 'refused'; readonly errno: string }

export interface Observation {
  readonly flow: Flow
  /** By inode, as they were before. */
  readonly namespaces: ReadonlyMap<number, Namespace>
  readonly seen: Seen
  readonly passes: readonly RulePass[]
  readonly outcome: Outcome
  readonly counters: readonly MovedCounter[]
  /** Undefined when the kernel was not asked. */
  readonly drops: readonly KernelDrop[] | undefined
  readonly predicted: Journey | undefined
  /** `SYN`, `echo request`. */
  readonly kind: string
}
