import {
  changeLink,
  createLink,
  deleteLink,
  dumpLinks,
  getLink,
  NETLINK,
  NetlinkError,
  NetlinkSocket,
} from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { askAll, askKernel, ERRNO, unlessAbsent } from '../kernel-failure.ts'
import { linkAlias } from '../link-alias.ts'
import type { NetworkHost } from '../network-host.ts'
import { randomLinkName } from '../random-link-name.ts'
import type { ParentedEndpoint, ParentedKind, ParentedNetwork } from './parented-network.ts'

/** Where the link of an endpoint is, under which name. */
export interface EndpointLink {
  readonly source: string
  readonly inSandbox: boolean
}

/** The links of endpoints on a parent, marked with the tag. */
export class ParentedLinks {
  readonly #host: NetworkHost
  readonly #tag: string

  constructor(host: NetworkHost, tag: string) {
    this.#host = host
    this.#tag = tag
  }

  /** The link that an earlier call made, in the host's namespace or in the sandbox. */
  find({ id }: ParentedEndpoint, sandboxFd: number | undefined): EndpointLink | undefined {
    const alias = this.#alias(id)
    const here = findByAlias(this.#host.route, alias)
    if (here !== undefined) return { source: here, inSandbox: false }
    if (sandboxFd === undefined) return undefined
    const sandbox = new NetlinkSocket(NETLINK.ROUTE, { namespace: { fd: sandboxFd } })
    try {
      const inside = findByAlias(sandbox, alias)
      return inside === undefined ? undefined : { source: inside, inSandbox: true }
    } finally {
      sandbox.close()
    }
  }

  /** @param sandboxFd where the link is made; absent = in the host's namespace */
  make(
    kind: ParentedKind,
    { network, endpoint }: { readonly network: ParentedNetwork; readonly endpoint: ParentedEndpoint },
    sandboxFd: number | undefined,
  ): EndpointLink {
    const { route } = this.#host
    const source = randomLinkName()
    const parent = askKernel(`parent link ${network.parent}`, () => getLink(route, { name: network.parent }))
    if (network.mtu !== undefined && network.mtu > parent.mtu) {
      throw new TsnetError('usage', `MTU ${network.mtu}: the parent ${network.parent} has no more than ${parent.mtu}`)
    }
    const create = createLink({
      kind: kind.name,
      name: source,
      txQueueLength: 0,
      link: parent.index,
      info: kind.linkInfo(network),
      mtu: network.mtu,
      mac: kind.hasMac ? endpoint.mac : undefined,
      namespace: sandboxFd === undefined ? undefined : { fd: sandboxFd },
    })
    // a new link has no alias, so it gets one in the same datagram; in a sandbox whoever places it does that
    const mark = changeLink(0, { name: source, alias: this.#alias(endpoint.id) })
    askAll(route, `${kind.name} link on ${network.parent}`, [
      { what: 'make it', request: create },
      ...(sandboxFd === undefined ? [{ what: 'mark it', request: mark }] : []),
    ])
    return { source, inSandbox: sandboxFd !== undefined }
  }

  /** No error when it is in a sandbox, or nowhere. */
  remove(endpointId: string): void {
    const { route } = this.#host
    const name = findByAlias(route, this.#alias(endpointId))
    if (name === undefined) return
    unlessAbsent(() => askKernel(`delete link ${name}`, () => route.request(deleteLink({ name }))))
  }

  #alias(id: string): string {
    return linkAlias(this.#tag, { kind: 'endpoint', id })
  }
}

/** Whether the kernel refused because of other links on the same parent; it gives no words with that. */
export function isOccupied(error: unknown): boolean {
  const cause = error instanceof TsnetError ? error.cause : undefined
  if (!(cause instanceof NetlinkError) || cause.extAck !== undefined) return false
  return cause.errno === ERRNO.EINVAL || cause.errno === ERRNO.EBUSY
}

function findByAlias(socket: NetlinkSocket, alias: string): string | undefined {
  return askKernel('list links', () => dumpLinks(socket)).find((link) => link.alias === alias)?.name
}
