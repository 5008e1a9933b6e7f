import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TsnetError } from '../../errors.ts'

/** Who works on a state folder. The start time tells a process from a later one with the same number. */
interface LockHolder {
  readonly pid: number
  /** Clock ticks since boot, proc_pid_stat(5) field 22. */
  readonly startTime: string
}

const ATTEMPTS = 16

/** A file that keeps two controllers from working on one state folder; what a dead process left is taken over. */
export class StateLock {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** @throws TsnetError `failed` while another process, or this one, holds it */
  static acquire(folder: string): StateLock {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, 'lock')
    const own = `${path}.${process.pid}`
    writeFileSync(own, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }), { mode: 0o600 })
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (tryLink(own, path)) return new StateLock(path)
        refuseIfHeld(folder, path)
        removeStale(path, own)
      }
    } finally {
      rmSync(own, { force: true })
    }
    throw new TsnetError('failed', `state folder ${folder}: its lock changes hands all the time`)
  }

  release(): void {
    rmSync(this.#path, { force: true })
  }
}

/** link(2) is the one call that makes a file with its content in it, or fails. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function refuseIfHeld(folder: string, path: string): void {
  const holder = readHolder(path)
  if (holder === undefined || startTimeOf(holder.pid) !== holder.startTime) return
  throw new TsnetError('failed', `state folder ${folder}: process ${holder.pid} works on it`, {
    hint: `wait until it ends, or end it: kill ${holder.pid}`,
  })
}

/** Whoever renames first takes the stale file away; a fresh one that came in between is put back. */
function removeStale(path: string, own: string): void {
  const aside = `${own}.stale`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const holder = readHolder(aside)
  if (holder !== undefined && startTimeOf(holder.pid) === holder.startTime) tryLink(aside, path)
  rmSync(aside, { force: true })
}

/** Undefined when it is gone or nobody could have written it. */
function readHolder(path: string): LockHolder | undefined {
  try {
    const { pid, startTime } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LockHolder>
    return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : undefined
  } catch {
    return undefined
  }
}

/** Undefined = no such process. The name before it may hold spaces and parentheses. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
