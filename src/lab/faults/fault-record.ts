import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../../errors.ts'
import { stateFolder } from '../build/lab-paths.ts'
import type { FaultPlan } from './fault.ts'
import type { PlaceState } from './keep/place-state.ts'

/** The fault that a lab has, and how everything was before. */
export interface FaultRecord {
  readonly format: 1
  /** `default-route-wrong:missing` */
  readonly fault: string
  readonly summary: string
  readonly plan: FaultPlan
  /** ISO 8601. */
  readonly injectedAt: string
  /** Somebody is to find out: its name is not told by the way. */
  readonly secret: boolean
  readonly seed?: number
  readonly before: readonly PlaceState[]
  /** Paths of all namespaces that the lab had. */
  readonly namespaces: readonly string[]
}

/** Complete on disk or not at all. */
export function writeFaultRecord(lab: string, record: FaultRecord): void {
  const path = pathOf(lab)
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Undefined = the lab has no fault. @throws TsnetError `input` when it cannot be understood */
export function readFaultRecord(lab: string): FaultRecord | undefined {
  const path = pathOf(lab)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as FaultRecord
  } catch (cause) {
    const hint = `build the lab anew: tsnet-shoot lab down ${lab}`
    throw new TsnetError('input', `${path}: ${messageOf(cause)}`, { cause, hint })
  }
}

export function removeFaultRecord(lab: string): void {
  rmSync(pathOf(lab), { force: true })
}

/** @throws TsnetError `usage` while the lab has a fault: what is changed now would be lost when it is healed */
export function requireNoFault(lab: string): void {
  if (!existsSync(pathOf(lab))) return
  throw new TsnetError('usage', `lab ${lab}: it has a fault`, { hint: `tsnet-shoot lab fault heal ${lab}` })
}

function pathOf(lab: string): string {
  return join(stateFolder(lab), 'fault.json')
}
