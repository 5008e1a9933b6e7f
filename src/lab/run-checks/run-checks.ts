import type { Check } from '../../checks/file/check.ts'
import { RESOURCES } from '../../checks/file/resources.ts'
import { runChecks } from '../../health/run-checks.ts'
import { readHost } from '../../inspect/read-host.ts'
import type { CheckResult } from '../../model/check.ts'
import type { HostSnapshot } from '../../model/snapshot.ts'
import { namespacePath } from '../build/lab-paths.ts'

/**
 * Tries in a lab that is up whether it does what it is to show, one check after the other: some change what others
 * see.
 *
 * @param tell told of each result as it comes
 */
export async function runLabChecks(
  lab: string,
  checks: readonly Check[],
  tell: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const kinds = [...new Set(checks.flatMap(({ resource }) => RESOURCES[resource].kinds))]
  const connections = kinds.includes('conntrack')
  const choose = ({ namespaces }: HostSnapshot): readonly number[] =>
    namespaces.filter(({ owner }) => owner.kind === 'lab' && owner.lab === lab).map(({ inode }) => inode)
  const { results } = await runChecks(checks, {
    facts: { isLive: true, read: () => readHost({ kinds, choose, connections }) },
    // several containers may be in one namespace: each has a name of it
    select: (from) => `path:${namespacePath(lab, from)}`,
    allowCommands: true,
    parallel: 1,
    signal: new AbortController().signal,
    tell,
  })
  return results
}
