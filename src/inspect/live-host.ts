import type { HostEvent } from '../model/event.ts'
import type { ConntrackEntry, HostSnapshot, Kind } from '../model/snapshot.ts'

/** What a screen needs kept up to date; nothing else is read. */
export interface Wanted {
  readonly kinds: readonly Kind[]
  /** Inodes, or every namespace. */
  readonly namespaces: readonly number[] | 'all'
}

/**
 * A host that is kept up to date from kernel events.
 *
 * Identity, links and addresses of every namespace are always fresh; other kinds are as {@link want} says.
 * `snapshot` is replaced, never mutated: an unchanged namespace keeps its object, so a view may compare by `===`.
 */
export interface LiveHost {
  readonly snapshot: HostSnapshot
  readonly status: 'live' | 'saved' | 'resyncing'
  /** Newest last, bounded. */
  readonly events: readonly HostEvent[]
  want(wanted: Wanted): void
  /** The connections of one namespace, read now. */
  conntrack(inode: number): Promise<readonly ConntrackEntry[]>
  /** Called with each event as it happens. Returns the function that ends it. */
  onEvent(listener: (event: HostEvent) => void): () => void
  /** Called after each change, at most 10 times a second. Returns the function that ends it. */
  subscribe(listener: () => void): () => void
  close(): Promise<void>
}
