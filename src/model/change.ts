import type { Fields } from './diff-rows.ts'
import type { Kind } from './snapshot.ts'

/** One difference between two snapshots. */
export interface Change {
  /** Name of the namespace; absent for what belongs to the whole host. */
  readonly namespace?: string
  readonly kind: Kind | 'host' | 'namespace' | 'container' | 'network' | 'hidden'
  /** `moved`: a firewall rule that is at another place among the others of its chain. */
  readonly action: 'added' | 'removed' | 'changed' | 'moved'
  /** What it is about, unique within kind and namespace but for firewall rules, where it is the chain. */
  readonly key: string
  /** The fields that differ, or all of what went. */
  readonly before?: Fields
  /** The fields that differ, or all of what came. */
  readonly after?: Fields
}
