import { join } from 'node:path'
import { dictionary, list, number, object, oneOf, pair, type Schema, text, yesNo } from '../../../model/schema.ts'
import type { FirewallMemory, FirewallMemoryContent, PortRules } from '../../firewall/firewall.ts'
import type { PortBinding } from '../../network-driver.ts'
import { ObjectStore } from '../../object-store.ts'
import type { PublishedPort } from '../../ports/port-publisher.ts'
import { type BridgeSettings, SETTINGS_SCHEMA } from './bridge-settings.ts'

export interface NetworkRecord {
  readonly id: string
  /** Rises with each object, as its rules' places depend on when they were put. */
  readonly sequence: number
  readonly settings: BridgeSettings
  /** CIDRs that a bridge which was there already lacked. */
  readonly lent?: readonly string[]
}

export interface EndpointRecord {
  readonly id: string
  readonly sequence: number
  readonly networkId: string
  /** The host's end of the pair of links. */
  readonly outer: string
  readonly inner: string
  readonly mac: string
  /** CIDR. */
  readonly address?: string
  readonly addressIpv6?: string
  /** The inner end was made in the sandbox. */
  readonly inSandbox: boolean
  readonly publication?: Publication
}

/** What became of the port bindings of an endpoint. */
export interface Publication {
  readonly bindings: readonly PortBinding[]
  readonly published: readonly PublishedPort[]
  /** Reachable at the container's own address. */
  readonly opened: readonly PortRules[]
}

/** What was changed of the host itself. */
export interface HostRecord extends FirewallMemoryContent {
  /** Settings below /proc/sys/net, in the order of the changes: what they were, what they are. */
  readonly sysctls: Readonly<Record<string, readonly [was: string, is: string]>>
}

const PROTOCOL = oneOf('tcp', 'udp', 'sctp')
const PUBLISHED: Schema<PublishedPort> = object<PublishedPort>(
  { protocol: PROTOCOL, hostAddress: text, hostPort: number, containerAddress: text, containerPort: number },
  {},
)
const BINDING: Schema<PortBinding> = object<PortBinding>(
  { protocol: PROTOCOL, port: number, hostPort: number, hostPortEnd: number },
  { hostAddress: text },
)
const NETWORK: Schema<NetworkRecord> = object<NetworkRecord>(
  { id: text, sequence: number, settings: SETTINGS_SCHEMA },
  { lent: list(text) },
)
const ENDPOINT: Schema<EndpointRecord> = object<EndpointRecord>(
  { id: text, sequence: number, networkId: text, outer: text, inner: text, mac: text, inSandbox: yesNo },
  {
    address: text,
    addressIpv6: text,
    publication: object<Publication>(
      { bindings: list(BINDING), published: list(PUBLISHED), opened: list(PUBLISHED) },
      {},
    ),
  },
)
const HOST: Schema<HostRecord> = object<HostRecord>(
  { sysctls: dictionary(pair(text)), tables: list(text), policies: list(oneOf('ip', 'ip6')) },
  {},
)

const HOST_ID = 'host'
const UNTOUCHED: HostRecord = { sysctls: {}, tables: [], policies: [] }

/** What a bridge driver knows, kept in files so that the next one on the same folder knows it too. */
export class BridgeRecords {
  readonly #networks: ObjectStore<NetworkRecord>
  readonly #endpoints: ObjectStore<EndpointRecord>
  readonly #host: ObjectStore<HostRecord>
  #sequence: number

  /** @throws TsnetError `input` for a file that cannot be understood */
  constructor(folder: string) {
    this.#networks = new ObjectStore(join(folder, 'networks'), NETWORK)
    this.#endpoints = new ObjectStore(join(folder, 'endpoints'), ENDPOINT)
    this.#host = new ObjectStore(join(folder, 'host'), HOST)
    this.#sequence = Math.max(0, ...[...this.networks(), ...this.endpoints()].map(({ sequence }) => sequence))
  }

  nextSequence(): number {
    return ++this.#sequence
  }

  /** Oldest first. */
  networks(): NetworkRecord[] {
    return [...this.#networks.all().values()].sort((a, b) => a.sequence - b.sequence)
  }

  network(id: string): NetworkRecord | undefined {
    return this.#networks.get(id)
  }

  putNetwork(record: NetworkRecord): void {
    this.#networks.put(record.id, record)
  }

  deleteNetwork(id: string): void {
    this.#networks.delete(id)
  }

  /** Oldest first; of one network if given. */
  endpoints(networkId?: string): EndpointRecord[] {
    return [...this.#endpoints.all().values()]
      .filter((endpoint) => networkId === undefined || endpoint.networkId === networkId)
      .sort((a, b) => a.sequence - b.sequence)
  }

  endpoint(networkId: string, id: string): EndpointRecord | undefined {
    const endpoint = this.#endpoints.get(id)
    return endpoint?.networkId === networkId ? endpoint : undefined
  }

  putEndpoint(record: EndpointRecord): void {
    this.#endpoints.put(record.id, record)
  }

  deleteEndpoint(id: string): void {
    this.#endpoints.delete(id)
  }

  get host(): HostRecord {
    return this.#host.get(HOST_ID) ?? UNTOUCHED
  }

  changeHost(change: Partial<HostRecord>): void {
    const record = { ...this.host, ...change }
    const isUntouched = Object.keys(record.sysctls).length + record.tables.length + record.policies.length === 0
    if (isUntouched) this.#host.delete(HOST_ID)
    else this.#host.put(HOST_ID, record)
  }

  get firewallMemory(): FirewallMemory {
    return { read: () => this.host, write: (content) => this.changeHost(content) }
  }
}
