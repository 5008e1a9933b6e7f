import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { TsnetError } from '../../errors.ts'
import { dockerMac } from '../docker-mac.ts'
import type {
  DriverCapabilities,
  EndpointConfig,
  EndpointInterface,
  JoinRequest,
  JoinResult,
  NetworkConfig,
  NetworkDriver,
} from '../network-driver.ts'
import type { NetworkHost } from '../network-host.ts'
import { ObjectStore } from '../object-store.ts'
import { ParentLinks } from './parent-link.ts'
import { type EndpointLink, isOccupied, ParentedLinks } from './parented-links.ts'
import {
  type DockerRules,
  type ParentedEndpoint,
  type ParentedKind,
  type ParentedNetwork,
  parentedNetwork,
  STORED_ENDPOINT,
  STORED_NETWORK,
  waysOut,
} from './parented-network.ts'

export interface ParentedDriverOptions {
  readonly host: NetworkHost
  /** Of this driver alone. */
  readonly stateFolder: string
  /** Begins every link alias. */
  readonly tag: string
  /** Default 28. */
  readonly rules?: DockerRules
  /**
   * A MAC that follows from the IPv4 address, so that a neighbour's entry stays true for the next container with it.
   * Default: as the engine of those rules, which since 28 draws one and announces it.
   */
  readonly macFromAddress?: boolean
}

const PREFIX = 'eth'
const PASSTHRU = 'passthru'
/** How long links of namespaces that are gone may be there yet. */
const LINGERING_MS = 3000
const LINGERING_POLL_MS = 20

/** macvlan and ipvlan: containers on a link of the host, without bridge, address translation or published ports. */
export class ParentedDriver implements NetworkDriver {
  readonly name: string
  readonly #kind: ParentedKind
  readonly #links: ParentedLinks
  readonly #rules: DockerRules
  readonly #macFromAddress: boolean
  readonly #parents: ParentLinks
  readonly #networks: ObjectStore<ParentedNetwork>
  readonly #endpoints: ObjectStore<ParentedEndpoint>

  constructor(kind: ParentedKind, options: ParentedDriverOptions) {
    const { host, stateFolder, tag, rules = '28', macFromAddress = rules === '20.10' } = options
    this.name = kind.name
    this.#kind = kind
    this.#links = new ParentedLinks(host, tag)
    this.#rules = rules
    this.#macFromAddress = macFromAddress
    this.#parents = new ParentLinks(host, tag)
    this.#networks = new ObjectStore(join(stateFolder, 'networks'), STORED_NETWORK)
    this.#endpoints = new ObjectStore(join(stateFolder, 'endpoints'), STORED_ENDPOINT)
  }

  async capabilities(): Promise<DriverCapabilities> {
    return { scope: 'local', connectivityScope: 'global' }
  }

  async createNetwork(config: NetworkConfig): Promise<void> {
    const network = parentedNetwork(this.#kind, this.#rules, config)
    const isNew = this.#networks.get(network.id) === undefined
    this.#checkParent(network)
    this.#networks.put(network.id, network)
    try {
      this.#parents.ensure(network.parent, { networkId: network.id, dummy: network.dummy })
    } catch (error) {
      if (isNew) this.#networks.delete(network.id)
      throw error
    }
  }

  async deleteNetwork(networkId: string): Promise<void> {
    const others = [...this.#networks.all().values()].filter(({ id }) => id !== networkId)
    this.#parents.release(networkId, new Map(others.map(({ parent, id }) => [parent, id])))
    for (const { id, networkId: network } of [...this.#endpoints.all().values()]) {
      if (network === networkId) this.#endpoints.delete(id)
    }
    this.#networks.delete(networkId)
  }

  async createEndpoint({ networkId, id, interface: given }: EndpointConfig): Promise<EndpointInterface> {
    this.#network(networkId)
    const present = this.#endpoints.get(id)
    const chosen = given.mac === undefined ? this.#chooseMac(given, present) : undefined
    if (given.mac !== undefined && !this.#kind.hasMac) {
      throw new TsnetError('usage', `${this.name} interfaces do not support custom mac address assignment`)
    }
    const mac = given.mac ?? chosen
    this.#endpoints.put(id, {
      id,
      networkId,
      ...(given.address === undefined ? {} : { address: given.address }),
      ...(given.addressIpv6 === undefined ? {} : { addressIpv6: given.addressIpv6 }),
      ...(mac === undefined ? {} : { mac }),
      ...(present?.madeIn === undefined ? {} : { madeIn: present.madeIn }),
    })
    return chosen === undefined ? {} : { mac: chosen }
  }

  async deleteEndpoint(networkId: string, endpointId: string): Promise<void> {
    await this.leave(networkId, endpointId)
    this.#endpoints.delete(endpointId)
  }

  async join({ networkId, endpointId, sandboxFd }: JoinRequest): Promise<JoinResult> {
    const network = this.#network(networkId)
    const endpoint = this.#endpoints.get(endpointId)
    if (endpoint?.networkId !== networkId) {
      throw new TsnetError('failed', `${this.name} network ${networkId}: no endpoint ${endpointId}`)
    }
    const present = endpoint.madeIn === undefined ? undefined : this.#links.find(endpoint, sandboxFd)
    const link = present ?? (await this.#makeLink(network, endpoint, sandboxFd))
    return { interfaceName: { ...link, prefix: PREFIX }, ...waysOut(this.#kind, network, endpoint) }
  }

  /** Inside a sandbox the link goes with it, or is taken away by whoever moved it there. */
  async leave(_networkId: string, endpointId: string): Promise<void> {
    const endpoint = this.#endpoints.get(endpointId)
    if (endpoint?.madeIn === undefined) return
    const { madeIn, ...left } = endpoint
    // an engine brings the link back to the host only after Leave, so that DeleteEndpoint must look again
    if (madeIn === 'host') this.#links.remove(endpointId)
    else this.#endpoints.put(endpointId, left)
  }

  /** Whoever sees the parent's network reaches the containers as they are. */
  async programExternalConnectivity(): Promise<void> {}

  async revokeExternalConnectivity(): Promise<void> {}

  async endpointInfo(): Promise<Readonly<Record<string, unknown>>> {
    return {}
  }

  /**
   * The kernel takes away the links of a namespace that went some time after it: until then they can keep a parent from
   * those of another mode, so that refusal is waited out.
   */
  async #makeLink(
    network: ParentedNetwork,
    endpoint: ParentedEndpoint,
    sandboxFd: number | undefined,
  ): Promise<EndpointLink> {
    this.#checkAlone(network, endpoint)
    this.#endpoints.put(endpoint.id, { ...endpoint, madeIn: sandboxFd === undefined ? 'host' : 'sandbox' })
    const deadline = performance.now() + LINGERING_MS
    for (;;) {
      try {
        return this.#links.make(this.#kind, { network, endpoint }, sandboxFd)
      } catch (error) {
        if (!isOccupied(error) || performance.now() > deadline) throw error
        await wait(LINGERING_POLL_MS)
      }
    }
  }

  #checkAlone({ parent, mode }: ParentedNetwork, { id }: ParentedEndpoint): void {
    const others = [...this.#endpoints.all().values()].filter((other) => other.id !== id && other.madeIn !== undefined)
    const beside = others
      .map(({ networkId }) => this.#networks.get(networkId))
      .filter((other) => other?.parent === parent)
    if (beside.length === 0 || (mode !== PASSTHRU && beside.every((other) => other?.mode !== PASSTHRU))) return
    throw new TsnetError('failed', `${this.name} link on ${parent}: one in mode ${PASSTHRU} has its parent for itself`)
  }

  #checkParent(network: ParentedNetwork): void {
    if (network.parent === 'lo') {
      throw new TsnetError('usage', `loopback interface is not a valid ${this.name} parent link`)
    }
    for (const other of this.#networks.all().values()) {
      if (other.id !== network.id && other.parent === network.parent) {
        this.#kind.checkSharing(network, other, this.#rules)
      }
    }
  }

  #network(id: string): ParentedNetwork {
    const network = this.#networks.get(id)
    if (network) return network
    throw new TsnetError('failed', `${this.name} network ${id}: not known`)
  }

  #chooseMac({ address }: EndpointInterface, present: ParentedEndpoint | undefined): string | undefined {
    if (!this.#kind.hasMac) return undefined
    if (present?.mac !== undefined) return present.mac
    return dockerMac(this.#macFromAddress ? address?.replace(/\/.*/, '') : undefined)
  }
}
