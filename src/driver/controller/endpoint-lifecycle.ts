import { deleteLink, dumpLinks, type Link } from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { askKernel, unlessAbsent } from '../kernel-failure.ts'
import { linkAlias } from '../link-alias.ts'
import type { ConnectRequest, Endpoint, Network, Sandbox } from '../model.ts'
import type { EndpointConfig, JoinResult, NetworkDriver } from '../network-driver.ts'
import { NetworkHost } from '../network-host.ts'
import { isRandomLinkName } from '../random-link-name.ts'
import { placeLink } from '../sandbox/sandbox-link.ts'
import { takeAll, transaction, type UndoStack } from '../undo.ts'
import { leaseAddresses, releaseLeases } from './endpoint-addresses.ts'
import { mergeInterface } from './endpoint-interface.ts'
import { checkConnectable, macBeforeAddress, newEndpoint } from './endpoint-request.ts'
import { handOverGateways, moveGateways, withdraw } from './gateway-move.ts'
import { type ControllerParts, driverNamed } from './parts.ts'

/** An endpoint with all that takes part in making it. */
interface Connection {
  readonly network: Network
  readonly sandbox: Sandbox
  readonly driver: NetworkDriver
  /** The sandbox, entered. */
  readonly inside: NetworkHost
  readonly undo: UndoStack
}

/** Connects sandboxes to networks and disconnects them. */
export class EndpointLifecycle {
  readonly #parts: ControllerParts

  constructor(parts: ControllerParts) {
    this.#parts = parts
  }

  async connect(request: ConnectRequest): Promise<Endpoint> {
    const { state, mutex } = this.#parts
    const { id } = state.sandbox(request.sandbox)
    return mutex.run(`sandbox ${id}`, async () => {
      const sandbox = state.sandbox(id)
      const network = state.network(request.network)
      const endpoint = newEndpoint(request, network, sandbox)
      checkConnectable(state, endpoint, network, sandbox)
      // in the same turn as the checks, so that the network is not removed meanwhile
      state.endpoints.put(endpoint.id, endpoint)
      return this.make(endpoint)
    })
  }

  /** Makes what a recorded endpoint says; when that fails, nothing is left of it and its record. */
  make(endpoint: Endpoint): Promise<Endpoint> {
    const { state } = this.#parts
    return transaction(
      async (undo) => {
        const sandbox = state.sandbox(endpoint.sandbox)
        const network = state.network(endpoint.network)
        const driver = driverNamed(this.#parts, network.driver)
        const inside = enterSandbox(sandbox)
        undo.add('descriptors', () => inside.close())
        const ready = await this.#steps(endpoint, { network, sandbox, driver, inside, undo })
        inside.close()
        return ready
      },
      (left) => {
        if (left.length === 0) state.endpoints.delete(endpoint.id)
        else state.endpoints.put(endpoint.id, { ...(state.endpoints.get(endpoint.id) ?? endpoint), state: 'removing' })
      },
    )
  }

  async #steps(endpoint: Endpoint, connection: Connection): Promise<Endpoint> {
    const { state } = this.#parts
    const { undo, inside } = connection
    const addressed = await this.#address(endpoint, connection)
    state.endpoints.put(endpoint.id, addressed)
    const created = await this.#createAtDriver(addressed, connection)
    const joined = await this.#join(created, connection)
    const present = state
      .endpointsOf(endpoint.sandbox)
      .filter(({ id, state }) => id !== endpoint.id && state === 'ready')
    await moveGateways(this.#parts, { sandbox: inside, present, wanted: [...present, joined] }, undo)
    const ready: Endpoint = { ...joined, state: 'ready' }
    state.endpoints.put(endpoint.id, ready)
    return ready
  }

  async #address(endpoint: Endpoint, { network, undo }: Connection): Promise<Endpoint> {
    const { ipams } = this.#parts
    if (network.ipam.pools.length === 0) return endpoint
    if (endpoint.leases.length > 0) {
      undo.add('addresses', () => releaseLeases(ipams, network, endpoint.leases))
      return endpoint
    }
    const mac = await macBeforeAddress(ipams.driver(network.ipam.driver), endpoint)
    const { requested } = endpoint
    const wish = {
      ...(requested.address === undefined ? {} : { ipv4: requested.address }),
      ...(requested.addressIpv6 === undefined ? {} : { ipv6: requested.addressIpv6 }),
      ...(mac === undefined ? {} : { mac }),
    }
    const { leases, ...addresses } = await leaseAddresses(ipams, network, { wish, undo })
    const known = { ...endpoint.interface, ...addresses, ...(mac === undefined ? {} : { mac }) }
    return { ...endpoint, leases, interface: known }
  }

  async #createAtDriver(endpoint: Endpoint, { network, driver, undo }: Connection): Promise<Endpoint> {
    // a driver that fails half-way, or answers with what it may not, is told to forget it
    undo.add(`endpoint of network ${network.name}`, () => driver.deleteEndpoint(network.id, endpoint.id))
    const { name, ...given } = endpoint.interface
    const added = await driver.createEndpoint(endpointConfig(endpoint))
    return { ...endpoint, interface: { ...(name === undefined ? {} : { name }), ...mergeInterface(given, added) } }
  }

  async #join(endpoint: Endpoint, { network, sandbox, driver, inside, undo }: Connection): Promise<Endpoint> {
    undo.add(`attachment to network ${network.name}`, () => driver.leave(network.id, endpoint.id))
    // a driver may make its link in the sandbox and then fail
    undo.add(`link of endpoint ${endpoint.id}`, () => this.#removeLinks(endpoint, inside))
    const join = await driver.join({
      networkId: network.id,
      endpointId: endpoint.id,
      sandboxKey: sandbox.path,
      options: endpoint.driverOptions,
      sandboxFd: inside.fd,
    })
    const joined = { ...endpoint, ...joinFacts(join) }
    const name = this.#place(joined, join, inside)
    return name === undefined ? joined : { ...joined, interface: { ...joined.interface, name } }
  }

  #place(endpoint: Endpoint, { interfaceName }: JoinResult, inside: NetworkHost): string | undefined {
    const { source, prefix, inSandbox = false } = interfaceName
    if (source === undefined) return undefined
    const name = endpoint.interface.name ?? interfaceName.name
    const { options, retired } = this.#parts
    return placeLink(options.host, inside, {
      ...this.configuration(endpoint),
      announce: retired.take(endpoint.network, endpoint.interface),
      source,
      prefix,
      inSandbox,
      ...(name === undefined ? {} : { name }),
    })
  }

  /** What the link of an endpoint is to have inside. */
  configuration({ id, interface: { mac, address, addressIpv6 }, routes }: Endpoint) {
    return {
      alias: linkAlias(this.#parts.options.tag, { kind: 'endpoint', id }),
      routes,
      ...(mac === undefined ? {} : { mac }),
      ...(address === undefined ? {} : { address }),
      ...(addressIpv6 === undefined ? {} : { addressIpv6 }),
    }
  }

  /** Makes an endpoint again, with its id, addresses and name, when its link is lost. */
  async remake(endpoint: Endpoint): Promise<Endpoint> {
    const { state } = this.#parts
    const { id, network } = endpoint
    const driver = driverNamed(this.#parts, state.network(network).driver)
    await takeAll(`endpoint ${id}`, [() => driver.leave(network, id), () => driver.deleteEndpoint(network, id)])
    const again: Endpoint = { ...endpoint, state: 'creating' }
    state.endpoints.put(id, again)
    return this.make(again)
  }

  async disconnect(sandboxNameOrId: string, networkNameOrId: string): Promise<void> {
    const { state, mutex } = this.#parts
    const { id } = state.sandbox(sandboxNameOrId)
    await mutex.run(`sandbox ${id}`, async () => {
      const sandbox = state.sandbox(id)
      const network = state.network(networkNameOrId)
      const endpoint = state.endpointsOf(id).find((each) => each.network === network.id)
      if (endpoint === undefined) {
        throw new TsnetError('usage', `container ${sandbox.name} is not connected to network ${network.name}`)
      }
      if (sandbox.hostNamespace) {
        throw new TsnetError('usage', 'container cannot be disconnected from host network or connected to host network')
      }
      await this.unmake(endpoint)
    })
  }

  /** Ends a connection of a sandbox that goes on. What fails does not keep the rest; repeating it is no error. */
  async unmake(endpoint: Endpoint): Promise<void> {
    const inside = enterSandbox(this.#parts.state.sandbox(endpoint.sandbox))
    try {
      await this.#leave(endpoint, [() => this.#removeLinks(endpoint, inside), () => this.#handOver(endpoint, inside)])
    } finally {
      inside.close()
    }
  }

  /** Ends a connection of a sandbox whose namespace goes as well, or has gone. */
  leaveDying(endpoint: Endpoint): Promise<void> {
    return this.#leave(endpoint, [() => this.#parts.links.remove(endpoint.id)])
  }

  async #leave(endpoint: Endpoint, ofLinks: readonly (() => Promise<void>)[]): Promise<void> {
    const { state, ipams } = this.#parts
    const { id, leases } = endpoint
    state.endpoints.put(id, { ...endpoint, state: 'removing' })
    const network = state.network(endpoint.network)
    const driver = driverNamed(this.#parts, network.driver)
    await takeAll(`disconnect endpoint ${id} of network ${network.name}`, [
      () => withdraw(this.#parts, endpoint),
      () => driver.leave(network.id, id),
      ...ofLinks,
      () => driver.deleteEndpoint(network.id, id),
      () => (leases.length === 0 ? undefined : releaseLeases(ipams, network, leases)),
    ])
    state.endpoints.delete(id)
    this.#parts.retired.add(network.id, endpoint.interface)
  }

  /** The next endpoint in order gives the default route and publishes its ports. */
  #handOver(left: Endpoint, sandbox: NetworkHost): Promise<void> {
    const remaining = this.#parts.state.endpointsOf(left.sandbox).filter(({ state }) => state === 'ready')
    return handOverGateways(this.#parts, { sandbox, left, remaining })
  }

  async #removeLinks(endpoint: Endpoint, inside: NetworkHost): Promise<void> {
    const { links, options } = this.#parts
    await links.remove(endpoint.id)
    const alias = linkAlias(options.tag, { kind: 'endpoint', id: endpoint.id })
    for (const link of askKernel('list links of the sandbox', () => dumpLinks(inside.route))) {
      if (link.alias === alias || (endpoint.state !== 'ready' && isUnmarked(link))) {
        deleteInside(inside, link)
      }
    }
  }
}

/** A link that its driver made in the sandbox, before a crash kept us from marking it and setting it up. */
function isUnmarked({ name, alias, flagNames }: Link): boolean {
  return alias === undefined && isRandomLinkName(name) && !flagNames.includes('UP')
}

function deleteInside(inside: NetworkHost, { name, index }: Link): void {
  unlessAbsent(() => askKernel(`delete link ${name}`, () => inside.route.request(deleteLink({ index }))))
}

/** The sandbox's namespace, opened. @throws TsnetError `vanished` when another one is at its path, or none */
export function enterSandbox({ name, path, inode }: Sandbox): NetworkHost {
  const inside = NetworkHost.open(path)
  if (inside.inode === inode) return inside
  inside.close()
  throw new TsnetError('vanished', `sandbox ${name}: its namespace is gone, another one is at ${path}`)
}

/** An endpoint as its driver sees it. */
export function endpointConfig(endpoint: Endpoint): EndpointConfig {
  const { name: _inside, ...given } = endpoint.interface
  return {
    networkId: endpoint.network,
    id: endpoint.id,
    interface: given,
    exposedPorts: endpoint.exposedPorts,
    portBindings: endpoint.portBindings,
    options: endpoint.driverOptions,
  }
}

function joinFacts({ gateway, gatewayIpv6, routes, disableGatewayService }: JoinResult) {
  return {
    routes,
    disableGatewayService,
    ...(gateway === undefined ? {} : { gateway }),
    ...(gatewayIpv6 === undefined ? {} : { gatewayIpv6 }),
  }
}
