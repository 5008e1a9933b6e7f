import { dumpRoutes } from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { isOwnNamespace } from '../../kernel/own-namespace.ts'
import { readResolvConf } from '../../kernel/resolv-conf.ts'
import { askKernel } from '../kernel-failure.ts'
import type { Network, NetworkRequest } from '../model.ts'
import type { NetworkHost } from '../network-host.ts'
import { transaction, type UndoStack } from '../undo.ts'
import { releasePools, requestPools } from './network-pools.ts'
import { type ControllerParts, checkId, checkName, driverNamed, newId } from './parts.ts'

/** Drivers with one network each, which has no subnet. */
const SINGLE_NETWORK_DRIVERS: readonly string[] = ['host', 'none']
const MAIN_TABLE = 254
const NO_POOLS = { driver: '', options: {}, pools: [] }

/** Makes and removes networks. */
export class NetworkLifecycle {
  readonly #parts: ControllerParts

  constructor(parts: ControllerParts) {
    this.#parts = parts
  }

  async create(request: NetworkRequest): Promise<Network> {
    const driver = driverNamed(this.#parts, request.driver)
    const scope = request.scope ?? (await driver.capabilities()).scope
    const network = this.#newNetwork({ ...request, driver: driver.name, scope })
    this.#checkNew(network)
    // in the same turn as the checks, so that the name is taken for whoever comes next
    this.#parts.state.networks.put(network.id, network)
    return this.#parts.mutex.run(`network ${network.id}`, () =>
      transaction(
        (undo) => this.#make(network, request, undo),
        (left) => this.#forget(network, left),
      ),
    )
  }

  /** What could not be taken back stays known, so that removing it can be tried again. */
  #forget({ id }: Network, left: readonly string[]): void {
    const { networks } = this.#parts.state
    const known = networks.get(id)
    if (left.length === 0 || known === undefined) networks.delete(id)
    else networks.put(id, { ...known, state: 'removing' })
  }

  async #make(network: Network, request: NetworkRequest, undo: UndoStack): Promise<Network> {
    const { networks } = this.#parts.state
    const driver = driverNamed(this.#parts, network.driver)
    const withPools = await this.#withPools(network, request, undo)
    // what was given out is known before it is used, so that it is given back after a crash
    networks.put(network.id, withPools)
    undo.add(`network ${network.name}`, () => driver.deleteNetwork(network.id))
    await driver.createNetwork(withPools.config)
    const ready: Network = { ...withPools, state: 'ready' }
    networks.put(network.id, ready)
    return ready
  }

  /** @param options.predefined also one that is marked so */
  async remove(nameOrId: string, { predefined = false }: { readonly predefined?: boolean } = {}): Promise<void> {
    const { state, mutex } = this.#parts
    const { id } = state.network(nameOrId)
    await mutex.run(`network ${id}`, async () => {
      const network = state.network(id)
      if (network.predefined && !predefined) {
        throw new TsnetError('usage', `${network.name} is a pre-defined network and cannot be removed`)
      }
      this.#checkUnused(network)
      state.networks.put(id, { ...network, state: 'removing' })
      await this.unmake(network)
    })
  }

  /** Takes away what there is of a network. Repeating it is no error; what failed is tried again by the next call. */
  async unmake(network: Network): Promise<void> {
    const { state } = this.#parts
    try {
      await driverNamed(this.#parts, network.driver).deleteNetwork(network.id)
    } catch (error) {
      // the driver has undone what it did, so the network is as it was
      state.networks.put(network.id, network)
      throw error
    }
    if (network.ipam.pools.length > 0) await releasePools(this.#parts.ipams, network.ipam)
    state.networks.delete(network.id)
    this.#parts.retired.forget(network.id)
  }

  #checkUnused({ id, name }: Network): void {
    if (this.#parts.state.endpointsIn(id).length === 0) return
    throw new TsnetError('failed', `error while removing network: network ${name} id ${id} has active endpoints`, {
      hint: 'disconnect or remove its sandboxes first',
    })
  }

  #checkNew({ id, name, driver }: Network): void {
    const { state } = this.#parts
    checkName('network', name)
    checkId('network', id)
    if (state.hasNetworkNamed(name)) throw new TsnetError('usage', `network with name ${name} already exists`)
    if (state.networks.get(id)) throw new TsnetError('usage', `network with id ${id} already exists`)
    const others = [...state.networks.all().values()]
    if (SINGLE_NETWORK_DRIVERS.includes(driver) && others.some((other) => other.driver === driver)) {
      const dockersName = driver === 'none' ? 'null' : driver
      throw new TsnetError('usage', `only one instance of "${dockersName}" network is allowed`)
    }
  }

  #newNetwork(request: NetworkRequest & { readonly scope: 'local' | 'global' }): Network {
    const id = request.id ?? newId()
    const { name, driver, scope, options = {}, internal = false, enableIpv4 = true, enableIpv6 = false } = request
    return {
      id,
      name,
      driver,
      scope,
      state: 'creating',
      config: { id, options, internal, enableIpv4, enableIpv6, ipv4: [], ipv6: [] },
      ipam: NO_POOLS,
      labels: request.labels ?? {},
      predefined: request.predefined ?? false,
    }
  }

  async #withPools(network: Network, request: NetworkRequest, undo: UndoStack): Promise<Network> {
    if (SINGLE_NETWORK_DRIVERS.includes(network.driver)) return network
    const { enableIpv4, enableIpv6 } = network.config
    const wish = { ipam: request.ipam ?? {}, enableIpv4, enableIpv6, scope: network.scope }
    const avoid = network.scope === 'local' ? blocksInUse(this.#parts.options.host) : []
    const { ipam, ipv4, ipv6 } = await requestPools(this.#parts.ipams, { ...wish, avoid }, undo)
    return { ...network, ipam, config: { ...network.config, ipv4, ipv6 } }
  }
}

/** CIDRs that the host has routes to, or name servers in: a subnet that Docker picks must not hide them. */
function blocksInUse(host: NetworkHost): string[] {
  const routes = askKernel('list routes', () => dumpRoutes(host.route))
  const destinations = routes
    .filter(({ table, type, destination, family }) => {
      return table === MAIN_TABLE && type === 'unicast' && destination !== 'default' && family !== 'mpls'
    })
    .map(({ destination }) => (destination.includes('/') ? destination : hostBlock(destination)))
  // a namespace that plays a host has no name servers of its own
  const servers = isOwnNamespace(host.inode) ? (readResolvConf([], [])?.servers ?? []) : []
  return [...destinations, ...servers.map((server) => hostBlock(server.replace(/%.*/, '')))]
}

function hostBlock(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`
}
