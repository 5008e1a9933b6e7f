import { TsnetError } from '../../errors.ts'
import { object, type Schema, text } from '../../model/schema.ts'
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
import { ObjectStore } from '../object-store.ts'

/** `docker network create -o tsnet.driver=macvlan`. */
export const DRIVER_OPTION = 'tsnet.driver'

interface Choice {
  readonly driver: string
}

const CHOICE: Schema<Choice> = object<Choice>({ driver: text }, {})

export interface ChosenDriverOptions {
  /** By name. */
  readonly drivers: ReadonlyMap<string, NetworkDriver>
  /** Of networks without {@link DRIVER_OPTION}. */
  readonly defaultName: string
  /** Folder of its own, where it is kept which network is whose. */
  readonly stateFolder: string
}

/** Several drivers as one, for an engine that knows a plugin by one name: each network says which it wants. */
export class ChosenDriver implements NetworkDriver {
  readonly name = 'tsnet'
  readonly #drivers: ReadonlyMap<string, NetworkDriver>
  readonly #defaultName: string
  readonly #choices: ObjectStore<Choice>

  constructor({ drivers, defaultName, stateFolder }: ChosenDriverOptions) {
    this.#drivers = drivers
    this.#defaultName = defaultName
    this.#choices = new ObjectStore(stateFolder, CHOICE)
  }

  /** An engine asks once for all networks: what holds for each of them. */
  async capabilities(): Promise<DriverCapabilities> {
    return { scope: 'local', connectivityScope: 'local' }
  }

  async createNetwork(network: NetworkConfig): Promise<void> {
    const name = network.options[DRIVER_OPTION] ?? this.#defaultName
    const driver = this.#drivers.get(name)
    if (driver === undefined) {
      throw new TsnetError('usage', `network ${network.id}: there is no driver ${JSON.stringify(name)}`, {
        hint: `-o ${DRIVER_OPTION}=${[...this.#drivers.keys()].join('|')}`,
      })
    }
    const before = this.#choices.get(network.id)
    if (before !== undefined && before.driver !== name) {
      throw new TsnetError('failed', `network ${network.id}: it is there already, and of the driver ${before.driver}`)
    }
    // known before it is made: what is made must be found again
    this.#choices.put(network.id, { driver: name })
    try {
      await driver.createNetwork(network)
    } catch (error) {
      if (before === undefined) this.#choices.delete(network.id)
      throw error
    }
  }

  async deleteNetwork(networkId: string): Promise<void> {
    for (const driver of this.#candidates(networkId)) await driver.deleteNetwork(networkId)
    this.#choices.delete(networkId)
  }

  async createEndpoint(endpoint: EndpointConfig): Promise<EndpointInterface> {
    return this.#driverOf(endpoint.networkId).createEndpoint(endpoint)
  }

  async deleteEndpoint(networkId: string, endpointId: string): Promise<void> {
    for (const driver of this.#candidates(networkId)) await driver.deleteEndpoint(networkId, endpointId)
  }

  async join(join: JoinRequest): Promise<JoinResult> {
    return this.#driverOf(join.networkId).join(join)
  }

  async leave(networkId: string, endpointId: string): Promise<void> {
    for (const driver of this.#candidates(networkId)) await driver.leave(networkId, endpointId)
  }

  async programExternalConnectivity(request: ConnectivityRequest): Promise<void> {
    await this.#driverOf(request.networkId).programExternalConnectivity(request)
  }

  async revokeExternalConnectivity(networkId: string, endpointId: string): Promise<void> {
    for (const driver of this.#candidates(networkId)) await driver.revokeExternalConnectivity(networkId, endpointId)
  }

  async endpointInfo(networkId: string, endpointId: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#driverOf(networkId).endpointInfo(networkId, endpointId)
  }

  hasNetwork(networkId: string): boolean {
    return this.#choices.get(networkId) !== undefined
  }

  /** Whether any network has it. */
  async hasEndpoint(endpointId: string): Promise<boolean> {
    for (const networkId of this.#choices.all().keys()) {
      const info = this.#chosen(networkId)?.endpointInfo(networkId, endpointId)
      const isThere = info?.then(
        () => true,
        () => false,
      )
      if (await isThere) return true
    }
    return false
  }

  /** @throws TsnetError `failed` */
  #driverOf(networkId: string): NetworkDriver {
    const driver = this.#chosen(networkId)
    if (driver === undefined) throw new TsnetError('failed', `network ${networkId}: is unknown`)
    return driver
  }

  /** To take something away from: all of them when it is not known whose it is. */
  #candidates(networkId: string): readonly NetworkDriver[] {
    const driver = this.#chosen(networkId)
    return driver === undefined ? [...this.#drivers.values()] : [driver]
  }

  #chosen(networkId: string): NetworkDriver | undefined {
    const choice = this.#choices.get(networkId)
    return choice && this.#drivers.get(choice.driver)
  }
}
