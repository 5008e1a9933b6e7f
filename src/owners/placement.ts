import type { DiscoveredNamespace } from '../kernel/namespaces.ts'
import { readCgroup } from '../kernel/processes.ts'
import type { Container } from '../model/snapshot.ts'
import { containerOfProcess } from './container-process.ts'
import type { SurveyedContainer } from './surveyed-container.ts'

/**
 * Finds the namespace of each container that an engine told of, and its first process as we see it. A container that
 * is in none of ours, or stopped, comes back as it was.
 */
export function placeContainers(
  discovered: readonly DiscoveredNamespace[],
  surveyed: readonly SurveyedContainer[],
): SurveyedContainer[] {
  const places = new Places(discovered)
  const placed = surveyed.map((each) => ({ ...each, container: places.locate(each) }))
  const byId = new Map(placed.map(({ container }) => [container.id, container]))
  return placed.map((each) => {
    const joined = byId.get(each.container.networkMode?.replace(/^container:/, '') ?? '')?.namespace
    if (each.container.namespace !== undefined || joined === undefined || !isAlive(each.container)) return each
    return { ...each, container: places.at(each.container, places.withInode(joined)) }
  })
}

class Places {
  readonly #byMount = new Map<string, DiscoveredNamespace[]>()
  readonly #byPid = new Map<number, DiscoveredNamespace>()
  readonly #byInode = new Map<number, DiscoveredNamespace>()

  constructor(discovered: readonly DiscoveredNamespace[]) {
    for (const namespace of discovered) {
      this.#byInode.set(namespace.inode, namespace)
      for (const { path } of namespace.mounts) {
        this.#byMount.set(canonical(path), [...(this.#byMount.get(canonical(path)) ?? []), namespace])
      }
      for (const pid of namespace.pids) this.#byPid.set(pid, namespace)
    }
  }

  withInode(inode: number): DiscoveredNamespace | undefined {
    return this.#byInode.get(inode)
  }

  /**
   * The mount of its sandbox is certain, unless two engines have one at the same path (`default`, the host's). A
   * process id is one of the engine's pid namespace: it counts only when the process of that number here is the
   * container's own.
   */
  locate({ container, enginePid, sandboxKey }: SurveyedContainer): Container {
    const mounted = sandboxKey === undefined ? [] : (this.#byMount.get(canonical(sandboxKey)) ?? [])
    const pid = enginePid !== undefined && belongsTo(enginePid, container.id) ? enginePid : undefined
    if (pid !== undefined) {
      const namespace = this.#byPid.get(pid) ?? mounted[0]
      return namespace === undefined ? container : { ...container, namespace: namespace.inode, pid }
    }
    const [only] = mounted
    if (mounted.length === 1) return this.at(container, only)
    return this.at(
      container,
      mounted.find((namespace) => processIn(namespace, container.id) !== undefined),
    )
  }

  at(container: Container, namespace: DiscoveredNamespace | undefined): Container {
    if (namespace === undefined) return container
    const pid = processIn(namespace, container.id)
    return { ...container, namespace: namespace.inode, ...(pid === undefined ? {} : { pid }) }
  }
}

const PROCESSES_ASKED = 64

function processIn({ pids }: DiscoveredNamespace, containerId: string): number | undefined {
  return pids.slice(0, PROCESSES_ASKED).find((pid) => belongsTo(pid, containerId))
}

function isAlive({ state }: Container): boolean {
  return state === 'running' || state === 'paused'
}

/** `/var/run` is a link to `/run` on every system that has both; engines write the former, mountinfo the latter. */
function canonical(path: string): string {
  return path.replace(/^\/var\/run\//, '/run/')
}

function belongsTo(pid: number, containerId: string): boolean {
  return readCgroup(pid).includes(containerId) || containerOfProcess(pid)?.id === containerId
}
