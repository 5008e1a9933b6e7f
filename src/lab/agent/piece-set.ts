import { messageOf } from '../../errors.ts'

/** Something that is served, as it is wanted. */
export interface Piece<T> {
  readonly key: string
  /** What it depends on: with another one it is closed and opened anew. */
  readonly fingerprint: string
  open(): Promise<T>
  /** For what may change while it is open. */
  refresh?(open: T): void
}

export interface PieceStatus {
  readonly key: string
  readonly state: 'serving' | 'ended' | 'failed'
  /** What it is, or why not. */
  readonly detail: string
}

interface Closable {
  close(): Promise<void>
}

/** What is open of one kind, brought to what is wanted by the difference alone. */
export class PieceSet<T extends Closable> {
  readonly #describe: (open: T) => Omit<PieceStatus, 'key'>
  readonly #open = new Map<string, { readonly fingerprint: string; readonly value: T }>()
  readonly #failures = new Map<string, string>()

  constructor(describe: (open: T) => Omit<PieceStatus, 'key'>) {
    this.#describe = describe
  }

  /** Closes what is not wanted any more, or not like that. */
  async closeObsolete(wanted: readonly Piece<T>[]): Promise<void> {
    const fingerprints = new Map(wanted.map(({ key, fingerprint }) => [key, fingerprint]))
    const obsolete = [...this.#open].filter(([key, { fingerprint }]) => fingerprints.get(key) !== fingerprint)
    for (const [key] of obsolete) this.#open.delete(key)
    await Promise.all(obsolete.map(([, { value }]) => value.close()))
  }

  /** Opens what is not open yet. What cannot be opened keeps nothing else from it, and is tried again the next time. */
  async openMissing(wanted: readonly Piece<T>[]): Promise<void> {
    this.#failures.clear()
    await Promise.all(wanted.map((piece) => this.#openOne(piece)))
  }

  async #openOne(piece: Piece<T>): Promise<void> {
    const { key, fingerprint } = piece
    try {
      const open = this.#open.get(key)
      if (open) piece.refresh?.(open.value)
      else this.#open.set(key, { fingerprint, value: await piece.open() })
    } catch (error) {
      this.#failures.set(key, messageOf(error))
    }
  }

  status(): PieceStatus[] {
    const open = [...this.#open].map(([key, { value }]) => ({ key, ...this.#describe(value) }))
    const failed = [...this.#failures].map(([key, detail]) => ({ key, state: 'failed', detail }) as const)
    return [...open, ...failed]
  }
}
