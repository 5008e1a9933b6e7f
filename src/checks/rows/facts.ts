import type { ConntrackEntry, HostSnapshot } from '../../model/snapshot.ts'

/** What checks are judged by. */
export interface CheckFacts {
  readonly snapshot: HostSnapshot
  /** By inode. */
  readonly connections: ReadonlyMap<number, readonly ConntrackEntry[]>
}
