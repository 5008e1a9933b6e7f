import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readStartTime } from '../../kernel/processes.ts'
import { number, object, type Schema } from '../../model/schema.ts'

/** A process that no other can be taken for: numbers are used again, but not with the same start. */
export interface AgentRecord {
  readonly pid: number
  /** Clock ticks since the boot. */
  readonly startTime: number
}

const RECORD: Schema<AgentRecord> = object<AgentRecord>({ pid: number, startTime: number }, {})

export function writeOwnRecord(path: string): void {
  const record: AgentRecord = { pid: process.pid, startTime: readStartTime(process.pid) ?? 0 }
  writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Undefined when there is none, or not a whole one. */
export function readRecord(path: string): AgentRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return RECORD(value) === undefined ? (value as AgentRecord) : undefined
  } catch {
    return undefined
  }
}

export function isAlive({ pid, startTime }: AgentRecord): boolean {
  return readStartTime(pid) === startTime
}
