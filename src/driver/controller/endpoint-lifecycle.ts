import { TsnetError } from '../../errors.ts'
import type { ConnectRequest, Endpoint } from '../model.ts'
import type { NetworkHost } from '../network-host.ts'
import { takeAll } from '../undo.ts'
import { releaseLeases } from './endpoint-addresses.ts'
import { removeLinks } from './endpoint-links.ts'
import { EndpointMaker, enterSandbox } from './endpoint-maker.ts'
import { checkConnectable, newEndpoint } from './endpoint-request.ts'
import { handOverGateways, withdraw } from './gateway-move.ts'
import { type ControllerParts, driverNamed } from './parts.ts'

/** Connects sandboxes to networks and disconnects them. */
export class EndpointLifecycle {
  readonly #parts: ControllerParts
  readonly #maker: EndpointMaker

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#maker = new EndpointMaker(parts)
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
      return this.#maker.make(endpoint)
    })
  }

  /** Makes an endpoint again, with its id, addresses and name, when its link is lost. */
  async remake(endpoint: Endpoint): Promise<Endpoint> {
    const { state } = this.#parts
    const { id, network } = endpoint
    const driver = driverNamed(this.#parts, state.network(network).driver)
    await takeAll(`endpoint ${id}`, [() => driver.leave(network, id), () => driver.deleteEndpoint(network, id)])
    const again: Endpoint = { ...endpoint, state: 'creating' }
    state.endpoints.put(id, again)
    return this.#maker.make(again)
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
      await this.#leave(endpoint, [
        () => removeLinks(this.#parts, endpoint, inside),
        () => this.#handOver(endpoint, inside),
      ])
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
}
