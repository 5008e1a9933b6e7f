import { World } from '../../flow/world.ts'
import { type Examination, type Finding, severityRank, type Unchecked } from '../../model/finding.ts'
import type { ConntrackEntry, HostSnapshot } from '../../model/snapshot.ts'
import { type Check, type DoctorFacts, type Drafted, toFinding } from './check.ts'
import { predictionsOf } from './check-journeys.ts'
import { CHECKS } from './checks.ts'
import { HostMap } from './host-map.ts'

export interface ExamineOptions {
  /** The same hosts some seconds before: what rises is found as well. */
  readonly before?: readonly HostSnapshot[]
  /** Tracked connections by inode, one map a snapshot. */
  readonly connections?: readonly ReadonlyMap<number, readonly ConntrackEntry[]>[]
  /** Inodes: only what concerns these namespaces. */
  readonly namespaces?: ReadonlySet<number>
  /** Also what is as it is on purpose. */
  readonly all?: boolean
}

/**
 * What is broken or about to be on one or several hosts, worst first. Facts alone decide: no clock, no chance, and
 * the same facts give the same findings in the same order.
 */
export function examine(snapshots: readonly HostSnapshot[], options: ExamineOptions = {}): Examination {
  const { before, connections, namespaces, all = false } = options
  const world = new World({ snapshots, ...(connections === undefined ? {} : { connections }) })
  const facts: DoctorFacts = {
    snapshots,
    world,
    map: new HostMap(world),
    ...(before === undefined ? {} : { before }),
    ...(connections === undefined ? {} : { connections }),
  }
  const drafts = CHECKS.flatMap((check) => draftsOf(check, facts))
  const findings = sortFindings(fold(drafts))
    .filter(({ severity }) => all || severity !== 'info')
    .filter((finding) => namespaces === undefined || concerns(finding, namespaces))
  return { findings, unchecked: uncheckedOf(snapshots), predicted: predictionsOf(facts).text }
}

function draftsOf(check: Check, facts: DoctorFacts): Drafted[] {
  return check.check(facts).map((draft) => ({ ...draft, id: draft.id ?? check.id, check }))
}

function concerns({ namespace, places }: Finding, wanted: ReadonlySet<number>): boolean {
  if (namespace !== undefined && wanted.has(namespace)) return true
  return places.some((place) => place !== null && wanted.has(place.namespace))
}

/** A finding that follows from another one is told below it: one cause, one finding. */
function fold(drafts: readonly Drafted[]): Finding[] {
  const causes = new Map(drafts.map((draft) => [draft, causeOf(draft, drafts)]))
  const root = (draft: Drafted): Drafted => {
    let at = draft
    for (let steps = 0; steps < drafts.length; steps++) {
      const up = causes.get(at)
      if (up === undefined) return at
      at = up
    }
    return at
  }
  const consequences = new Map<Drafted, string[]>()
  for (const draft of drafts) {
    const cause = root(draft)
    if (cause !== draft) consequences.set(cause, [...(consequences.get(cause) ?? []), draft.title])
  }
  return drafts
    .filter((draft) => root(draft) === draft)
    .map((draft) => toFinding(draft, [...new Set(consequences.get(draft) ?? [])]))
}

function causeOf(draft: Drafted, drafts: readonly Drafted[]): Drafted | undefined {
  const about = new Set(draft.about)
  return drafts.find(
    (other) =>
      other !== draft &&
      other.severity !== 'info' &&
      explains(other.check, draft) &&
      // two checks that explain each other: the one that comes first is the cause
      !(explains(draft.check, other) && drafts.indexOf(draft) < drafts.indexOf(other)) &&
      other.about.some((key) => about.has(key)),
  )
}

function explains({ id, explains: ids = [] }: Check, draft: Drafted): boolean {
  return draft.check.id !== id && (ids.includes(draft.id) || (ids.includes('*') && draft.id !== id))
}

function sortFindings(findings: readonly Finding[]): Finding[] {
  const weight = ({ severity, consequences = [] }: Finding) =>
    severityRank(severity) * 1000 - Math.min(consequences.length, 999)
  return [...findings].sort(
    (a, b) =>
      weight(a) - weight(b) || compare(a.id, b.id) || compare(a.subject, b.subject) || compare(a.title, b.title),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Checks whose tables were not read, and what nobody could look at. */
function uncheckedOf(snapshots: readonly HostSnapshot[]): Unchecked[] {
  const missing = CHECKS.flatMap(({ id, needs }) => {
    const kinds = needs.filter((kind) => snapshots.some((snapshot) => !snapshot.kinds.includes(kind)))
    return kinds.length === 0 ? [] : [{ subject: id, reason: `the snapshot has no ${kinds.join(', ')}` }]
  })
  const hidden = snapshots.flatMap((snapshot) =>
    snapshot.hidden.map(({ subject, reason, hint }) => ({ subject, reason, ...(hint === undefined ? {} : { hint }) })),
  )
  return [...missing, ...hidden]
}
