import { TsnetError } from '../../errors.ts'
import type { Endpoint, Network, Sandbox } from '../model.ts'
import type { EndpointConfig, JoinResult, NetworkDriver } from '../network-driver.ts'
import { NetworkHost } from '../network-host.ts'
import { placeLink } from '../sandbox/sandbox-link.ts'
import { transaction, type UndoStack } from '../undo.ts'
import { leaseAddresses, releaseLeases } from './endpoint-addresses.ts'
import { mergeInterface } from './endpoint-interface.ts'
import { linkConfiguration, removeLinks } from './endpoint-links.ts'
import { macBeforeAddress } from './endpoint-request.ts'
import { moveGateways } from './gateway-move.ts'
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

/** Makes endpoints: addresses, the driver's part, the link in the sandbox, routes and published ports. */
export class EndpointMaker {
  readonly #parts: ControllerParts

  constructor(parts: ControllerParts) {
    this.#parts = parts
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
    undo.add(`link of endpoint ${endpoint.id}`, () => removeLinks(this.#parts, endpoint, inside))
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
      ...linkConfiguration(this.#parts, endpoint),
      announce: retired.take(endpoint.network, endpoint.interface),
      source,
      prefix,
      inSandbox,
      ...(name === undefined ? {} : { name }),
    })
  }
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
