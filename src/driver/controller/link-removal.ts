import { randomInt } from 'node:crypto'
import { changeLink, deleteLink, dumpLinks, type Link, type NetlinkSocket } from 'netlink-ts'
import { askKernel, isAbsent } from '../kernel-failure.ts'
import { linkOwner } from '../link-alias.ts'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const MAX_GROUP = 2 ** 31 - 1

/**
 * Deletes the host's ends of endpoints, those of many at once: the kernel waits for grace periods (17 ms) at each
 * request, however many links it deletes. What is asked for in one turn of the event loop goes in one request.
 */
export class LinkRemoval {
  readonly #socket: () => NetlinkSocket
  readonly #tag: string
  #waiting = new Map<string, Waiting[]>()

  constructor(socket: () => NetlinkSocket, tag: string) {
    this.#socket = socket
    this.#tag = tag
  }

  /** Deletes every link of the host's namespace whose alias names the endpoint. No error when there is none. */
  remove(endpointId: string): Promise<void> {
    if (this.#waiting.size === 0) setImmediate(() => this.#flush())
    return new Promise((resolve, reject) => {
      this.#waiting.set(endpointId, [...(this.#waiting.get(endpointId) ?? []), { resolve, reject }])
    })
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    try {
      const links = askKernel('list links', () => dumpLinks(this.#socket()))
      const ours = links.filter(({ alias }) => {
        const owner = linkOwner(this.#tag, alias)
        return owner?.kind === 'endpoint' && waiting.has(owner.id)
      })
      deleteTogether(this.#socket(), ours, links)
    } catch (error) {
      for (const { reject } of [...waiting.values()].flat()) reject(error)
      return
    }
    for (const { resolve } of [...waiting.values()].flat()) resolve()
  }
}

/** @param all the links of the namespace, so that no other link's group is taken */
export function deleteTogether(socket: NetlinkSocket, doomed: readonly Link[], all: readonly Link[]): void {
  const [first] = doomed
  if (first === undefined) return
  if (doomed.length === 1) {
    ignoringAbsent(() =>
      askKernel(`delete link ${first.name}`, () => socket.request(deleteLink({ index: first.index }))),
    )
    return
  }
  const group = unusedGroup(all)
  const errors = socket.batch(doomed.map(({ index }) => changeLink(index, { group })))
  ignoringAbsent(() => askKernel(`delete ${doomed.length} links`, () => socket.request(deleteLink({ group }))))
  const refused = errors.find((error) => error !== undefined && !isAbsent(error))
  if (refused)
    askKernel('group links', () => {
      throw refused
    })
}

function unusedGroup(links: readonly Link[]): number {
  const used = new Set(links.map(({ group }) => group))
  for (;;) {
    const group = randomInt(1, MAX_GROUP)
    if (!used.has(group)) return group
  }
}

/** The other end of a pair may have taken it along. */
function ignoringAbsent(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
