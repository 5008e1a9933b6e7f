import { deleteLink, dumpLinks, type Link } from 'netlink-ts'
import { askKernel, unlessAbsent } from '../kernel-failure.ts'
import { linkOwner } from '../link-alias.ts'
import type { NetworkHost } from '../network-host.ts'

export interface KnownObjects {
  readonly hasNetwork: (networkId: string) => boolean
  readonly hasEndpoint: (endpointId: string) => Promise<boolean>
}

/**
 * Removes links that carry our tag for a network or an endpoint which nobody knows any more, as a crash between two
 * steps leaves them. What is in use stays: a cable whose other end is in a sandbox, a bridge with ports, and all that
 * containers may hang on unseen from here (a parent of macvlan links).
 *
 * @returns the names of what was removed
 */
export async function removeLeftovers(host: NetworkHost, tag: string, known: KnownObjects): Promise<string[]> {
  const links = askKernel('list links', () => dumpLinks(host.route))
  const removed: string[] = []
  for (const link of links) {
    const owner = linkOwner(tag, link.alias)
    if (owner === undefined) continue
    const isLeft =
      owner.kind === 'endpoint'
        ? !isInSandbox(link) && !(await known.hasEndpoint(owner.id))
        : owner.kind === 'network' && isEmptyBridge(link, links) && !known.hasNetwork(owner.id)
    if (!isLeft) continue
    // the other end of a cable goes with it
    unlessAbsent(() =>
      askKernel(`delete link ${link.name}`, () => host.route.request(deleteLink({ index: link.index }))),
    )
    removed.push(link.name)
  }
  return removed
}

/** Whether it is one end of a cable into another namespace. */
function isInSandbox({ kind, netnsid }: Link): boolean {
  return kind === 'veth' && netnsid !== undefined
}

function isEmptyBridge({ kind, index }: Link, links: readonly Link[]): boolean {
  return kind === 'bridge' && !links.some(({ master }) => master === index)
}
