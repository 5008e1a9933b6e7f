import { changeLink, createLink, deleteLink, dumpLinks, getLink, type Link, type LinkSpec } from 'netlink-ts'
import { messageOf, TsnetError } from '../../errors.ts'
import { askAll, askKernel, isAbsent, unlessAbsent } from '../kernel-failure.ts'
import { linkAlias, linkOwner } from '../link-alias.ts'
import type { NetworkHost } from '../network-host.ts'
import { randomLinkName } from '../random-link-name.ts'

const MAX_VLAN_ID = 4094

/** The links of a host that macvlan and ipvlan networks sit on; those that we make carry the tag. */
export class ParentLinks {
  readonly #host: NetworkHost
  readonly #tag: string

  constructor(host: NetworkHost, tag: string) {
    this.#host = host
    this.#tag = tag
  }

  /** @throws TsnetError `failed` when it is not there */
  index(name: string): number {
    return askKernel(`parent link ${name}`, () => getLink(this.#host.route, { name })).index
  }

  /**
   * Uses the link that is there; makes a VLAN sub-interface of `eth0.10`, or with `dummy` a link that leads nowhere.
   *
   * @throws TsnetError `usage` for a name that cannot be made one of, in Docker's words
   */
  ensure(name: string, { networkId, dummy }: { readonly networkId: string; readonly dummy: boolean }): void {
    if (this.#find(name)) return
    const alias = linkAlias(this.#tag, { kind: 'network', id: networkId })
    this.#make(dummy ? { kind: 'dummy' } : this.#vlanOf(name), name, alias)
  }

  /**
   * Removes what was made for a network. A sub-interface that another network uses by now becomes that one's.
   *
   * @param heirs by name of the parent, a network that uses it
   */
  release(networkId: string, heirs: ReadonlyMap<string, string>): void {
    const { route } = this.#host
    for (const { index, name, alias } of askKernel('list links', () => dumpLinks(route))) {
      const owner = linkOwner(this.#tag, alias)
      if (owner?.kind !== 'network' || owner.id !== networkId) continue
      const heir = heirs.get(name)
      const request =
        heir === undefined
          ? deleteLink({ index })
          : changeLink(index, { alias: linkAlias(this.#tag, { kind: 'network', id: heir }) })
      unlessAbsent(() => askKernel(`release link ${name}`, () => route.request(request)))
    }
  }

  /**
   * A new link has its alias in the same datagram, under a name that nobody else has: whatever comes in between, what
   * is left is known to be ours, and nothing that is not.
   */
  #make(spec: LinkSpec, name: string, alias: string): void {
    const { route } = this.#host
    const temporary = randomLinkName()
    askAll(route, `link ${name}`, [
      { what: 'make it', request: createLink({ ...spec, name: temporary, txQueueLength: 0 }) },
      { what: 'mark it', request: changeLink(0, { name: temporary, alias }) },
    ])
    const { index } = getLink(route, { name: temporary })
    try {
      // it cannot come up above a link that is down
      askKernel(`link ${name}: set it up`, () => route.request(changeLink(index, { name, up: true })))
    } catch (error) {
      unlessAbsent(() => route.request(deleteLink({ index })))
      throw error
    }
  }

  #vlanOf(name: string): LinkSpec {
    const [master = '', text = '', ...more] = name.split('.')
    if (master === '' || !/^\d+$/.test(text) || more.length > 0) {
      throw new TsnetError('usage', `invalid subinterface vlan name ${name}, example formatting is eth0.10`)
    }
    const id = Number(text)
    if (id < 1 || id > MAX_VLAN_ID) {
      throw new TsnetError('usage', `vlan id must be between 1-${MAX_VLAN_ID}, received: ${id}`)
    }
    return { kind: 'vlan', link: this.#masterOf(master), info: { kind: 'vlan', id } }
  }

  #masterOf(name: string): number {
    try {
      return getLink(this.#host.route, { name }).index
    } catch (cause) {
      const reason = isAbsent(cause) ? 'Link not found' : messageOf(cause)
      throw new TsnetError('usage', `failed to find master interface ${name} on the Docker host: ${reason}`, { cause })
    }
  }

  #find(name: string): Link | undefined {
    try {
      return askKernel(`parent link ${name}`, () => getLink(this.#host.route, { name }))
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }
}
