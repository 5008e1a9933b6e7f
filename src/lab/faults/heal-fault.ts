import { existsSync } from 'node:fs'
import { deleteNamedNamespace } from 'netlink-ts'
import { askKernel } from '../../driver/kernel-failure.ts'
import { NetworkHost } from '../../driver/network-host.ts'
import { TsnetError } from '../../errors.ts'
import { withLabLock } from '../build/lab-lock.ts'
import { leakedNamespace, namespacePath, namespacesOf } from '../build/lab-paths.ts'
import { readBuiltLab } from '../build/lab-state.ts'
import { type FaultRecord, readFaultRecord, removeFaultRecord } from './fault-record.ts'
import { emptyTable } from './keep/filled-table.ts'
import { restoreLimits } from './keep/machine-limits.ts'
import { restorePlace, restorePlaceLinks } from './keep/place-state.ts'

/**
 * Puts a lab back to how it was before its fault, whatever was done about it meanwhile, also after a crash.
 *
 * @throws TsnetError `usage` when it is not up or has no fault
 */
export function healFault(lab: string): Promise<FaultRecord> {
  return withLabLock(lab, async () => {
    readBuiltLab(lab)
    const record = readFaultRecord(lab)
    if (record === undefined) {
      throw new TsnetError('usage', `lab ${lab}: it has no fault`, { hint: `tsnet-shoot lab fault ls ${lab}` })
    }
    await putBack(lab, record)
    return record
  })
}

/** With the lab's lock. The record goes last: what is interrupted is done again. */
export async function putBack(lab: string, { before, namespaces, plan }: FaultRecord): Promise<void> {
  for (const path of [...namespacesOf(lab), leakedNamespace(lab)].filter((each) => existsSync(each))) {
    if (!namespaces.includes(path)) askKernel(`remove namespace ${path}`, () => deleteNamedNamespace(path))
  }
  restoreLimits(lab)
  const places = before
    .filter(({ place }) => existsSync(namespacePath(lab, place)))
    .map((state) => ({ state, host: NetworkHost.open(namespacePath(lab, state.place)) }))
  try {
    for (const { host, state } of places) restorePlaceLinks(host, state)
    for (const step of plan.steps) {
      const host = places.find(({ state }) => state.place === step.place)?.host
      if ('connections' in step && host !== undefined) emptyTable(host, step.connections)
    }
    for (const { host, state } of places) await restorePlace(lab, host, state, { counters: plan.countersTell === true })
  } finally {
    for (const { host } of places) host.close()
  }
  removeFaultRecord(lab)
}
