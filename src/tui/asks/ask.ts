/** What the screen has another process of this program find out, so that a key never waits for it. */
export type AskKind = 'path' | 'trace' | 'matrix' | 'doctor' | 'pages'

export interface Ask {
  readonly kind: AskKind
  /** The same question has the same key: its answer is not asked for twice. */
  readonly key: string
  /** Words of the command line; what it prints is JSON. */
  readonly words: readonly string[]
  /** Asked again when this is another object, or another text, than when it was asked; absent: only once. */
  readonly facts?: unknown
  /** Asked again after so long all the same: of a setting that changes nobody is told. */
  readonly everyMs?: number
  /** Nobody waits for it: it gets out of the way of all else. */
  readonly background?: boolean
}

/** What became of a question. */
export type Outcome = { readonly value: unknown } | { readonly problem: string }

export interface RunningAsk {
  readonly outcome: Promise<Outcome>
  stop(): void
}

/** Who answers. */
export interface AskService {
  start(ask: Ask): RunningAsk
}

/** How an answer is coming along, for those who look. */
export interface Asked<Answer> {
  readonly key: string
  readonly answer?: Answer
  /** Why there is no answer. */
  readonly problem?: string
  /** A process is at work. */
  readonly isAsking: boolean
}

export const NOT_ASKED: Asked<never> = { key: '', isAsking: false }
