import { randomInt } from 'node:crypto'
import { changeLink, deleteLink, dumpLinks, type Link, type NetlinkSocket } from 'netlink-ts'
import { Gatherer } from '../firewall/gatherer.ts'
import { askKernel, isAbsent, kernelFailure, unlessAbsent } from '../kernel-failure.ts'
import { linkOwner } from '../link-alias.ts'

const MAX_GROUP = 2 ** 31 - 1

/**
 * Deletes the host's ends of endpoints, those of many at once: the kernel waits for grace periods (17 ms) at each
 * request, however many links it deletes.
 */
export class LinkRemoval {
  readonly #socket: () => NetlinkSocket
  readonly #tag: string
  readonly #endpoints: Gatherer<string>

  constructor(socket: () => NetlinkSocket, tag: string) {
    this.#socket = socket
    this.#tag = tag
    this.#endpoints = new Gatherer(async (ids) => this.#removeAll(new Set(ids)))
  }

  /** Deletes every link of the host's namespace whose alias names the endpoint. No error when there is none. */
  remove(endpointId: string): Promise<void> {
    return this.#endpoints.add(endpointId)
  }

  #removeAll(ids: ReadonlySet<string>): readonly unknown[] {
    const links = askKernel('list links', () => dumpLinks(this.#socket()))
    const doomed = links.filter(({ alias }) => {
      const owner = linkOwner(this.#tag, alias)
      return owner?.kind === 'endpoint' && ids.has(owner.id)
    })
    deleteTogether(this.#socket(), doomed, links)
    return []
  }
}

/** @param all the links of the namespace, so that no other link's group is taken */
export function deleteTogether(socket: NetlinkSocket, doomed: readonly Link[], all: readonly Link[]): void {
  const [first] = doomed
  if (first === undefined) return
  if (doomed.length === 1) {
    unlessAbsent(() => askKernel(`delete link ${first.name}`, () => socket.request(deleteLink({ index: first.index }))))
    return
  }
  const group = unusedGroup(all)
  const errors = socket.batch(doomed.map(({ index }) => changeLink(index, { group })))
  unlessAbsent(() => askKernel(`delete ${doomed.length} links`, () => socket.request(deleteLink({ group }))))
  const refused = errors.find((error) => error !== undefined && !isAbsent(error))
  if (refused) throw kernelFailure('group links', refused)
}

function unusedGroup(links: readonly Link[]): number {
  const used = new Set(links.map(({ group }) => group))
  for (;;) {
    const group = randomInt(1, MAX_GROUP)
    if (!used.has(group)) return group
  }
}
