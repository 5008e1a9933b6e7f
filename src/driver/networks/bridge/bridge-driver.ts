import { TsnetError } from '../../../errors.ts'
import type { FirewallSettings } from '../../firewall/firewall.ts'
import type {
  ConnectivityRequest,
  DriverCapabilities,
  EndpointConfig,
  EndpointInterface,
  JoinRequest,
  JoinResult,
  NetworkConfig,
  NetworkDriver,
} from '../../network-driver.ts'
import type { NetworkHost } from '../../network-host.ts'
import type { UserlandProxy } from '../../ports/userland-proxy.ts'
import { BridgeEndpoints } from './bridge-endpoints.ts'
import { BridgeNetworks } from './bridge-networks.ts'
import { type BridgeParts, bridgeParts } from './bridge-parts.ts'
import { BridgePublisher } from './bridge-publisher.ts'

export interface BridgeDriverOptions {
  /** The namespace that plays the host. */
  readonly host: NetworkHost
  /** Of this driver alone. */
  readonly stateFolder: string
  readonly firewall: FirewallSettings
  /** Absent = what it would carry is translated instead (`userland-proxy=false`). */
  readonly userlandProxy?: UserlandProxy
  /**
   * A MAC that follows from the IPv4 address, so that a neighbour's entry stays true for the next container with it.
   * Default: as the engine of that layout, which since 28 draws one and announces it.
   */
  readonly macFromAddress?: boolean
  /** Begins the alias of every link: `tsnet:pets`. */
  readonly tag: string
}

/**
 * Docker's bridge networks: a Linux bridge a network, a pair of links a container, the way out and published ports by
 * packet filter rules like those of the engine. What it made is in files, so that another driver on the same folder
 * goes on with it.
 */
export class BridgeDriver implements NetworkDriver {
  readonly name = 'bridge'
  readonly #parts: BridgeParts
  readonly #networks: BridgeNetworks
  readonly #endpoints: BridgeEndpoints
  readonly #publisher: BridgePublisher

  /** @throws TsnetError `input` for a file that cannot be understood, `usage` for settings that cannot be */
  constructor(options: BridgeDriverOptions) {
    this.#parts = bridgeParts(options)
    this.#publisher = new BridgePublisher(this.#parts)
    this.#endpoints = new BridgeEndpoints(this.#parts, this.#publisher)
    this.#networks = new BridgeNetworks(this.#parts, this.#endpoints)
  }

  capabilities(): Promise<DriverCapabilities> {
    return Promise.resolve({ scope: 'local', connectivityScope: 'local' })
  }

  /**
   * Makes whatever is missing of what there should be: bridges, rules, ports. For the start of a driver that goes on
   * with what another made, and whenever an engine beside us has started and put its rules.
   *
   * @throws TsnetError naming all that could not be made; the rest is there
   */
  async restore(): Promise<void> {
    const problems = [...(await this.#networks.restore()), ...(await this.#publisher.reopen())]
    if (problems.length > 0) throw new TsnetError('failed', `restore bridge networks: ${problems.join('; ')}`)
  }

  createNetwork(network: NetworkConfig): Promise<void> {
    return this.#networks.create(network)
  }

  deleteNetwork(networkId: string): Promise<void> {
    return this.#networks.delete(networkId)
  }

  createEndpoint(endpoint: EndpointConfig): Promise<EndpointInterface> {
    return this.#endpoints.create(endpoint)
  }

  deleteEndpoint(networkId: string, endpointId: string): Promise<void> {
    return this.#endpoints.delete(networkId, endpointId)
  }

  join(request: JoinRequest): Promise<JoinResult> {
    return this.#endpoints.join(request)
  }

  leave(networkId: string, endpointId: string): Promise<void> {
    return this.#publisher.revoke(networkId, endpointId)
  }

  programExternalConnectivity(request: ConnectivityRequest): Promise<void> {
    return this.#publisher.publish(request)
  }

  revokeExternalConnectivity(networkId: string, endpointId: string): Promise<void> {
    return this.#publisher.revoke(networkId, endpointId)
  }

  /** `mac`, `hostLink` (the end of its cable on the bridge), `ports` as they were published. */
  endpointInfo(networkId: string, endpointId: string): Promise<Readonly<Record<string, unknown>>> {
    return Promise.resolve(this.#endpoints.info(networkId, endpointId))
  }

  /** Ports that are held here are let go of; networks, rules and proxies stay. */
  close(): void {
    this.#parts.ports.dispose()
  }
}
