import { join } from 'node:path'
import { TsnetError } from '../../../errors.ts'
import { dockerMac } from '../../docker-mac.ts'
import type {
  DriverCapabilities,
  EndpointConfig,
  EndpointInterface,
  JoinRequest,
  JoinResult,
  NetworkConfig,
  NetworkDriver,
} from '../../network-driver.ts'
import type { NetworkHost } from '../../network-host.ts'
import { ObjectStore } from '../../object-store.ts'
import { takeAll } from '../../undo.ts'
import { OverlayEncryption, type OverlayEncryptionOptions } from './overlay-encryption.ts'
import {
  type OverlayEndpoint,
  type OverlayNetwork,
  type OverlayPeer,
  overlayNetwork,
  routesFrom,
  STORED_ENDPOINT,
  STORED_NETWORK,
  STORED_PEER,
  subnetOf,
} from './overlay-network.ts'
import { OverlaySandbox, type SandboxPlace } from './overlay-sandbox.ts'

export interface OverlayDriverOptions {
  readonly host: NetworkHost
  /** Of this driver alone. */
  readonly stateFolder: string
  /** Begins every link alias. */
  readonly tag: string
  /** The nsfs file of the namespace that a network has on this host. */
  sandboxPath(networkId: string): string
  /** Absent = no network can be encrypted. */
  readonly encryption?: OverlayEncryptionOptions
}

/**
 * Networks that span hosts, as Docker's overlay driver builds them: VXLAN between the hosts, in a namespace of the
 * network on each, with permanent entries for every container that is elsewhere. Who is where is told by
 * {@link addPeer} and {@link removePeer}, which Docker's gossip does in a swarm and `lab up` in a lab.
 *
 * The way out of such a network is another endpoint, in the bridge network docker_gwbridge.
 */
export class OverlayDriver implements NetworkDriver {
  readonly name = 'overlay'
  readonly #options: OverlayDriverOptions
  readonly #networks: ObjectStore<OverlayNetwork>
  readonly #endpoints: ObjectStore<OverlayEndpoint>
  readonly #peers: ObjectStore<OverlayPeer>
  readonly #encryption: OverlayEncryption | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: OverlayDriverOptions) {
    const { host, stateFolder, encryption } = options
    this.#options = options
    this.#encryption = encryption && new OverlayEncryption(host, encryption)
    this.#networks = new ObjectStore(join(stateFolder, 'networks'), STORED_NETWORK)
    this.#endpoints = new ObjectStore(join(stateFolder, 'endpoints'), STORED_ENDPOINT)
    this.#peers = new ObjectStore(join(stateFolder, 'peers'), STORED_PEER)
  }

  async capabilities(): Promise<DriverCapabilities> {
    return { scope: 'global', connectivityScope: 'global' }
  }

  /** Nothing is made before the first container of this host joins, but for the rules of an encrypted one. */
  createNetwork(config: NetworkConfig): Promise<void> {
    return this.#inTurn(async () => {
      const network = overlayNetwork(config)
      this.#checkIds(network)
      if (network.encrypted && this.#encryption === undefined) {
        throw new TsnetError('usage', `overlay network ${network.id}: encrypted, but there are no keys`)
      }
      const isNew = this.#networks.get(network.id) === undefined
      this.#networks.put(network.id, network)
      try {
        await this.#protect(network)
      } catch (error) {
        await this.#unprotect(network).catch(() => undefined)
        if (isNew) this.#networks.delete(network.id)
        throw error
      }
    })
  }

  deleteNetwork(networkId: string): Promise<void> {
    return this.#inTurn(async () => {
      const network = this.#networks.get(networkId)
      if (network === undefined) return
      OverlaySandbox.remove(network, this.#place(networkId))
      for (const { id } of this.#endpointsOf(networkId)) this.#endpoints.delete(id)
      for (const peer of this.#peersOf(networkId)) this.#peers.delete(keyOf(peer))
      this.#setNodes(network)
      await this.#unprotect(network)
      this.#networks.delete(networkId)
    })
  }

  async createEndpoint({ networkId, id, interface: given }: EndpointConfig): Promise<EndpointInterface> {
    const network = this.#network(networkId)
    const { address } = given
    if (address === undefined || subnetOf(network, address) < 0) {
      throw new TsnetError('usage', `overlay network ${networkId}: no subnet of it has ${address ?? 'an address'}`)
    }
    const mac = given.mac ?? dockerMac(address.replace(/\/.*/, ''))
    this.#endpoints.put(id, { ...this.#endpoints.get(id), id, networkId, address, mac })
    return given.mac === undefined ? { mac } : {}
  }

  async deleteEndpoint(networkId: string, endpointId: string): Promise<void> {
    await this.leave(networkId, endpointId)
    this.#endpoints.delete(endpointId)
  }

  join({ networkId, endpointId, sandboxFd }: JoinRequest): Promise<JoinResult> {
    return this.#inTurn(async () => {
      const network = this.#network(networkId)
      const endpoint = this.#endpoints.get(endpointId)
      if (endpoint?.networkId !== networkId) {
        throw new TsnetError('failed', `overlay network ${networkId}: no endpoint ${endpointId}`)
      }
      const own = subnetOf(network, endpoint.address)
      const { inner, madeIn } = await this.#attach(
        network,
        { ...endpoint, madeIn: endpoint.madeIn ?? 'host' },
        sandboxFd,
      )
      return {
        interfaceName: { source: inner, inSandbox: madeIn === 'sandbox', prefix: 'eth' },
        routes: routesFrom(network, own),
        disableGatewayService: network.internal,
      }
    })
  }

  async #attach(network: OverlayNetwork, endpoint: OverlayEndpoint, sandboxFd: number | undefined) {
    // known before anything is made, so that whoever starts after a crash knows that there is a sandbox
    this.#endpoints.put(endpoint.id, endpoint)
    const sandbox = OverlaySandbox.open(network, this.#place(network.id))
    try {
      const isNew = await sandbox.ensureSubnet(subnetOf(network, endpoint.address))
      if (isNew) sandbox.addPeers(this.#peersOf(network.id))
      const made = sandbox.attach(endpoint, sandboxFd)
      this.#endpoints.put(endpoint.id, { ...endpoint, ...made })
      return made
    } finally {
      sandbox.close()
    }
  }

  /** With the last container of this host, the network has nothing here. */
  leave(networkId: string, endpointId: string): Promise<void> {
    return this.#inTurn(async () => {
      const network = this.#networks.get(networkId)
      const endpoint = this.#endpoints.get(endpointId)
      if (network === undefined || endpoint?.madeIn === undefined) return
      const { inner: _inner, madeIn: _madeIn, ...left } = endpoint
      if (this.#joined(networkId).some(({ id }) => id !== endpointId)) this.#detach(network, endpointId)
      else OverlaySandbox.remove(network, this.#place(networkId))
      this.#endpoints.put(endpointId, left)
    })
  }

  #detach(network: OverlayNetwork, endpointId: string): void {
    const place = this.#place(network.id)
    if (!OverlaySandbox.isThere(network, place)) return
    const sandbox = OverlaySandbox.open(network, place)
    try {
      sandbox.detach(endpointId)
    } finally {
      sandbox.close()
    }
  }

  /** A container of another host is there, or has moved. */
  addPeer(peer: OverlayPeer): Promise<void> {
    return this.#inTurn(async () => {
      const network = this.#network(peer.networkId)
      if (subnetOf(network, peer.address) < 0) {
        throw new TsnetError('usage', `overlay network ${network.id}: no subnet of it has the peer ${peer.address}`)
      }
      const before = this.#peers.get(keyOf(peer))
      this.#peers.put(keyOf(peer), peer)
      // before anything can be sent there
      this.#setNodes(network)
      this.#within(network, (sandbox) => {
        if (before !== undefined && JSON.stringify(before) !== JSON.stringify(peer)) sandbox.removePeer(before)
        sandbox.addPeers([peer])
      })
    })
  }

  /** A container of another host is gone. No error when it was not known. */
  removePeer(networkId: string, endpointId: string): Promise<void> {
    return this.#inTurn(async () => {
      const peer = this.#peers.get(keyOf({ networkId, endpointId }))
      const network = this.#networks.get(networkId)
      if (peer === undefined) return
      if (network !== undefined) this.#within(network, (sandbox) => sandbox.removePeer(peer))
      this.#peers.delete(keyOf(peer))
      if (network !== undefined) this.#setNodes(network)
    })
  }

  async #protect({ encrypted, subnets }: OverlayNetwork): Promise<void> {
    if (encrypted) await this.#encryption?.protect(subnets.map(({ vni }) => vni))
  }

  async #unprotect({ encrypted, subnets }: OverlayNetwork): Promise<void> {
    if (encrypted) await this.#encryption?.unprotect(subnets.map(({ vni }) => vni))
  }

  /** Whoever has containers of an encrypted network is sent to by ESP, whichever network it is. */
  #setNodes({ encrypted }: OverlayNetwork): void {
    if (!encrypted) return
    const peers = [...this.#peers.all().values()].filter((peer) => this.#networks.get(peer.networkId)?.encrypted)
    this.#encryption?.setNodes(new Set(peers.map(({ vtep }) => vtep)))
  }

  /** Does something in the sandbox of a network, if there is one now. */
  #within(network: OverlayNetwork, action: (sandbox: OverlaySandbox) => void): void {
    const place = this.#place(network.id)
    if (!OverlaySandbox.isThere(network, place)) return
    const sandbox = OverlaySandbox.open(network, place)
    try {
      action(sandbox)
    } finally {
      sandbox.close()
    }
  }

  /** Ports are published by way of docker_gwbridge. */
  async programExternalConnectivity(): Promise<void> {}

  async revokeExternalConnectivity(): Promise<void> {}

  /** `mac`, `vni` and `sandbox`: the path of the network's namespace on this host. */
  async endpointInfo(networkId: string, endpointId: string): Promise<Readonly<Record<string, unknown>>> {
    const network = this.#network(networkId)
    const endpoint = this.#endpoints.get(endpointId)
    if (endpoint === undefined) throw new TsnetError('usage', `endpoint ${endpointId}: not found`)
    const subnet = network.subnets[subnetOf(network, endpoint.address)]
    return { mac: endpoint.mac, vni: subnet?.vni, sandbox: this.#place(networkId).path }
  }

  /** Makes what is missing of the sandboxes that should be there, takes away those that should not. */
  restore(): Promise<void> {
    return this.#inTurn(() =>
      takeAll(
        'restore overlay networks',
        [...this.#networks.all().values()].map((network) => () => this.#restore(network)),
      ),
    )
  }

  async #restore(network: OverlayNetwork): Promise<void> {
    await this.#protect(network)
    this.#setNodes(network)
    const joined = this.#joined(network.id)
    if (joined.length === 0) {
      OverlaySandbox.remove(network, this.#place(network.id))
      return
    }
    const sandbox = OverlaySandbox.open(network, this.#place(network.id))
    try {
      for (const position of new Set(joined.map(({ address }) => subnetOf(network, address)))) {
        await sandbox.ensureSubnet(position)
      }
      sandbox.addPeers(this.#peersOf(network.id))
    } finally {
      sandbox.close()
    }
  }

  #place(networkId: string): SandboxPlace {
    const { host, tag, sandboxPath } = this.#options
    return { host, tag, path: sandboxPath(networkId) }
  }

  #network(id: string): OverlayNetwork {
    const network = this.#networks.get(id)
    if (network) return network
    throw new TsnetError('failed', `overlay network ${id}: not known`)
  }

  #endpointsOf(networkId: string): readonly OverlayEndpoint[] {
    return [...this.#endpoints.all().values()].filter((endpoint) => endpoint.networkId === networkId)
  }

  #joined(networkId: string): readonly OverlayEndpoint[] {
    return this.#endpointsOf(networkId).filter(({ madeIn }) => madeIn !== undefined)
  }

  #peersOf(networkId: string): readonly OverlayPeer[] {
    return [...this.#peers.all().values()].filter((peer) => peer.networkId === networkId)
  }

  /** The kernel has one device of an id in a namespace. */
  #checkIds({ id, subnets }: OverlayNetwork): void {
    const others = [...this.#networks.all().values()].filter((other) => other.id !== id)
    const taken = new Map(others.flatMap((other) => other.subnets.map(({ vni }) => [vni, other.id])))
    for (const { vni } of subnets) {
      const owner = taken.get(vni)
      if (owner === undefined) continue
      throw new TsnetError('failed', `overlay network ${id}: VXLAN id ${vni} belongs to network ${owner} already`)
    }
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

function keyOf({ networkId, endpointId }: Pick<OverlayPeer, 'networkId' | 'endpointId'>): string {
  return `${networkId}.${endpointId}`
}
