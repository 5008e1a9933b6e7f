import type { Examination } from '../../model/finding.ts'
import type { Journey } from '../../model/journey.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'

/** What a page tells of. */
export interface ReportFacts {
  readonly hosts: readonly ReportedHost[]
  readonly examination: Examination
  /** Of pairs that somebody may ask for. */
  readonly journeys: readonly Journey[]
  /** How many pairs more there are, which were not predicted. */
  readonly journeysLeft: number
  /** Of this program. */
  readonly version: string
}

export interface ReportedHost {
  readonly snapshot: HostSnapshot
  /** Those that are shown. */
  readonly namespaces: readonly Namespace[]
}
