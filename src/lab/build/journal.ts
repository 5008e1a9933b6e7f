import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../plan/plan.ts'
import { stateFolder } from './lab-paths.ts'

/** What was to be done to a lab, and how far it came. */
export interface JournalEntry {
  readonly steps: readonly Step[]
  /** Positions of the steps that were begun, in the order in which they were. */
  readonly begun: readonly number[]
}

/**
 * The plan on disk before anything of it is done, and each step before the kernel is asked for it: whoever comes after
 * a crash knows all that may be half there.
 */
export class Journal {
  readonly #path: string
  readonly #fd: number

  private constructor(path: string, fd: number) {
    this.#path = path
    this.#fd = fd
  }

  static start(lab: string, steps: readonly Step[]): Journal {
    const path = pathOf(lab)
    writeFileSync(`${path}.new`, `${JSON.stringify(steps)}\n`, { mode: 0o600 })
    renameSync(`${path}.new`, path)
    return new Journal(path, openSync(path, 'a'))
  }

  begin(position: number): void {
    writeSync(this.#fd, `${position}\n`)
  }

  /** Everything is done, or taken back. */
  finish(): void {
    closeSync(this.#fd)
    rmSync(this.#path, { force: true })
  }
}

/** Undefined = nothing is unfinished. */
export function readJournal(lab: string): JournalEntry | undefined {
  if (!hasJournal(lab)) return undefined
  const [first = '[]', ...rest] = readFileSync(pathOf(lab), 'utf8').split('\n')
  const begun = rest.filter((line) => line !== '').map(Number)
  return { steps: JSON.parse(first) as Step[], begun }
}

export function hasJournal(lab: string): boolean {
  return existsSync(pathOf(lab))
}

function pathOf(lab: string): string {
  return join(stateFolder(lab), 'journal')
}
