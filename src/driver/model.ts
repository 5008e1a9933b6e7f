import type { IpamDriver } from './ipam/ipam-driver.ts'
import type {
  EndpointInterface,
  NetworkConfig,
  NetworkDriver,
  Port,
  PortBinding,
  StaticRoute,
} from './network-driver.ts'
import type { NetworkHost } from './network-host.ts'

/**
 * The objects of Docker's Container Networking Model. A sandbox is a network namespace with its own links, routes and
 * DNS settings; an endpoint joins a sandbox to one network; a network belongs to a driver.
 */

/** `creating` and `removing` outlive only a crash: the next start removes what is in them. */
export type ObjectState = 'creating' | 'ready' | 'removing'

export interface NetworkRequest {
  /** Unique. */
  readonly name: string
  /** 64 hex digits (chosen where absent), 25 of [a-z0-9] for a network of a swarm. */
  readonly id?: string
  /** bridge, macvlan, ipvlan, host, none… */
  readonly driver: string
  /** `-o` options for the driver. */
  readonly options?: Readonly<Record<string, string>>
  readonly internal?: boolean
  /** Default true. */
  readonly enableIpv4?: boolean
  /** Default false. */
  readonly enableIpv6?: boolean
  readonly ipam?: IpamRequest
  readonly labels?: Readonly<Record<string, string>>
  /** Where a network of several hosts is known; absent = what the driver says. */
  readonly scope?: 'local' | 'global'
  /** One of those that are always there (bridge, host, none): it is not removed by mistake. */
  readonly predefined?: boolean
}

export interface IpamRequest {
  /** Absent = the first one of the controller. */
  readonly driver?: string
  /** `--ipam-opt`. */
  readonly options?: Readonly<Record<string, string>>
  /** IPv4 and IPv6 as they come; none of a family that is enabled = one default pool. */
  readonly pools?: readonly PoolSettings[]
}

export interface PoolSettings {
  /** CIDR. */
  readonly subnet?: string
  /** CIDR inside the subnet that dynamic addresses come from. */
  readonly ipRange?: string
  /** Plain address. */
  readonly gateway?: string
  /** Name → plain address that no container gets. */
  readonly auxAddresses?: Readonly<Record<string, string>>
}

export interface Network {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly scope: 'local' | 'global'
  readonly state: ObjectState
  /** What the driver was given. */
  readonly config: NetworkConfig
  readonly ipam: NetworkIpam
  readonly labels: Readonly<Record<string, string>>
  readonly predefined: boolean
}

/** What a network holds of its IPAM driver. */
export interface NetworkIpam {
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
  readonly pools: readonly AllocatedPool[]
}

export interface AllocatedPool {
  readonly id: string
  readonly family: 4 | 6
  readonly addressSpace: string
  /** CIDR. */
  readonly pool: string
  /** CIDR that the request named for dynamic addresses. */
  readonly subPool?: string
  /** The request named the subnet: only then may endpoints name their address. */
  readonly chosen: boolean
  /** Plain addresses asked for from the pool on the network's behalf: gateway and auxiliary ones. */
  readonly gateway?: string
  readonly reserved: readonly string[]
}

export interface SandboxRequest {
  /** Unique; the container's name in DNS. */
  readonly name: string
  /** 64 hex digits; chosen where absent. */
  readonly id?: string
  /** Absent = the first 12 digits of the id. */
  readonly hostname?: string
  readonly dns?: Partial<DnsSettings>
  /** `net.ipv4.conf.all.forwarding` or `net/ipv4/conf/all/forwarding` → value. */
  readonly sysctls?: Readonly<Record<string, string>>
  /** The namespace of the host instead of an own one, as the network `host` demands. */
  readonly hostNamespace?: boolean
}

export interface DnsSettings {
  /** `--dns`, `--dns-search`, `--dns-option`. */
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

export interface Sandbox {
  readonly id: string
  readonly name: string
  readonly hostname: string
  /** Of the nsfs file: for setns(2), `nsenter --net=`, and drivers' `SandboxKey`. */
  readonly path: string
  /** Of the namespace; 0 while it is being made. */
  readonly inode: number
  readonly state: ObjectState
  readonly hostNamespace: boolean
  readonly dns: DnsSettings
  /** Where the embedded server listens on 127.0.0.11, once it does. */
  readonly dnsPorts?: { readonly udp: number; readonly tcp: number }
  readonly sysctls: Readonly<Record<string, string>>
}

export interface ConnectRequest {
  /** Name or id. */
  readonly sandbox: string
  /** Name or id. */
  readonly network: string
  /** 64 hex digits; chosen where absent. */
  readonly id?: string
  /** Plain addresses. */
  readonly ipv4?: string
  readonly ipv6?: string
  readonly mac?: string
  /** Further names in this network. */
  readonly aliases?: readonly string[]
  /** Names that this sandbox alone has for others. */
  readonly links?: readonly EndpointLink[]
  readonly exposedPorts?: readonly Port[]
  readonly portBindings?: readonly PortBinding[]
  /** The highest gives the default route; default 0. */
  readonly gatewayPriority?: number
  /** The link's whole name inside, instead of the next ethN. */
  readonly interfaceName?: string
  /** `--driver-opt`. */
  readonly driverOptions?: Readonly<Record<string, string>>
}

/** `--link SANDBOX:ALIAS`. */
export interface EndpointLink {
  readonly sandbox: string
  readonly alias: string
}

export interface Endpoint {
  /** 64 hex digits. */
  readonly id: string
  /** Ids. */
  readonly network: string
  readonly sandbox: string
  readonly state: ObjectState
  readonly interface: PlacedInterface
  /** Plain addresses, as the driver said. */
  readonly gateway?: string
  readonly gatewayIpv6?: string
  readonly gatewayPriority: number
  readonly routes: readonly StaticRoute[]
  readonly disableGatewayService: boolean
  readonly aliases: readonly string[]
  readonly links: readonly EndpointLink[]
  readonly exposedPorts: readonly Port[]
  /** As requested; what they became is in the driver's `endpointInfo`. */
  readonly portBindings: readonly PortBinding[]
  readonly driverOptions: Readonly<Record<string, string>>
  /** Asked for by the request, so that they are asked for again when the endpoint is made again. */
  readonly requested: EndpointInterface
  /** The pools that its addresses came from. */
  readonly leases: readonly AddressLease[]
}

/** Addresses as CIDR. */
export interface PlacedInterface extends EndpointInterface {
  /** In the sandbox; absent in the networks host and none. */
  readonly name?: string
}

export interface AddressLease {
  readonly poolId: string
  /** Plain. */
  readonly address: string
}

export interface ControllerOptions {
  /** Whose namespace the networks are made in. */
  readonly host: NetworkHost
  readonly drivers: readonly NetworkDriver[]
  /**
   * The first one serves requests that name none. They serve this controller alone: what they hold beyond its state is
   * given back at the start, since a crash may have kept it from being written down.
   */
  readonly ipams: readonly IpamDriver[]
  /** Names of those that others use as well; what a crash left there stays. */
  readonly sharedIpams?: readonly string[]
  /** Of this controller alone. */
  readonly stateFolder: string
  /** Begins every link alias: `tsnet:pets`. */
  readonly tag: string
  /** The nsfs file of a sandbox: `/run/netns/tsnet:pets:NAME`. */
  sandboxPath(name: string): string
}
