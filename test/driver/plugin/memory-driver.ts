import type {
  ConnectivityRequest,
  EndpointConfig,
  EndpointInterface,
  JoinRequest,
  JoinResult,
  NetworkConfig,
  NetworkDriver,
} from '../../../src/driver/network-driver.ts'
import { TsnetError } from '../../../src/errors.ts'

/**
 * The smallest driver that keeps the contract: it remembers what it was told and makes nothing in the kernel.
 * Gateways are those of the pools, a link is called after its endpoint.
 */
export class MemoryDriver implements NetworkDriver {
  readonly name = 'memory'
  readonly networks = new Map<string, NetworkConfig>()
  readonly endpoints = new Map<string, EndpointConfig>()
  readonly joined = new Map<string, JoinRequest>()
  readonly published = new Map<string, ConnectivityRequest>()

  async capabilities() {
    return { scope: 'local', connectivityScope: 'local' } as const
  }

  async createNetwork(network: NetworkConfig): Promise<void> {
    this.networks.set(network.id, network)
  }

  async deleteNetwork(networkId: string): Promise<void> {
    this.networks.delete(networkId)
  }

  async createEndpoint(endpoint: EndpointConfig): Promise<EndpointInterface> {
    this.#network(endpoint.networkId)
    this.endpoints.set(endpoint.id, endpoint)
    return endpoint.interface.mac === undefined ? { mac: `02:77:${hexPairs(endpoint.id)}` } : {}
  }

  async deleteEndpoint(_: string, endpointId: string): Promise<void> {
    this.endpoints.delete(endpointId)
  }

  async join(join: JoinRequest): Promise<JoinResult> {
    const { ipv4, ipv6 } = this.#network(join.networkId)
    this.#endpoint(join.endpointId)
    this.joined.set(join.endpointId, join)
    const plain = (cidr: string | undefined) => cidr?.split('/')[0]
    const [gateway, gatewayIpv6] = [plain(ipv4[0]?.gateway), plain(ipv6[0]?.gateway)]
    return {
      interfaceName: { source: `mem${join.endpointId.slice(0, 8)}`, prefix: 'eth' },
      ...(gateway === undefined ? {} : { gateway }),
      ...(gatewayIpv6 === undefined ? {} : { gatewayIpv6 }),
      routes: [{ destination: '192.0.2.0/24' }],
      disableGatewayService: false,
    }
  }

  async leave(_: string, endpointId: string): Promise<void> {
    this.joined.delete(endpointId)
  }

  async programExternalConnectivity(connectivity: ConnectivityRequest): Promise<void> {
    this.#endpoint(connectivity.endpointId)
    this.published.set(connectivity.endpointId, connectivity)
  }

  async revokeExternalConnectivity(_: string, endpointId: string): Promise<void> {
    this.published.delete(endpointId)
  }

  async endpointInfo(_: string, endpointId: string) {
    this.#endpoint(endpointId)
    return { link: `mem${endpointId.slice(0, 8)}` }
  }

  #network(id: string): NetworkConfig {
    const network = this.networks.get(id)
    if (network === undefined) throw new TsnetError('failed', `network ${id}: is unknown`)
    return network
  }

  #endpoint(id: string): EndpointConfig {
    const endpoint = this.endpoints.get(id)
    if (endpoint === undefined) throw new TsnetError('failed', `endpoint ${id}: is unknown`)
    return endpoint
  }
}

function hexPairs(id: string): string {
  return id.slice(0, 8).match(/../g)?.join(':') ?? '00:00:00:00'
}
