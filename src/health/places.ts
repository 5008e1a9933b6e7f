import type { CheckFacts } from '../checks/rows/facts.ts'
import { TsnetError } from '../errors.ts'
import { NamespaceSession } from '../inspect/session.ts'
import { discoverNamespaces, inodeOfPath, inodeOfPid } from '../kernel/namespaces.ts'
import { isOwnNamespace } from '../kernel/own-namespace.ts'
import { type Resolver, readResolver } from '../measure/resolve-name.ts'
import { selectNamespace } from '../model/select.ts'
import type { Namespace } from '../model/snapshot.ts'

/** A namespace that something is tried in. */
export interface LivePlace {
  readonly session: NamespaceSession
  readonly resolver: Resolver
}

/** Namespaces held open while checks run; each is opened once. */
export class Places {
  readonly #open = new Map<number, NamespaceSession>()

  /**
   * @param selector how it was found: of several names in one namespace, each with files of its own, this one counts
   * @throws TsnetError `privilege`, `vanished`
   */
  open(namespace: Namespace, selector = ''): LivePlace {
    const { inode, names, pids, owner } = namespace
    let session = this.#open.get(inode)
    if (session === undefined) {
      const paths = discoverNamespaces().namespaces.find((each) => each.inode === inode)?.paths ?? []
      session = NamespaceSession.open(inode, paths, isOwnNamespace(inode))
      this.#open.set(inode, session)
    }
    // a lab's containers have files of their own, and no processes that see them
    const named = names.filter((name) => selector === `path:/run/netns/${name}`)
    const own = named.length > 0 ? named : names
    return { session, resolver: readResolver({ names: own, pids: owner.kind === 'lab' ? [] : pids }) }
  }

  close(): void {
    for (const session of this.#open.values()) session.close()
    this.#open.clear()
  }
}

/** @throws TsnetError `usage` when a selector means none or several */
export function namespaceIn({ snapshot }: CheckFacts, selector: string, isLive: boolean): Namespace {
  if (selector === 'host' && !snapshot.namespaces.some(({ owner }) => owner.kind === 'host')) {
    const [only] = snapshot.namespaces
    // from within a container there is nothing else to see
    if (only !== undefined && snapshot.namespaces.length === 1) return only
    throw new TsnetError('usage', 'select host: its namespace is not visible from here', { hint: 'say `from`, or -n' })
  }
  return selectNamespace(snapshot, selector, isLive ? { inodeOfPid, inodeOfPath } : undefined)
}
