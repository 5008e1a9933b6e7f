import { existsSync, rmSync } from 'node:fs'
import { deleteLink, deleteNamedNamespace, dumpLinks } from 'netlink-ts'
import { askKernel } from '../../driver/kernel-failure.ts'
import { NetworkHost } from '../../driver/network-host.ts'
import { restoreLimits } from '../faults/keep/machine-limits.ts'
import { labTag, leakedNamespace, namespacesOf, stateFolder } from './lab-paths.ts'
import { endLabProcesses } from './lab-processes.ts'

/** What was taken away. */
export interface Swept {
  readonly namespaces: number
  readonly links: number
  readonly processes: number
}

/**
 * Takes away all that there is of a lab, whatever its state says: everything carries its tag. The kernel takes what is
 * in a namespace away with it. Repeating it is no error.
 */
export async function sweepLab(lab: string): Promise<Swept> {
  const processes = await endLabProcesses(lab)
  const links = removeRealLinks(lab)
  const paths = namespacesOf(lab)
  for (const path of paths) askKernel(`remove namespace ${path}`, () => deleteNamedNamespace(path))
  const leaked = leakedNamespace(lab)
  if (existsSync(leaked)) askKernel(`remove namespace ${leaked}`, () => deleteNamedNamespace(leaked))
  restoreLimits(lab)
  // last: without it nobody would know of a lab that is half gone
  rmSync(stateFolder(lab), { recursive: true, force: true })
  return { namespaces: paths.length, links, processes }
}

/** Links of the real machine that led to the lab. */
function removeRealLinks(lab: string): number {
  const real = NetworkHost.open()
  try {
    const links = askKernel('list links', () => dumpLinks(real.route))
    const own = links.filter(({ alias }) => alias?.startsWith(`${labTag(lab)} `) === true)
    for (const { index } of own) real.route.batch([deleteLink({ index })])
    return own.length
  } finally {
    real.close()
  }
}
