import { TsnetError } from '../../errors.ts'
import type {
  DriverCapabilities,
  EndpointInterface,
  JoinResult,
  NetworkConfig,
  NetworkDriver,
} from '../network-driver.ts'

/** A driver with one network, whose endpoints have neither link nor address. */
export class LinklessDriver implements NetworkDriver {
  readonly name: string
  /** As Docker calls it in its messages. */
  readonly #dockersName: string
  #networkId: string | undefined

  constructor(name: string, dockersName = name) {
    this.name = name
    this.#dockersName = dockersName
  }

  async capabilities(): Promise<DriverCapabilities> {
    return { scope: 'local', connectivityScope: 'local' }
  }

  async createNetwork({ id }: NetworkConfig): Promise<void> {
    if (this.#networkId !== undefined && this.#networkId !== id) {
      throw new TsnetError('usage', `only one instance of "${this.#dockersName}" network is allowed`)
    }
    this.#networkId = id
  }

  async deleteNetwork(networkId: string): Promise<void> {
    if (this.#networkId === networkId) this.#networkId = undefined
  }

  async createEndpoint(): Promise<EndpointInterface> {
    return {}
  }

  async deleteEndpoint(): Promise<void> {}

  async join(): Promise<JoinResult> {
    return { interfaceName: { prefix: 'eth' }, routes: [], disableGatewayService: true }
  }

  async leave(): Promise<void> {}

  /** Docker warns that published ports are discarded, and goes on. */
  async programExternalConnectivity(): Promise<void> {}

  async revokeExternalConnectivity(): Promise<void> {}

  async endpointInfo(): Promise<Readonly<Record<string, unknown>>> {
    return {}
  }
}
