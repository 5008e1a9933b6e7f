import type { World } from '../../flow/world.ts'
import type { Finding, FindingFix, FindingPage, FixStep, Severity } from '../../model/finding.ts'
import { shellLine } from '../../model/finding.ts'
import type { Place } from '../../model/journey.ts'
import type { ConntrackEntry, HostSnapshot, Kind } from '../../model/snapshot.ts'
import type { HostMap } from './host-map.ts'

/** What checks look at. */
export interface DoctorFacts {
  readonly snapshots: readonly HostSnapshot[]
  readonly world: World
  /** How the hosts are wired, worked out once for all checks. */
  readonly map: HostMap
  /** The same hosts some seconds before, when somebody watches. */
  readonly before?: readonly HostSnapshot[]
  /** Tracked connections by inode, one map a snapshot. */
  readonly connections?: readonly ReadonlyMap<number, readonly ConntrackEntry[]>[]
}

/** A family of findings with one cause. */
export interface Check {
  readonly id: string
  /** A few words: what is wrong when it finds something. */
  readonly title: string
  readonly explanation: Explanation
  /** Tables without which it finds nothing. */
  readonly needs: readonly Kind[]
  /** Ids of findings that are a consequence of this one when they are about the same objects; `*` is all. */
  readonly explains?: readonly string[]
  readonly check: (facts: DoctorFacts) => readonly Draft[]
}

/** The page of a finding: each a paragraph. */
export type Explanation = Omit<FindingPage, 'id' | 'title'>

export interface Evidence {
  readonly text: string
  readonly place?: Place
}

/** A finding as a check makes it. */
export interface Draft {
  /** That of the check unless it has several. */
  readonly id?: string
  readonly severity: Severity
  readonly title: string
  readonly namespace?: number
  readonly host?: number
  readonly subject: string
  readonly evidence: readonly Evidence[]
  readonly cause: string
  readonly fix?: DraftFix
  /** Keys of the objects concerned (see keys.ts): findings and journeys that share one may have one cause. */
  readonly about: readonly string[]
}

export interface DraftFix {
  readonly steps: readonly FixStep[]
  readonly summary: string
  readonly warning?: string
}

export interface Drafted extends Draft {
  readonly id: string
  readonly check: Check
}

export function toFinding(draft: Drafted, consequences: readonly string[]): Finding {
  const { id, severity, title, namespace, host, subject, evidence, cause } = draft
  const fix = draft.fix === undefined ? undefined : toFix(draft.fix)
  return {
    id,
    severity,
    title,
    ...(namespace === undefined ? {} : { namespace }),
    ...(host === undefined ? {} : { host }),
    subject,
    evidence: evidence.map(({ text }) => text),
    places: evidence.map(({ place }) => place ?? null),
    cause,
    ...(fix === undefined ? {} : { fix }),
    ...(consequences.length === 0 ? {} : { consequences }),
  }
}

function toFix({ steps, summary, warning }: DraftFix): FindingFix | undefined {
  const [first] = steps
  if (first === undefined) return undefined
  return {
    command: shellLine(first.words),
    namespace: first.namespace,
    steps,
    summary,
    ...(warning === undefined ? {} : { warning }),
  }
}
