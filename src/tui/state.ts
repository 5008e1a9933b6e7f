import type { HostEvent } from '../model/event.ts'
import type { Place as KernelPlace } from '../model/journey.ts'
import type { ConntrackEntry, HostSnapshot } from '../model/snapshot.ts'
import type { AskKind, Outcome } from './asks/ask.ts'
import { type CaptureEvent, type CaptureState, NO_CAPTURE } from './capture/capture.ts'
import type { PacketItem } from './capture/packet-item.ts'
import type { Cursor } from './cursor.ts'
import { type Deltas, NO_DELTAS, type Readings } from './deltas.ts'
import { type DoctorState, NO_DOCTOR } from './doctor/doctor.ts'
import {
  type LabDescription,
  type LabList,
  type LabProgress,
  type Labs,
  type LabWorkKind,
  NO_LABS,
} from './labs/lab.ts'
import { type MatrixState, NO_MATRIX } from './matrix/matrix.ts'
import { NO_PATH, type PathState } from './path/path.ts'
import { ALL, NO_TRAIL, type Place, type Trail } from './place.ts'
import type { Tone } from './text.ts'
import type { Connections, ViewId } from './views/view.ts'

export interface Host {
  readonly snapshot: HostSnapshot
  readonly status: 'live' | 'saved' | 'resyncing'
  readonly events: readonly HostEvent[]
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Sort {
  /** Name of the column. */
  readonly column: string
  readonly descending: boolean
}

/** What lies over the view until esc. */
export type Overlay =
  | { readonly kind: 'help'; readonly top: number }
  | {
      readonly kind: 'describe'
      readonly title: string
      readonly subject: object
      readonly topic: string
      readonly top: number
    }
  | { readonly kind: 'json'; readonly title: string; readonly subject: unknown; readonly top: number }

/** The line that is being typed. */
export interface Prompt {
  readonly kind: 'command' | 'filter'
  readonly text: string
  /** What the filter was before, for esc. */
  readonly before: string
  /** What tab goes round through, and where it is. */
  readonly candidates: readonly string[]
  readonly chosen: number
}

/** Something that is not done without being asked for twice. */
export interface Question {
  readonly text: string
  /** What y does. */
  readonly yes:
    | { readonly type: 'quit' }
    | { readonly type: 'trace' }
    | { readonly type: 'remove-lab'; readonly lab: string }
}

export interface Notice {
  readonly text: string
  readonly tone: Tone
}

export interface State {
  readonly host: Host
  /** What arrived since the screen was frozen; nothing when it is live. */
  readonly thawed: { readonly host: Host; readonly nowMs: number } | undefined
  readonly frozen: boolean
  readonly readings: Readings
  readonly deltas: Deltas
  readonly connections: Connections | undefined
  readonly labs: Labs
  /** Inodes marked as the two ends of a path, the source first. */
  readonly ends: readonly number[]
  readonly path: PathState
  readonly matrix: MatrixState
  readonly doctor: DoctorState
  readonly capture: CaptureState
  /** Only what carries a mark is shown. */
  readonly faultsOnly: boolean
  readonly size: Size
  readonly place: Place
  readonly trail: Trail
  /** What somebody went to and is not on the screen yet. */
  readonly sought: KernelPlace | undefined
  /** By {@link listKey}. */
  readonly cursors: ReadonlyMap<string, Cursor>
  /** By view, and `namespaces` for the left pane. */
  readonly filters: ReadonlyMap<string, string>
  readonly sorts: ReadonlyMap<ViewId, Sort>
  readonly folded: ReadonlySet<string>
  readonly marked: ReadonlySet<string>
  readonly wide: boolean
  /** {@link flashKey} → when it ends, milliseconds of the same clock as the events'. */
  readonly flashes: ReadonlyMap<string, number>
  /** Until then nothing flashes: what was not read before is not new. */
  readonly quietUntilMs: number
  /** Columns that the drawing is scrolled to the right. */
  readonly shift: number
  readonly overlay: Overlay | undefined
  readonly prompt: Prompt | undefined
  readonly question: Question | undefined
  readonly notice: Notice | undefined
}

/** What happens to the screen. Times come in from outside, in milliseconds of one clock. */
export type Event =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'host'; readonly host: Host; readonly nowMs: number }
  | { readonly type: 'connections'; readonly connections: Connections }
  | { readonly type: 'resize'; readonly size: Size }
  /** Other tables are read from now on. */
  | { readonly type: 'looking'; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'labs'; readonly list: LabList }
  | { readonly type: 'labs'; readonly problem: string }
  | { readonly type: 'asking'; readonly kind: AskKind; readonly key: string }
  | { readonly type: 'answer'; readonly kind: AskKind; readonly key: string; readonly outcome: Outcome }
  /** Of the capture with that number. */
  | { readonly type: 'capture'; readonly key: number; readonly event: CaptureEvent }
  | { readonly type: 'translations'; readonly entries: readonly ConntrackEntry[] }
  | { readonly type: 'lab-description'; readonly lab: string; readonly description: LabDescription }
  | { readonly type: 'lab-progress'; readonly lab: string; readonly progress: LabProgress }
  /** Over; with what went wrong. */
  | { readonly type: 'lab-end'; readonly lab: string; readonly problem?: string }

/** What the world has to do for the screen. */
export type Effect =
  | { readonly type: 'quit' }
  | { readonly type: 'suspend' }
  | { readonly type: 'redraw' }
  | { readonly type: 'shell'; readonly namespace: number }
  /** A command of this program, on this terminal until it ends. */
  | { readonly type: 'run'; readonly words: readonly string[] }
  | { readonly type: 'lab'; readonly kind: LabWorkKind; readonly lab: string }
  /** What a build did so far is taken back. */
  | { readonly type: 'stop-lab'; readonly lab: string }
  /** Tracked connections of these namespaces: what becomes of the conversation that is followed. */
  | { readonly type: 'translations'; readonly namespaces: readonly number[] }
  | {
      readonly type: 'write-packets'
      readonly name: string
      readonly packets: readonly PacketItem[]
      readonly filter: string
    }
  | { readonly type: 'save'; readonly name: string; readonly text: string }

export interface Transition {
  readonly state: State
  readonly effects: readonly Effect[]
}

/** Tables that are looked at for the first time are there by then. */
export const QUIET_MS = 1_000

const SAVED = 'this is a saved snapshot: labs are built and listed on a live host'

export function initialState(host: Host, size: Size, nowMs: number): State {
  return {
    host,
    thawed: undefined,
    frozen: false,
    readings: new Map(host.snapshot.namespaces.map((namespace) => [namespace.inode, { namespace, atMs: nowMs }])),
    deltas: NO_DELTAS,
    connections: undefined,
    labs: host.status === 'saved' ? { ...NO_LABS, problem: SAVED } : NO_LABS,
    ends: [],
    path: NO_PATH,
    matrix: NO_MATRIX,
    doctor: NO_DOCTOR,
    capture: NO_CAPTURE,
    faultsOnly: false,
    size,
    place: { scope: startingScope(host.snapshot), view: 'summary', pane: 'namespaces' },
    trail: NO_TRAIL,
    sought: undefined,
    cursors: new Map(),
    filters: new Map(),
    sorts: new Map(),
    folded: new Set(),
    marked: new Set(),
    wide: false,
    flashes: new Map(),
    quietUntilMs: nowMs + QUIET_MS,
    shift: 0,
    overlay: undefined,
    prompt: undefined,
    question: undefined,
    notice: undefined,
  }
}

/** The host, where there is one; without privileges perhaps only the own namespace. */
function startingScope(snapshot: HostSnapshot): number | string {
  const host = snapshot.namespaces.find((namespace) => namespace.owner.kind === 'host')
  return (host ?? snapshot.namespaces[0])?.inode ?? ALL
}

/** Which cursor a list has: the left pane has one, a view one for each scope. */
export function listKey(place: Place): string {
  return place.pane === 'namespaces' ? 'namespaces' : `${place.view}/${place.scope}`
}

/** What a filter belongs to: the left pane, or the view (in whichever namespace). */
export function filterKey({ place }: State): string {
  return place.pane === 'namespaces' ? 'namespaces' : place.view
}

export function flashKey(item: string, column: string): string {
  return `${item}\0${column}`
}

/** A change of state alone. */
export function only(state: State): Transition {
  return { state, effects: [] }
}

export function withEffect(state: State, effect: Effect): Transition {
  return { state, effects: [effect] }
}

export function tell(state: State, text: string, tone: Tone = 'plain'): Transition {
  return only({ ...state, notice: { text, tone } })
}
