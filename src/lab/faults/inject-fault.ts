import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createNamedNamespace } from 'netlink-ts'
import { askKernel } from '../../driver/kernel-failure.ts'
import { NetworkHost } from '../../driver/network-host.ts'
import { TsnetError } from '../../errors.ts'
import { labFilesFolder } from '../../model/lab-files.ts'
import { withLabLock } from '../build/lab-lock.ts'
import { leakedNamespace, namespacePath, namespacesOf } from '../build/lab-paths.ts'
import { labCondition } from '../build/lab-state.ts'
import { type Fault, type FaultPlan, type FaultStep, faultName } from './fault.ts'
import { type FaultRecord, readFaultRecord, requireNoFault, writeFaultRecord } from './fault-record.ts'
import { putBack } from './heal-fault.ts'
import { fillTable } from './keep/filled-table.ts'
import { listenOn } from './keep/kept-listeners.ts'
import { changeLimit } from './keep/machine-limits.ts'
import { type PlaceState, readPlace, sysctlPath } from './keep/place-state.ts'
import { type LabFacts, readLabFacts } from './lab-facts.ts'

/** Which fault of a lab that is up. */
export interface ChosenFault {
  readonly fault: Fault
  readonly plan: FaultPlan
}

export interface InjectOptions {
  /** Chooses among what the lab offers. @throws TsnetError `usage` when nothing fits */
  readonly choose: (facts: LabFacts) => ChosenFault
  readonly injectedAt: string
  readonly secret: boolean
  readonly seed?: number
}

/**
 * Breaks something in a lab. How everything was is on disk before anything is changed; a step that fails puts it back.
 *
 * @throws TsnetError `usage` when the lab is not up or has a fault already
 */
export function injectFault(lab: string, { choose, ...details }: InjectOptions): Promise<FaultRecord> {
  return withLabLock(lab, async () => {
    const facts = await readLabFacts(lab)
    if (labCondition(lab) !== 'up') {
      throw new TsnetError('usage', `lab ${lab}: it was left unfinished`, { hint: `tsnet-shoot lab down ${lab}` })
    }
    requireNoFault(lab)
    const { fault, plan } = choose(facts)
    const record: FaultRecord = {
      format: 1,
      fault: faultName(fault),
      summary: fault.summary,
      plan,
      before: await readPlaces(lab, placesOf(plan)),
      namespaces: namespacesOf(lab),
      ...details,
    }
    writeFaultRecord(lab, record)
    try {
      for (const step of plan.steps) await perform(lab, step)
    } catch (error) {
      await putBack(lab, record)
      throw error
    }
    return record
  })
}

/** What a lab has at the moment. @throws TsnetError `usage` when it is not up or has no fault */
export function faultOf(lab: string): FaultRecord {
  const record = readFaultRecord(lab)
  if (record !== undefined) return record
  if (labCondition(lab) === 'absent') {
    throw new TsnetError('usage', `lab ${lab}: it is not up`, { hint: 'tsnet-shoot lab ls lists those that are' })
  }
  throw new TsnetError('usage', `lab ${lab}: it has no fault`, { hint: `tsnet-shoot lab fault random ${lab}` })
}

/** Every machine that the fault or its cure changes. */
export function placesOf({ steps, around = [] }: FaultPlan): readonly string[] {
  return [...new Set([...steps.map(({ place }) => place), ...around])]
}

async function readPlaces(lab: string, places: readonly string[]): Promise<readonly PlaceState[]> {
  const states: PlaceState[] = []
  for (const place of places) states.push(await inside(lab, place, (host) => readPlace(lab, place, host)))
  return states
}

export async function inside<T>(lab: string, place: string, action: (host: NetworkHost) => Promise<T>): Promise<T> {
  const host = NetworkHost.open(namespacePath(lab, place))
  try {
    return await action(host)
  } finally {
    host.close()
  }
}

function perform(lab: string, step: FaultStep): Promise<void> {
  return inside(lab, step.place, async (host) => {
    if ('sysctl' in step) host.writeSysctl(sysctlPath(step.sysctl), step.value)
    else if ('listen' in step) await listenOn(lab, step.place, step.listen)
    else if ('connections' in step) fillTable(host, step.place, step.connections)
    else if ('limit' in step) changeLimit(lab, step.limit, step.value)
    else if ('namespace' in step)
      askKernel('make a namespace', () => createNamedNamespace(leakedNamespace(lab), () => undefined))
    else if ('file' in step) writeName(join(labFilesFolder(lab, step.place), step.file), step.text)
    else await runStep(host, step)
  })
}

async function runStep(
  host: NetworkHost,
  { command: [tool = '', ...words], mayFail }: Extract<FaultStep, { command: unknown }>,
): Promise<void> {
  try {
    await host.run(tool, words)
  } catch (error) {
    if (mayFail !== true || !(error instanceof TsnetError) || error.code !== 'failed') throw error
  }
}

function writeName(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
