import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { reloadAgent } from '../../agent/agent-client.ts'
import { readServed, writeServed } from '../../agent/served-file.ts'
import { SERVED_FILE, type ServedState, type ServedWorkload } from '../../agent/served-state.ts'
import { namespacePath, stateFolder } from '../../build/lab-paths.ts'

/** Workload of a place → the one address that it listens on; null = all. */
export type KeptListeners = Readonly<Record<string, string | null>>

export function readListeners(lab: string, place: string): KeptListeners {
  const folder = stateFolder(lab)
  if (!existsSync(join(folder, SERVED_FILE))) return {}
  const served = readServed(folder)
  const workloads = served.workloads.filter((workload) => isAt(served, workload, namespacePath(lab, place)))
  return Object.fromEntries(workloads.map(({ name, address = null }) => [name, address]))
}

function isAt({ sandboxes }: ServedState, { sandbox }: ServedWorkload, namespace: string): boolean {
  return sandboxes.some((each) => each.name === sandbox && each.namespace === namespace)
}

/** The agent is told in any case: it may not have read what is on disk. */
export async function restoreListeners(lab: string, kept: KeptListeners): Promise<void> {
  if (Object.keys(kept).length === 0) return
  const folder = stateFolder(lab)
  const served = readServed(folder)
  const workloads = served.workloads.map(({ address, ...workload }) => {
    const wanted = kept[workload.name] === undefined ? address : kept[workload.name]
    return typeof wanted === 'string' ? { ...workload, address: wanted } : workload
  })
  writeServed(folder, { ...served, workloads })
  await reloadAgent(folder)
}

/** Has the workloads of a place begin anew on that address alone. */
export async function listenOn(lab: string, place: string, address: string): Promise<void> {
  const names = Object.keys(readListeners(lab, place))
  await restoreListeners(lab, Object.fromEntries(names.map((name) => [name, address])))
}
