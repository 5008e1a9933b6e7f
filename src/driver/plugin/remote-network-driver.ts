import { TsnetError } from '../../errors.ts'
import { parseIp } from '../../model/ip-bytes.ts'
import { parseCidr } from '../ipam/cidr.ts'
import type {
  ConnectivityRequest,
  DriverCapabilities,
  EndpointConfig,
  EndpointInterface,
  JoinRequest,
  JoinResult,
  NetworkConfig,
  NetworkDriver,
} from '../network-driver.ts'
import { goAny } from './go-json.ts'
import { isMac } from './mac.ts'
import {
  decodeInterface,
  decodeJoinAnswer,
  encodeConnectivity,
  encodeEndpoint,
  encodeIds,
  encodeJoin,
  encodeNetwork,
} from './network-messages.ts'
import type { PluginClient } from './plugin-client.ts'
import { openPlugin, type RemoteOptions } from './remote-plugin.ts'
import { wireCapabilities, wireEndpointAnswer, wireEndpointInfo, wireJoinAnswer } from './wire.ts'

/** A network driver behind a plugin socket or URL, held to the rules that an engine enforces. */
export class RemoteNetworkDriver implements NetworkDriver {
  readonly name: string
  readonly #client: PluginClient
  readonly #capabilities: DriverCapabilities

  private constructor(name: string, client: PluginClient, capabilities: DriverCapabilities) {
    this.name = name
    this.#client = client
    this.#capabilities = capabilities
  }

  /**
   * @param plugin name, path of a socket, or URL
   * @throws TsnetError `failed` when it cannot be used as a network driver
   */
  static async open(plugin: string, options: RemoteOptions = {}): Promise<RemoteNetworkDriver> {
    const client = await openPlugin(plugin, 'NetworkDriver', options)
    const answer = await client.call('NetworkDriver.GetCapabilities', wireCapabilities)
    const scope = scopeOf(answer.Scope)
    const connectivityScope = answer.ConnectivityScope === '' ? scope : scopeOf(answer.ConnectivityScope)
    return new RemoteNetworkDriver(plugin, client, { scope, connectivityScope })
  }

  async capabilities(): Promise<DriverCapabilities> {
    return this.#capabilities
  }

  async createNetwork(network: NetworkConfig): Promise<void> {
    await this.#client.call('NetworkDriver.CreateNetwork', goAny, encodeNetwork(network))
  }

  async deleteNetwork(networkId: string): Promise<void> {
    await this.#client.call('NetworkDriver.DeleteNetwork', goAny, { NetworkID: networkId })
  }

  async createEndpoint(endpoint: EndpointConfig): Promise<EndpointInterface> {
    const answer = await this.#client.call('NetworkDriver.CreateEndpoint', wireEndpointAnswer, encodeEndpoint(endpoint))
    try {
      return checkedInterface(endpoint.interface, decodeInterface(answer.Interface))
    } catch (error) {
      // the first error is the one to tell
      await this.deleteEndpoint(endpoint.networkId, endpoint.id).catch(() => undefined)
      throw error
    }
  }

  async deleteEndpoint(networkId: string, endpointId: string): Promise<void> {
    await this.#client.call('NetworkDriver.DeleteEndpoint', goAny, encodeIds(networkId, endpointId))
  }

  async join(join: JoinRequest): Promise<JoinResult> {
    const answer = await this.#client.call('NetworkDriver.Join', wireJoinAnswer, encodeJoin(join))
    try {
      return checkedJoin(decodeJoinAnswer(answer))
    } catch (error) {
      await this.leave(join.networkId, join.endpointId).catch(() => undefined)
      throw error
    }
  }

  async leave(networkId: string, endpointId: string): Promise<void> {
    await this.#client.call('NetworkDriver.Leave', goAny, encodeIds(networkId, endpointId))
  }

  async programExternalConnectivity(request: ConnectivityRequest): Promise<void> {
    const message = encodeConnectivity(request)
    await this.#client.callIfKnown('NetworkDriver.ProgramExternalConnectivity', goAny, message)
  }

  async revokeExternalConnectivity(networkId: string, endpointId: string): Promise<void> {
    const message = encodeIds(networkId, endpointId)
    await this.#client.callIfKnown('NetworkDriver.RevokeExternalConnectivity', goAny, message)
  }

  async endpointInfo(networkId: string, endpointId: string): Promise<Readonly<Record<string, unknown>>> {
    const message = encodeIds(networkId, endpointId)
    return (await this.#client.call('NetworkDriver.EndpointOperInfo', wireEndpointInfo, message)).Value
  }
}

function scopeOf(text: string): 'local' | 'global' {
  if (text === 'local' || text === 'global') return text
  throw new TsnetError('failed', `invalid capability: expecting 'local' or 'global', got ${text}`)
}

/** A driver may fill what was open, and nothing else, not even with what is there. */
function checkedInterface(given: EndpointInterface, answered: EndpointInterface): EndpointInterface {
  for (const field of ['mac', 'address', 'addressIpv6'] as const) {
    const [before, now] = [given[field], answered[field]]
    if (now === undefined) continue
    if (before !== undefined) {
      throw new TsnetError('failed', `driver modified ${field} of the interface: ${before}, answered ${now}`)
    }
    if (field === 'mac' ? !isMac(now) : parseCidr(now).family !== (field === 'address' ? 4 : 6)) {
      throw new TsnetError('failed', `driver answered the ${field} ${now}, which is none`)
    }
  }
  return answered
}

function checkedJoin(join: JoinResult): JoinResult {
  const addresses = [join.gateway, join.gatewayIpv6, ...join.routes.map(({ nextHop }) => nextHop)]
  for (const address of addresses) {
    if (address !== undefined && parseIp(address) === undefined) {
      throw new TsnetError('failed', `driver answered the gateway ${JSON.stringify(address)}, which is no address`)
    }
  }
  for (const { destination } of join.routes) parseCidr(destination)
  return join
}
