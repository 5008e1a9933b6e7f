import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FixStep } from '../model/finding.ts'

/** Gone after a boot, as the changes are. */
const FOLDER = '/run/tsnet-shoot/doctor'

/** What was changed and is not confirmed: written before each change, so that a crash leaves nothing unknown. */
export class UndoJournal {
  readonly #path: string
  #steps: readonly FixStep[] = []

  constructor() {
    mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
    this.#path = join(FOLDER, `${process.pid}-${startTime(process.pid) ?? 0}.json`)
  }

  /** To be taken back, the latest first. */
  get steps(): readonly FixStep[] {
    return [...this.#steps].reverse()
  }

  add(step: FixStep): void {
    this.#steps = [...this.#steps, step]
    const half = `${this.#path}.half`
    writeFileSync(half, JSON.stringify(this.#steps), { mode: 0o600 })
    renameSync(half, this.#path)
  }

  /** Nothing is to be taken back any more. */
  close(): void {
    rmSync(this.#path, { force: true })
  }
}

/** Journals whose process is gone. */
export function interruptedJournals(): { readonly path: string; readonly steps: readonly FixStep[] }[] {
  return listFolder().flatMap((name) => {
    const [, pid = '', started = ''] = /^(\d+)-(\d+)\.json$/.exec(name) ?? []
    if (pid === '' || startTime(Number(pid)) === started) return []
    const path = join(FOLDER, name)
    return [{ path, steps: (JSON.parse(readFileSync(path, 'utf8')) as FixStep[]).reverse() }]
  })
}

function listFolder(): string[] {
  try {
    return readdirSync(FOLDER)
  } catch {
    return [] // nobody applied anything since the last boot
  }
}

/** Field 22 of proc_pid_stat(5): a pid may be used again, a pid with its start may not. */
function startTime(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
