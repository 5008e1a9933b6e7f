import type { Column } from '../../report/columns.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { Health } from '../doctor/health.ts'
import { labGroupId } from '../groups.ts'
import type { Lab, LabDescription, LabWork } from '../labs/lab.ts'
import { type Item, NO_NAMESPACE, type View, type ViewFacts } from './view.ts'

interface LabRow {
  readonly lab: Lab
  readonly description: LabDescription | undefined
  readonly work: LabWork | undefined
  /** Of its hosts and containers that are on the screen's host. */
  readonly namespaces: number
}

/** The longest that is usual. */
const STATE_WIDTH = 'building 10/10'.length

const COLUMNS: readonly Column<LabRow>[] = [
  { name: 'LAB', align: 'left', text: ({ lab }) => sanitise(lab.name), sort: ({ lab }) => lab.name },
  { name: 'STATE', align: 'left', least: STATE_WIDTH, text: stateText, sort: stateText },
  count('HOSTS', ({ hosts }) => hosts.length),
  count('CONTAINERS', ({ containers }) => containers.length),
  { name: 'WHAT IT SHOWS', align: 'left', cut: 'end', text: purposeOf, sort: purposeOf },
]

/**
 * ```
 *   LAB          STATE           HOSTS  CONTAINERS  WHAT IT SHOWS
 *   host         –                   2           2  Containers in the namespace of their host…
 * ▸ pets-bridge  building 3/12       2           2  The pets application on one host and one bridge…
 *   segmentation up                  2           8  Front, back and an internal network…
 * ```
 * Of this machine, whichever namespace is looked at.
 */
export const LABS: View<LabRow> = {
  id: 'labs',
  title: 'labs',
  heading: 'labs of this machine',
  aliases: [],
  kinds: [],
  inputs: ['labs'],
  isWhole: true,
  topic: 'lab',
  empty: ({ labs }) =>
    labs.problem ?? (labs.list === undefined ? 'Reading the labs…' : 'No lab comes with this program.'),
  columns: () => COLUMNS,
  items: labItems,
  enter: ({ row: { lab, namespaces } }) =>
    namespaces === 0
      ? undefined
      : {
          kind: 'place',
          place: { scope: labGroupId(lab.name), view: 'summary', pane: 'view' },
          label: `to its ${namespaces} namespaces`,
        },
}

function count(name: string, of: (description: LabDescription) => number): Column<LabRow> {
  return {
    name,
    align: 'right',
    text: ({ description }) => (description === undefined ? '' : String(of(description))),
    sort: ({ description }) => (description === undefined ? -1 : of(description)),
  }
}

function purposeOf({ description }: LabRow): string {
  return sanitise(description?.description ?? '')
}

function stateText({ lab, work }: LabRow): string {
  if (work !== undefined) return workText(work)
  if (lab.condition === 'up') return 'up'
  return lab.condition === 'absent' ? '–' : 'broken'
}

/** In one or two words what is being done to a lab. */
export function workText({ kind, done, total, stopping }: LabWork): string {
  if (stopping) return 'taking back…'
  if (kind === 'remove') return 'going down…'
  return total === 0 ? 'building…' : `building ${done}/${total}`
}

function labItems({ labs, snapshot }: ViewFacts): readonly Item<LabRow>[] {
  const counts = new Map<string, number>()
  for (const { owner } of snapshot.namespaces) {
    if (owner.kind === 'lab' && owner.lab !== undefined) counts.set(owner.lab, (counts.get(owner.lab) ?? 0) + 1)
  }
  return (labs.list?.labs ?? []).map((lab) => {
    const description = labs.descriptions.get(lab.name)
    const health = conditionHealth(lab)
    return {
      id: `lab ${lab.name}`,
      namespace: NO_NAMESPACE,
      row: { lab, description, work: labs.works.get(lab.name), namespaces: counts.get(lab.name) ?? 0 },
      object: { ...lab, ...description },
      ...(health === undefined || labs.works.has(lab.name) ? {} : { health }),
    }
  })
}

const BROKEN: Readonly<Partial<Record<Lab['condition'], string>>> = {
  unfinished: 'unfinished: u builds it anew, x removes it',
  interrupted: 'a change of it is unfinished: x removes it',
  remains: 'something is left of it: x removes that',
}

function conditionHealth({ condition }: Lab): Health | undefined {
  const reason = BROKEN[condition]
  return reason === undefined ? undefined : { mark: '▲', reasons: [reason] }
}
