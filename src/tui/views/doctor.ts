import { type Finding, shellLine } from '../../model/finding.ts'
import type { Place } from '../../model/journey.ts'
import type { Column } from '../../report/columns.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { DoctorState } from '../doctor/doctor.ts'
import { findingHealth } from '../doctor/health.ts'
import { toPlace } from './places.ts'
import { type Item, NO_NAMESPACE, type View, type ViewFacts } from './view.ts'

interface DoctorRow {
  readonly severity: string
  readonly text: string
  readonly subject: string
  readonly place?: Place
}

function column(name: string, text: (row: DoctorRow) => string): Column<DoctorRow> {
  return { name, align: 'left', text, sort: text }
}

const COLUMNS: readonly Column<DoctorRow>[] = [
  { ...column('SEVERITY', ({ severity }) => severity), least: 12 },
  { ...column('FINDING AND EVIDENCE', ({ text }) => text), cut: 'end' },
  { ...column('SUBJECT', ({ subject }) => subject), wide: true },
]

/**
 * ```
 *   SEVERITY    FINDING AND EVIDENCE
 * ✖ ▾ error     host does not forward: net.ipv4.ip_forward is 0
 *     evidence  net.ipv4.ip_forward = 0 in host
 *     so        web → the outside: the packet does not arrive
 *     fix       sysctl -w net.ipv4.ip_forward=1   (in host)
 * ```
 */
export const DOCTOR: View<DoctorRow> = {
  id: 'doctor',
  title: 'doctor',
  heading: ({ doctor }) => `doctor · ${countText(doctor)}${doctor.asked.isAsking ? ' · ◐ examining' : ''}`,
  aliases: ['findings', 'health'],
  kinds: ['links', 'addrs'],
  inputs: ['doctor'],
  isWhole: true,
  topic: 'finding',
  empty: ({ doctor: { asked } }) => {
    if (asked.answer !== undefined) return `Nothing found${checkedText(asked.answer.predicted)}.`
    return asked.problem === undefined ? '◐ Examining this host…' : sanitise(asked.problem)
  },
  columns: () => COLUMNS,
  items: (facts) => [
    ...(facts.doctor.asked.answer?.findings ?? []).flatMap((each) => findingItems(each, facts)),
    ...uncheckedItems(facts),
  ],
  enter: ({ id, open, row }, { snapshot }) =>
    open === undefined
      ? toPlace(snapshot, row.place)
      : { kind: 'fold', id, label: open ? 'fold its evidence (d explains it)' : 'unfold its evidence (d explains it)' },
}

function checkedText(predicted: string | undefined): string {
  return predicted === undefined ? '' : ` (${sanitise(predicted)})`
}

/** `2 errors, 1 warning`, `no finding`. */
export function countText({ asked: { answer, problem } }: DoctorState): string {
  if (answer === undefined) return problem === undefined ? 'not examined yet' : 'not examined'
  const count = (severity: Finding['severity']) => answer.findings.filter((each) => each.severity === severity).length
  const [errors, warnings] = [count('error'), count('warning')]
  const parts = [
    errors === 0 ? [] : [`${errors} error${errors === 1 ? '' : 's'}`],
    warnings === 0 ? [] : [`${warnings} warning${warnings === 1 ? '' : 's'}`],
  ].flat()
  return parts.length === 0 ? 'no finding' : parts.join(', ')
}

function findingItems(finding: Finding, { folded, doctor }: ViewFacts): readonly Item<DoctorRow>[] {
  const { id, severity, title, subject, evidence, places, cause, fix, consequences = [] } = finding
  const key = `finding ${id} ${finding.host ?? 0} ${subject}`
  const open = !folded.has(key)
  const page = doctor.pages.get(id) ?? doctor.pages.get('unreachable')
  const object = {
    id,
    severity,
    title,
    subject,
    evidence,
    cause,
    ...(consequences.length === 0 ? {} : { consequences }),
    ...(fix === undefined ? {} : { fix: { summary: fix.summary, command: fix.command, warning: fix.warning } }),
    ...(page === undefined
      ? {}
      : { 'by hand': page.see, symptom: page.symptom, why: page.why, intended: page.intended }),
  }
  const namespace = finding.namespace ?? NO_NAMESPACE
  const item = (part: string, row: Partial<DoctorRow>): Item<DoctorRow> => ({
    id: `${key} ${part}`,
    namespace,
    row: { ...row, severity: row.severity ?? '', text: sanitise(row.text ?? ''), subject: sanitise(row.subject ?? '') },
    object,
    depth: 1,
  })
  const heading: Item<DoctorRow> = {
    ...item('', { severity, text: title, subject }),
    id: key,
    depth: 0,
    open,
    health: findingHealth(finding),
  }
  if (!open) return [heading]
  return [
    heading,
    ...evidence.map((text, at) => item(`evidence ${at}`, { severity: 'evidence', text, ...withPlace(places[at]) })),
    ...consequences.map((text, at) => item(`so ${at}`, { severity: 'so', text })),
    ...(fix?.steps ?? []).map(({ words, name }, at) =>
      item(`fix ${at}`, { severity: at === 0 ? 'fix' : 'and', text: `${shellLine(words)}   (in ${name})` }),
    ),
    ...(fix?.warning === undefined ? [] : [item('warning', { text: `▲ ${fix.warning}` })]),
  ]
}

function withPlace(place: Place | null | undefined): Pick<DoctorRow, 'place'> {
  return place === null || place === undefined ? {} : { place }
}

/** What nobody could look at is no clean bill. */
function uncheckedItems({ doctor }: ViewFacts): readonly Item<DoctorRow>[] {
  return (doctor.asked.answer?.unchecked ?? []).map((each, at) => ({
    id: `unchecked ${at}`,
    namespace: NO_NAMESPACE,
    row: {
      severity: 'unchecked',
      text: sanitise(`${each.subject}: ${each.reason}`),
      subject: sanitise(each.hint ?? ''),
    },
    object: each,
    depth: 0,
  }))
}
