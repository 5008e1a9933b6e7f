import { join } from 'node:path'
import {
  changeLink,
  createLink,
  deleteLink,
  dumpLinks,
  getLink,
  type LinkInfo,
  NETLINK,
  NetlinkSocket,
} from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { list, number, object, type Schema, text, yesNo } from '../../model/schema.ts'
import { dockerMac } from '../docker-mac.ts'
import { isInside, parseCidr, parseIpNumber } from '../ipam/cidr.ts'
import { askAll, askKernel, isAbsent } from '../kernel-failure.ts'
import { linkAlias } from '../link-alias.ts'
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
import { randomLinkName } from '../random-link-name.ts'
import { ParentLinks } from './parent-link.ts'

/** Whose rules about parents, MACs and modes hold; they changed between these engines. */
export type DockerRules = '20.10' | '28'

export interface ParentedDriverOptions {
  readonly host: NetworkHost
  /** Of this driver alone. */
  readonly stateFolder: string
  /** Begins every link alias. */
  readonly tag: string
  /** Default 28. */
  readonly rules?: DockerRules
}

/** A network whose containers share a link of the host. */
export interface ParentedNetwork {
  readonly id: string
  /** Name of the link in the host's namespace. */
  readonly parent: string
  /** The link is one that leads nowhere, made for this network. */
  readonly dummy: boolean
  readonly mode: string
  /** bridge, private, vepa; ipvlan only. */
  readonly flag?: string
  readonly internal: boolean
  /** Bytes; absent = the parent's. */
  readonly mtu?: number
  readonly subnets: readonly ParentedSubnet[]
}

export interface ParentedSubnet {
  /** CIDR. */
  readonly pool: string
  /** Plain address. */
  readonly gateway?: string
}

export interface ParentedEndpoint {
  readonly id: string
  readonly networkId: string
  /** CIDR. */
  readonly address?: string
  readonly addressIpv6?: string
  readonly mac?: string
  /** The link's name while it is in the host's namespace; absent before it is made. */
  readonly source?: string
}

/** What tells macvlan and ipvlan apart. */
export interface ParentedKind {
  readonly name: 'macvlan' | 'ipvlan'
  /** Of links that lead nowhere: `dm-`, `di-`. */
  readonly dummyPrefix: string
  /** Mode and flag of the options. @throws TsnetError `usage` */
  readMode(options: Readonly<Record<string, string>>, rules: DockerRules): { mode: string; flag?: string }
  /** @throws TsnetError `usage` when the two may not use one parent */
  checkSharing(added: ParentedNetwork, present: ParentedNetwork, rules: DockerRules): void
  /** Whether each link has a MAC of its own. */
  readonly hasMac: boolean
  linkInfo(network: ParentedNetwork): LinkInfo
  /** Whether endpoints need no gateway, since everything is on link. */
  isOnLink(network: ParentedNetwork): boolean
}

const STORED_NETWORK: Schema<ParentedNetwork> = object<ParentedNetwork>(
  {
    id: text,
    parent: text,
    dummy: yesNo,
    mode: text,
    internal: yesNo,
    subnets: list(object<ParentedSubnet>({ pool: text }, { gateway: text })),
  },
  { flag: text, mtu: number },
)

const STORED_ENDPOINT: Schema<ParentedEndpoint> = object<ParentedEndpoint>(
  { id: text, networkId: text },
  { address: text, addressIpv6: text, mac: text, source: text },
)

const PARENT_OPTION = 'parent'
const MTU_OPTION = 'com.docker.network.driver.mtu'
const PREFIX = 'eth'
const EVERYWHERE = '0.0.0.0/0'
const EVERYWHERE_IPV6 = '::/0'
const SHORT_ID_DIGITS = 12

/** macvlan and ipvlan: containers on a link of the host, without bridge, address translation or published ports. */
export class ParentedDriver implements NetworkDriver {
  readonly name: string
  readonly #kind: ParentedKind
  readonly #host: NetworkHost
  readonly #tag: string
  readonly #rules: DockerRules
  readonly #parents: ParentLinks
  readonly #networks: ObjectStore<ParentedNetwork>
  readonly #endpoints: ObjectStore<ParentedEndpoint>

  constructor(kind: ParentedKind, { host, stateFolder, tag, rules = '28' }: ParentedDriverOptions) {
    this.name = kind.name
    this.#kind = kind
    this.#host = host
    this.#tag = tag
    this.#rules = rules
    this.#parents = new ParentLinks(host, tag)
    this.#networks = new ObjectStore(join(stateFolder, 'networks'), STORED_NETWORK)
    this.#endpoints = new ObjectStore(join(stateFolder, 'endpoints'), STORED_ENDPOINT)
  }

  async capabilities(): Promise<DriverCapabilities> {
    return { scope: 'local', connectivityScope: 'global' }
  }

  async createNetwork(config: NetworkConfig): Promise<void> {
    const network = this.#networkOf(config)
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
      ...(present?.source === undefined ? {} : { source: present.source }),
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
    const link = this.#present(endpoint, sandboxFd) ?? this.#makeLink(network, endpoint, sandboxFd)
    return { interfaceName: { ...link, prefix: PREFIX }, ...this.#waysOut(network, endpoint) }
  }

  /** Inside a sandbox the link goes with it, or is taken away by whoever moved it there. */
  async leave(_networkId: string, endpointId: string): Promise<void> {
    const endpoint = this.#endpoints.get(endpointId)
    if (endpoint?.source === undefined) return
    const { source, ...left } = endpoint
    const { route } = this.#host
    try {
      const { index, alias } = getLink(route, { name: source })
      if (alias === this.#alias(endpoint))
        askKernel(`delete link ${source}`, () => route.request(deleteLink({ index })))
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
    this.#endpoints.put(endpointId, left)
  }

  /** Whoever sees the parent's network reaches the containers as they are. */
  async programExternalConnectivity(): Promise<void> {}

  async revokeExternalConnectivity(): Promise<void> {}

  async endpointInfo(): Promise<Readonly<Record<string, unknown>>> {
    return {}
  }

  #networkOf(config: NetworkConfig): ParentedNetwork {
    const { id, options, internal, enableIpv4, ipv4, ipv6 } = config
    if (enableIpv4 && (ipv4.length === 0 || ipv4[0]?.pool === EVERYWHERE)) {
      throw new TsnetError('usage', `${this.name} network: ipv4 pool is empty`)
    }
    const named = options[PARENT_OPTION] ?? ''
    const mtu = readMtu(options[MTU_OPTION])
    return {
      id,
      parent: named === '' ? `${this.#kind.dummyPrefix}${id.slice(0, SHORT_ID_DIGITS)}` : named,
      dummy: named === '',
      ...this.#kind.readMode(options, this.#rules),
      internal,
      ...(mtu === undefined ? {} : { mtu }),
      subnets: [...ipv4, ...ipv6].map(({ pool, gateway }) => ({
        pool,
        ...(gateway === undefined ? {} : { gateway: gateway.replace(/\/.*/, '') }),
      })),
    }
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

  /** Up to Docker 27 the MAC follows from the address; since 28 it is random. */
  #chooseMac({ address }: EndpointInterface, present: ParentedEndpoint | undefined): string | undefined {
    if (!this.#kind.hasMac) return undefined
    if (present?.mac !== undefined) return present.mac
    return dockerMac(this.#rules === '20.10' ? address?.replace(/\/.*/, '') : undefined)
  }

  #alias({ id }: ParentedEndpoint): string {
    return linkAlias(this.#tag, { kind: 'endpoint', id })
  }

  /** The link that an earlier call made, in the host's namespace or in the sandbox. */
  #present(
    endpoint: ParentedEndpoint,
    sandboxFd: number | undefined,
  ): { source: string; inSandbox: boolean } | undefined {
    if (endpoint.source === undefined) return undefined
    const alias = this.#alias(endpoint)
    const here = findByAlias(this.#host.route, alias)
    if (here !== undefined) return { source: here, inSandbox: false }
    if (sandboxFd === undefined) return undefined
    const sandbox = new NetlinkSocket(NETLINK.ROUTE, { namespace: { fd: sandboxFd } })
    try {
      const inside = findByAlias(sandbox, alias)
      return inside === undefined ? undefined : { source: inside, inSandbox: true }
    } finally {
      sandbox.close()
    }
  }

  #makeLink(
    network: ParentedNetwork,
    endpoint: ParentedEndpoint,
    sandboxFd: number | undefined,
  ): { source: string; inSandbox: boolean } {
    const source = randomLinkName()
    this.#endpoints.put(endpoint.id, { ...endpoint, source })
    const { route } = this.#host
    const create = createLink({
      kind: this.name,
      name: source,
      link: this.#parents.index(network.parent),
      info: this.#kind.linkInfo(network),
      mtu: network.mtu,
      mac: this.#kind.hasMac ? endpoint.mac : undefined,
      namespace: sandboxFd === undefined ? undefined : { fd: sandboxFd },
    })
    const mark = changeLink(0, { name: source, alias: this.#alias(endpoint) })
    askAll(route, `${this.name} link on ${network.parent}`, [
      { what: 'make it', request: create },
      ...(sandboxFd === undefined ? [{ what: 'mark it', request: mark }] : []),
    ])
    return { source, inSandbox: sandboxFd !== undefined }
  }

  #waysOut(network: ParentedNetwork, endpoint: ParentedEndpoint): Omit<JoinResult, 'interfaceName'> {
    if (network.internal) return { routes: [], disableGatewayService: true }
    if (this.#kind.isOnLink(network)) {
      const destinations = [
        ...(endpoint.address === undefined ? [] : [EVERYWHERE]),
        ...(endpoint.addressIpv6 === undefined ? [] : [EVERYWHERE_IPV6]),
      ]
      return { routes: destinations.map((destination) => ({ destination })), disableGatewayService: true }
    }
    const gateway = gatewayOf(network, endpoint.address)
    const gatewayIpv6 = gatewayOf(network, endpoint.addressIpv6)
    return {
      ...(gateway === undefined ? {} : { gateway }),
      ...(gatewayIpv6 === undefined ? {} : { gatewayIpv6 }),
      routes: [],
      disableGatewayService: false,
    }
  }
}

function findByAlias(socket: NetlinkSocket, alias: string): string | undefined {
  return askKernel('list links', () => dumpLinks(socket)).find((link) => link.alias === alias)?.name
}

/** The gateway of the subnet that the address is in. */
function gatewayOf({ subnets }: ParentedNetwork, cidr: string | undefined): string | undefined {
  if (cidr === undefined) return undefined
  const address = parseIpNumber(cidr.replace(/\/.*/, ''))
  return subnets.find(({ pool }) => isInside(parseCidr(pool), address))?.gateway
}

function readMtu(value: string | undefined): number | undefined {
  if (value === undefined || value === '' || value === '0') return undefined
  if (/^\d{1,5}$/.test(value)) return Number(value)
  throw new TsnetError('usage', `option ${MTU_OPTION}=${value}: not a number of bytes`)
}
