/** A lab that comes with the program, or of which there is something on this machine. */
export interface Lab {
  readonly name: string
  /** As `lab ls --json` has it; all but `absent` and `up` were left half-way. */
  readonly condition: 'absent' | 'up' | 'unfinished' | 'interrupted' | 'remains'
  readonly builtIn: boolean
}

export interface LabList {
  readonly labs: readonly Lab[]
  /** Why no lab can be built or removed here, for people. */
  readonly obstacle?: string
}

/** What a lab consists of, a line each, for people. */
export interface LabDescription {
  readonly description?: string
  /** Routers as well. */
  readonly hosts: readonly string[]
  readonly networks: readonly string[]
  readonly containers: readonly string[]
  readonly checks: readonly string[]
}

export type LabWorkKind = 'build' | 'remove'

/** Steps of a build; the first time both are 0. */
export interface LabProgress {
  readonly done: number
  readonly total: number
  /** The step that is being done. */
  readonly what: string
}

/** What is being done to a lab. */
export interface LabWork extends LabProgress {
  readonly kind: LabWorkKind
  /** Somebody gave up on it: what was built is being taken back. */
  readonly stopping: boolean
}

/** What the screen knows about labs. */
export interface Labs {
  /** Nothing = not read yet. */
  readonly list: LabList | undefined
  /** Why they cannot be read. */
  readonly problem: string | undefined
  readonly descriptions: ReadonlyMap<string, LabDescription>
  readonly works: ReadonlyMap<string, LabWork>
}

export const NO_LABS: Labs = { list: undefined, problem: undefined, descriptions: new Map(), works: new Map() }

/** A build or a removal that is under way. */
export interface RunningLabWork {
  /** When it is over: nothing, or in one line why it failed. */
  readonly ended: Promise<string | undefined>
  /** Has a build take back what it did; a removal goes on. */
  stop(): void
}

/** The labs of this machine. */
export interface LabService {
  /** Cheap: asked for every second while labs are on the screen. */
  list(): Promise<LabList>
  describe(name: string): Promise<LabDescription>
  start(kind: LabWorkKind, name: string, progress: (progress: LabProgress) => void): RunningLabWork
}
