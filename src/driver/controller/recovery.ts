import { dirname } from 'node:path'
import { dumpLinks, type Link } from 'netlink-ts'
import { messageOf } from '../../errors.ts'
import { askKernel } from '../kernel-failure.ts'
import { linkAlias, linkOwner } from '../link-alias.ts'
import type { Endpoint, Network, Sandbox } from '../model.ts'
import type { NetworkHost } from '../network-host.ts'
import { setDefaultRoutes } from '../sandbox/default-routes.ts'
import { repairLink } from '../sandbox/sandbox-link.ts'
import { isNamespaceAt, namespacesMadeBy, removeSandboxNamespace } from '../sandbox/sandbox-namespace.ts'
import type { EndpointLifecycle } from './endpoint-lifecycle.ts'
import { linkConfiguration } from './endpoint-links.ts'
import { endpointConfig, enterSandbox } from './endpoint-maker.ts'
import { gatewaysOf, publish } from './gateway-move.ts'
import { replayAll, retainHeld } from './ipam-recovery.ts'
import { deleteTogether } from './link-removal.ts'
import type { NetworkLifecycle } from './network-lifecycle.ts'
import { type ControllerParts, driverNamed } from './parts.ts'
import type { SandboxLifecycle } from './sandbox-lifecycle.ts'

/** Something that was not as the state said, and what became of it. */
export interface RecoveryNote {
  readonly object: 'network' | 'sandbox' | 'endpoint' | 'link' | 'namespace' | 'driver' | 'ipam'
  /** Name of a network, sandbox, link or driver; id of an endpoint; path of a namespace. */
  readonly name: string
  readonly action: 'removed' | 'repaired' | 'failed'
  readonly reason: string
}

const NO_ROUTES = { ipv4: undefined, ipv6: undefined }

export interface Lifecycles {
  readonly networks: NetworkLifecycle
  readonly sandboxes: SandboxLifecycle
  readonly endpoints: EndpointLifecycle
}

/**
 * Brings state and kernel together after a start: what was half made or half removed goes, what is lost of the rest is
 * made again, what nobody knows of is deleted. What cannot be done is noted, and does not keep the rest.
 */
export class Recovery {
  readonly #parts: ControllerParts
  readonly #lifecycles: Lifecycles
  readonly #notes: RecoveryNote[] = []

  constructor(parts: ControllerParts, lifecycles: Lifecycles) {
    this.#parts = parts
    this.#lifecycles = lifecycles
  }

  async run(): Promise<readonly RecoveryNote[]> {
    const { state } = this.#parts
    await this.#try({ object: 'ipam', name: 'replay' }, () => replayAll(this.#parts))
    for (const { name, restore } of this.#restorers()) await this.#try({ object: 'driver', name }, restore)
    for (const network of copyOf(state.networks.all())) await this.#restoreNetwork(network)
    for (const endpoint of copyOf(state.endpoints.all())) await this.#removeHalfEndpoint(endpoint)
    for (const sandbox of copyOf(state.sandboxes.all())) await this.#removeLostSandbox(sandbox)
    for (const network of copyOf(state.networks.all())) await this.#removeHalfNetwork(network)
    await Promise.all(copyOf(state.sandboxes.all()).map((sandbox) => this.#restoreSandbox(sandbox)))
    await this.#try({ object: 'link', name: 'of nobody' }, () => this.#removeOrphanLinks())
    await this.#removeOrphanNamespaces()
    await this.#try({ object: 'ipam', name: 'retain' }, () => retainHeld(this.#parts))
    return this.#notes
  }

  #restorers(): { name: string; restore: () => Promise<void> }[] {
    return this.#parts.options.drivers.flatMap((driver) =>
      driver.restore === undefined
        ? []
        : [{ name: driver.name, restore: () => driver.restore?.() ?? Promise.resolve() }],
    )
  }

  /** The driver makes what it finds missing. */
  async #restoreNetwork({ name, driver, state, config }: Network): Promise<void> {
    if (state !== 'ready') return
    await this.#try({ object: 'network', name }, () => driverNamed(this.#parts, driver).createNetwork(config))
  }

  async #removeHalfEndpoint(endpoint: Endpoint): Promise<void> {
    const { state } = this.#parts
    const { id } = endpoint
    if (state.networks.get(endpoint.network) === undefined) {
      state.endpoints.delete(id)
      this.#note({ object: 'endpoint', name: id, action: 'removed', reason: 'its network is not known' })
      return
    }
    if (endpoint.state === 'ready') return
    const { endpoints } = this.#lifecycles
    await this.#removing({ object: 'endpoint', name: id, reason: `it was left ${endpoint.state}` }, () =>
      this.#isAlive(endpoint.sandbox) ? endpoints.unmake(endpoint) : endpoints.leaveDying(endpoint),
    )
  }

  async #removeLostSandbox(sandbox: Sandbox): Promise<void> {
    const isHalf = sandbox.state !== 'ready'
    if (!isHalf && this.#isAlive(sandbox.id)) return
    const reason = isHalf ? `it was left ${sandbox.state}` : 'its namespace is gone'
    await this.#removing({ object: 'sandbox', name: sandbox.name, reason }, () =>
      this.#lifecycles.sandboxes.unmake(sandbox),
    )
  }

  async #removeHalfNetwork(network: Network): Promise<void> {
    if (network.state === 'ready') return
    const reason = `it was left ${network.state}`
    await this.#removing({ object: 'network', name: network.name, reason }, () =>
      this.#lifecycles.networks.unmake(network),
    )
  }

  #isAlive(sandboxId: string): boolean {
    const sandbox = this.#parts.state.sandboxes.get(sandboxId)
    if (sandbox === undefined || sandbox.state !== 'ready') return false
    if (sandbox.hostNamespace && sandbox.inode !== this.#parts.options.host.inode) return false
    return isNamespaceAt(sandbox.path, sandbox.inode)
  }

  /** Links, addresses, routes and published ports of a sandbox that is there. */
  async #restoreSandbox(sandbox: Sandbox): Promise<void> {
    const { state } = this.#parts
    if (sandbox.state !== 'ready' || sandbox.hostNamespace || !this.#isAlive(sandbox.id)) return
    const inside = enterSandbox(sandbox)
    try {
      const links = askKernel('list links of the sandbox', () => dumpLinks(inside.route))
      const endpoints = state.endpointsOf(sandbox.id).filter(({ state }) => state === 'ready')
      for (const endpoint of endpoints) await this.#restoreEndpoint(endpoint, inside, links)
      const left = state.endpointsOf(sandbox.id).filter(({ state }) => state === 'ready')
      await this.#try({ object: 'sandbox', name: sandbox.name }, () => this.#restoreGateways(inside, left))
    } finally {
      inside.close()
    }
  }

  async #restoreEndpoint(endpoint: Endpoint, inside: NetworkHost, links: readonly Link[]): Promise<void> {
    const { options, state } = this.#parts
    const { id, interface: placed } = endpoint
    const alias = linkAlias(options.tag, { kind: 'endpoint', id })
    const link = links.find((each) => each.alias === alias)
    if (link === undefined && placed.name !== undefined) {
      await this.#try({ object: 'endpoint', name: id, repaired: 'its link was gone' }, () =>
        this.#lifecycles.endpoints.remake(endpoint),
      )
      return
    }
    const driver = driverNamed(this.#parts, state.network(endpoint.network).driver)
    await this.#try({ object: 'endpoint', name: id }, async () => {
      await driver.createEndpoint(endpointConfig(endpoint))
      if (link) repairLink(inside, link, linkConfiguration(this.#parts, endpoint))
    })
  }

  async #restoreGateways(inside: NetworkHost, endpoints: readonly Endpoint[]): Promise<void> {
    const wanted = gatewaysOf(this.#parts, endpoints)
    const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
    setDefaultRoutes(inside, { present: NO_ROUTES, wanted }, (id) => byId.get(id)?.interface.name)
    const external = wanted.externalEndpoint === undefined ? undefined : byId.get(wanted.externalEndpoint)
    if (external !== undefined) await publish(this.#parts, external)
  }

  /** Links of the host's namespace that carry our tag and belong to nothing that we know. */
  #removeOrphanLinks(): void {
    const { options, state } = this.#parts
    const { route } = options.host
    const links = askKernel('list links', () => dumpLinks(route))
    const orphans = links.filter(({ alias }) => {
      const owner = linkOwner(options.tag, alias)
      if (owner?.kind === 'network') return state.networks.get(owner.id) === undefined
      return owner?.kind === 'endpoint' && state.endpoints.get(owner.id) === undefined
    })
    deleteTogether(route, orphans, links)
    for (const { name } of orphans)
      this.#note({ object: 'link', name, action: 'removed', reason: 'it belongs to nothing' })
  }

  async #removeOrphanNamespaces(): Promise<void> {
    const { options, state } = this.#parts
    const { tag, host } = options
    const known = new Set([...state.sandboxes.all().values()].map(({ path }) => path))
    const folder = dirname(options.sandboxPath('name'))
    for (const path of namespacesMadeBy({ tag, hostInode: host.inode }, folder)) {
      if (known.has(path)) continue
      await this.#removing({ object: 'namespace', name: path, reason: 'it belongs to nothing' }, () =>
        removeSandboxNamespace(path),
      )
    }
  }

  async #removing(
    { reason, ...what }: Pick<RecoveryNote, 'object' | 'name' | 'reason'>,
    remove: () => void | Promise<void>,
  ): Promise<void> {
    await this.#try(what, async () => {
      await remove()
      this.#note({ ...what, action: 'removed', reason })
    })
  }

  async #try(
    { repaired, ...what }: Pick<RecoveryNote, 'object' | 'name'> & { readonly repaired?: string },
    action: () => unknown,
  ): Promise<void> {
    try {
      await action()
      if (repaired !== undefined) this.#note({ ...what, action: 'repaired', reason: repaired })
    } catch (error) {
      this.#note({ ...what, action: 'failed', reason: messageOf(error) })
    }
  }

  #note(note: RecoveryNote): void {
    this.#notes.push(note)
  }
}

function copyOf<T>(objects: ReadonlyMap<string, T>): T[] {
  return [...objects.values()]
}
