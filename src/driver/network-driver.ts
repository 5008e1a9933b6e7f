/**
 * What a network driver does, in the terms of Docker's Container Networking Model. One interface for the drivers of
 * this program, called by the controller (labs) and by the plugin server (a Docker Engine), and for a remote driver
 * that is called through the plugin protocol.
 *
 * Every method is idempotent: repeated with the same ids it changes nothing more; deleting what is not there is no
 * error. A method that throws has undone what it did.
 */
export interface NetworkDriver {
  /** bridge, macvlan, ipvlan, host, none, or the name of a plugin. */
  readonly name: string
  capabilities(): Promise<DriverCapabilities>
  /** @throws TsnetError `usage` for options that cannot be, `failed` otherwise */
  createNetwork(network: NetworkConfig): Promise<void>
  deleteNetwork(networkId: string): Promise<void>
  /** @returns only those fields of the interface that the request left open */
  createEndpoint(endpoint: EndpointConfig): Promise<EndpointInterface>
  deleteEndpoint(networkId: string, endpointId: string): Promise<void>
  /**
   * Makes ready the link that the caller moves into the sandbox, renames and configures.
   * The link exists in the namespace of the host.
   */
  join(join: JoinRequest): Promise<JoinResult>
  leave(networkId: string, endpointId: string): Promise<void>
  /** Publishes the ports of an endpoint that gives its sandbox the default route. */
  programExternalConnectivity(connectivity: ConnectivityRequest): Promise<void>
  revokeExternalConnectivity(networkId: string, endpointId: string): Promise<void>
  /** What `inspect` shows of an endpoint besides its interface. */
  endpointInfo(networkId: string, endpointId: string): Promise<Readonly<Record<string, unknown>>>
  /**
   * At a start, before anything else: makes whatever is missing of all that an earlier driver made on the same state.
   * Absent = the repeated calls for each network and endpoint do.
   */
  restore?(): Promise<void>
}

export interface DriverCapabilities {
  readonly scope: 'local' | 'global'
  readonly connectivityScope: 'local' | 'global'
}

/** A network as its driver sees it. */
export interface NetworkConfig {
  /** 64 hex digits for local scope, 25 of [a-z0-9] in a swarm. */
  readonly id: string
  /** `-o` options, unknown ones included. */
  readonly options: Readonly<Record<string, string>>
  readonly internal: boolean
  readonly enableIpv4: boolean
  readonly enableIpv6: boolean
  /** One a subnet. */
  readonly ipv4: readonly IpamData[]
  readonly ipv6: readonly IpamData[]
}

export interface IpamData {
  readonly addressSpace: string
  /** CIDR. */
  readonly pool: string
  /** CIDR: the gateway's address with the pool's prefix length. */
  readonly gateway?: string
  /** Name → CIDR. */
  readonly auxAddresses: Readonly<Record<string, string>>
}

export interface EndpointConfig {
  readonly networkId: string
  /** 64 hex digits. */
  readonly id: string
  /** What is given already. */
  readonly interface: EndpointInterface
  readonly exposedPorts: readonly Port[]
  readonly portBindings: readonly PortBinding[]
  /** `--driver-opt`. */
  readonly options: Readonly<Record<string, string>>
}

export interface EndpointInterface {
  /** CIDR. */
  readonly address?: string
  readonly addressIpv6?: string
  readonly mac?: string
}

/** IP protocol by name; numbers are 6, 17, 132. */
export type TransportProtocol = 'tcp' | 'udp' | 'sctp'

export interface Port {
  readonly protocol: TransportProtocol
  readonly port: number
}

/** `-p HOSTIP:HOSTPORT-HOSTPORTEND:PORT/PROTOCOL`. */
export interface PortBinding extends Port {
  /** Absent = the driver's default, every address. */
  readonly hostAddress?: string
  /** 0 = one that is free. */
  readonly hostPort: number
  /** Last of a range to choose from; equals hostPort for a single one. */
  readonly hostPortEnd: number
}

export interface JoinRequest {
  readonly networkId: string
  readonly endpointId: string
  /** Path of the sandbox's nsfs file. */
  readonly sandboxKey: string
  readonly options: Readonly<Record<string, unknown>>
  /**
   * Descriptor of the sandbox's namespace, from a caller that knows {@link JoinResult.interfaceName}.inSandbox: a
   * driver that makes its link only now makes it there at once (IFLA_NET_NS_FD of the new link, or of a veth's peer),
   * for moving one takes the kernel some 17 ms of grace periods. An engine does not give it.
   */
  readonly sandboxFd?: number
}

export interface JoinResult {
  readonly interfaceName: {
    /** Of the link, in the namespace of the host; absent for the drivers host and none. */
    readonly source?: string
    /** `source` is in the sandbox already, as {@link JoinRequest.sandboxFd} allowed. Default false. */
    readonly inSandbox?: boolean
    /** The sandbox's name is this and the next free number. */
    readonly prefix: string
    /** The sandbox's whole name, where the user chose it. */
    readonly name?: string
  }
  /** Plain addresses. */
  readonly gateway?: string
  readonly gatewayIpv6?: string
  readonly routes: readonly StaticRoute[]
  /** No default route by way of docker_gwbridge either. */
  readonly disableGatewayService: boolean
}

export interface StaticRoute {
  /** CIDR. */
  readonly destination: string
  /** Absent = on link (RouteType 1, CONNECTED). */
  readonly nextHop?: string
}

export interface ConnectivityRequest {
  readonly networkId: string
  readonly endpointId: string
  readonly exposedPorts: readonly Port[]
  readonly portBindings: readonly PortBinding[]
}
