import type { HostEvent } from '../../model/event.ts'
import type { ConntrackEntry, HostSnapshot, Kind, Namespace } from '../../model/snapshot.ts'
import type { Column } from '../../report/columns.ts'
import type { CaptureState } from '../capture/capture.ts'
import type { Deltas } from '../deltas.ts'
import type { DoctorState } from '../doctor/doctor.ts'
import type { Health } from '../doctor/health.ts'
import type { Labs } from '../labs/lab.ts'
import type { MatrixState } from '../matrix/matrix.ts'
import type { PathState } from '../path/path.ts'
import type { Place } from '../place.ts'

export type ViewId =
  | 'summary'
  | 'links'
  | 'bridges'
  | 'veth'
  | 'fdb'
  | 'addrs'
  | 'routes'
  | 'rules'
  | 'neigh'
  | 'firewall'
  | 'sockets'
  | 'conntrack'
  | 'ipset'
  | 'ipvs'
  | 'xfrm'
  | 'qdisc'
  | 'sysctl'
  | 'dns'
  | 'events'
  | 'topology'
  | 'doctor'
  | 'path'
  | 'matrix'
  | 'capture'
  | 'labs'

/** Everything a view may show. */
export interface ViewFacts {
  readonly snapshot: HostSnapshot
  /** The namespaces the person is looking at. */
  readonly namespaces: readonly Namespace[]
  readonly events: readonly HostEvent[]
  readonly connections: Connections | undefined
  readonly deltas: Deltas
  readonly labs: Labs
  readonly path: PathState
  readonly matrix: MatrixState
  readonly doctor: DoctorState
  readonly capture: CaptureState
  /** Columns of the screen that the view has. */
  readonly width: number
  /** Ids of branches that are folded. */
  readonly folded: ReadonlySet<string>
}

/** The tracked connections of one namespace, read on request. */
export interface Connections {
  readonly namespace: number
  readonly entries: readonly ConntrackEntry[]
  /** Why they could not be read. */
  readonly error?: string
}

/** What enter does on a row. */
export type Target =
  | { readonly kind: 'place'; readonly place: Partial<Place>; readonly label: string }
  | { readonly kind: 'fold'; readonly id: string; readonly label: string }
  /** Of a matrix: the journey of its pair. */
  | { readonly kind: 'cell'; readonly label: string }
  /** Of a capture: its layers and bytes. */
  | { readonly kind: 'packet'; readonly label: string }

/** Of a row that belongs to no namespace, or to several. */
export const NO_NAMESPACE = 0

/** One line of a view: where it belongs, what it is, and what its cells say. */
export interface Item<Row = unknown> {
  /** The same for the same object in the next snapshot. */
  readonly id: string
  readonly namespace: number
  readonly row: Row
  /** What `y` prints and `d` explains. */
  readonly object: object
  readonly depth?: number
  /** A branch: whether its children are shown. */
  readonly open?: boolean
  readonly health?: Health
  /** Instead of the view's own topic: which table of explanations to use. */
  readonly topic?: string
}

/** One tab of the right-hand side. */
export interface View<Row = unknown> {
  readonly id: ViewId
  /** The word in the tab line; also what `:` takes. */
  readonly title: string
  /** Above it instead of the namespace, where it is not about namespaces. */
  readonly heading?: string | ((facts: Pick<ViewFacts, 'path' | 'matrix' | 'doctor' | 'capture'>) => string)
  /** Other words that `:` takes. */
  readonly aliases: readonly string[]
  /** What has to be read of the namespaces shown. */
  readonly kinds: readonly Kind[]
  /** What has to be read of every namespace, so that names can be told. */
  readonly context?: readonly Kind[]
  /** With the column that names the namespace, when several are shown. */
  columns(several: boolean, facts: ViewFacts): readonly Column<Row>[]
  /** What its items depend on besides the tables of the namespaces. */
  readonly inputs?: readonly (
    | 'events'
    | 'connections'
    | 'deltas'
    | 'labs'
    | 'path'
    | 'matrix'
    | 'doctor'
    | 'capture'
    | 'width'
  )[]
  items(facts: ViewFacts): readonly Item<Row>[]
  /** What enter does; without one, enter describes the row. */
  enter?(item: Item<Row>, facts: ViewFacts): Target | undefined
  /** The sentence on an empty screen. */
  readonly empty: string | ((facts: ViewFacts) => string)
  /** ctrl-z leaves it as it is: every row of it belongs to the whole. */
  readonly isWhole?: boolean
  /** Which table of explanations `d` uses. */
  readonly topic: string
}

/** A view in a list of views: it is only ever handed its own rows. */
export function anyView<Row>(view: View<Row>): View {
  return view as View<never> as View
}
