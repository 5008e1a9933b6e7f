import { type GoType, goAny, goBool, goInt, goList, goMap, goPointer, goString, goStruct } from './go-json.ts'

/*
 * The messages of plugin protocol v1, as they are written. An absent string is '' on the wire.
 * Source: libnetwork drivers/remote/api, ipams/remote/api; docs.docker.com, "Docker network driver plugins".
 */

/** Error field of the answers; `Err` of NetworkDriver.*, `Error` of IpamDriver.*. */
export interface WireError {
  readonly Err: string
  readonly Error: string
}
export const wireError: GoType<WireError> = goStruct<WireError>({ Err: goString, Error: goString })

export interface WireManifest {
  readonly Implements: readonly string[]
}
export const wireManifest: GoType<WireManifest> = goStruct<WireManifest>({ Implements: goList(goString) })

export interface WireCapabilities {
  readonly Scope: string
  readonly ConnectivityScope: string
  readonly GwAllocChecker: boolean
}
export const wireCapabilities: GoType<WireCapabilities> = goStruct<WireCapabilities>({
  Scope: goString,
  ConnectivityScope: goString,
  GwAllocChecker: goBool,
})

export interface WireIpamData {
  readonly AddressSpace: string
  readonly Pool: string
  readonly Gateway: string
  readonly AuxAddresses: Readonly<Record<string, string>>
}
const wireIpamData: GoType<WireIpamData> = goStruct<WireIpamData>({
  AddressSpace: goString,
  Pool: goString,
  Gateway: goString,
  AuxAddresses: goMap(goString),
})

export interface WireNetwork {
  readonly NetworkID: string
  readonly Options: Readonly<Record<string, unknown>>
  readonly IPv4Data: readonly WireIpamData[]
  readonly IPv6Data: readonly WireIpamData[]
}
export const wireNetwork: GoType<WireNetwork> = goStruct<WireNetwork>({
  NetworkID: goString,
  Options: goMap(goAny),
  IPv4Data: goList(wireIpamData),
  IPv6Data: goList(wireIpamData),
})

export interface WireNetworkId {
  readonly NetworkID: string
}
export const wireNetworkId: GoType<WireNetworkId> = goStruct<WireNetworkId>({ NetworkID: goString })

export interface WireAllocation {
  readonly Options: Readonly<Record<string, string>>
}
export const wireAllocation: GoType<WireAllocation> = goStruct<WireAllocation>({ Options: goMap(goString) })

export interface WireInterface {
  readonly Address: string
  readonly AddressIPv6: string
  readonly MacAddress: string
}
const wireInterface: GoType<WireInterface> = goStruct<WireInterface>({
  Address: goString,
  AddressIPv6: goString,
  MacAddress: goString,
})

export interface WireEndpointId {
  readonly NetworkID: string
  readonly EndpointID: string
}
export const wireEndpointId: GoType<WireEndpointId> = goStruct<WireEndpointId>({
  NetworkID: goString,
  EndpointID: goString,
})

export interface WireEndpoint extends WireEndpointId {
  readonly Interface: WireInterface | undefined
  readonly Options: Readonly<Record<string, unknown>>
}
export const wireEndpoint: GoType<WireEndpoint> = goStruct<WireEndpoint>({
  NetworkID: goString,
  EndpointID: goString,
  Interface: goPointer(wireInterface),
  Options: goMap(goAny),
})

export interface WireEndpointAnswer {
  readonly Interface: WireInterface | undefined
}
export const wireEndpointAnswer: GoType<WireEndpointAnswer> = goStruct<WireEndpointAnswer>({
  Interface: goPointer(wireInterface),
})

export interface WireEndpointInfo {
  readonly Value: Readonly<Record<string, unknown>>
}
export const wireEndpointInfo: GoType<WireEndpointInfo> = goStruct<WireEndpointInfo>({ Value: goMap(goAny) })

export interface WireJoin extends WireEndpointId {
  readonly SandboxKey: string
  readonly Options: Readonly<Record<string, unknown>>
}
export const wireJoin: GoType<WireJoin> = goStruct<WireJoin>({
  NetworkID: goString,
  EndpointID: goString,
  SandboxKey: goString,
  Options: goMap(goAny),
})

export interface WireRoute {
  readonly Destination: string
  /** 0 = by way of NextHop, 1 = on link. */
  readonly RouteType: number
  readonly NextHop: string
}
export const ROUTE_TYPE = { NEXTHOP: 0, CONNECTED: 1 } as const

export interface WireJoinAnswer {
  readonly InterfaceName: { readonly SrcName: string; readonly DstPrefix: string; readonly DstName: string } | undefined
  readonly Gateway: string
  readonly GatewayIPv6: string
  readonly StaticRoutes: readonly WireRoute[]
  readonly DisableGatewayService: boolean
}
export const wireJoinAnswer: GoType<WireJoinAnswer> = goStruct<WireJoinAnswer>({
  InterfaceName: goPointer(goStruct({ SrcName: goString, DstPrefix: goString, DstName: goString })),
  Gateway: goString,
  GatewayIPv6: goString,
  StaticRoutes: goList(goStruct<WireRoute>({ Destination: goString, RouteType: goInt, NextHop: goString })),
  DisableGatewayService: goBool,
})

export interface WireConnectivity extends WireEndpointId {
  readonly Options: Readonly<Record<string, unknown>>
}
export const wireConnectivity: GoType<WireConnectivity> = goStruct<WireConnectivity>({
  NetworkID: goString,
  EndpointID: goString,
  Options: goMap(goAny),
})

/** 1 = a node of the swarm; the other kinds are never sent to plugins. */
export interface WireDiscovery {
  readonly DiscoveryType: number
  readonly DiscoveryData: unknown
}
export const wireDiscovery: GoType<WireDiscovery> = goStruct<WireDiscovery>({
  DiscoveryType: goInt,
  DiscoveryData: goAny,
})

/** One of `com.docker.network.portmap`. */
export interface WirePortBinding {
  readonly Proto: number
  readonly IP: string
  readonly Port: number
  readonly HostIP: string
  readonly HostPort: number
  readonly HostPortEnd: number
}
export const wirePortBindings: GoType<readonly WirePortBinding[]> = goList(
  goStruct<WirePortBinding>({
    Proto: goInt,
    IP: goString,
    Port: goInt,
    HostIP: goString,
    HostPort: goInt,
    HostPortEnd: goInt,
  }),
)

/** One of `com.docker.network.endpoint.exposedports`. */
export interface WirePort {
  readonly Proto: number
  readonly Port: number
}
export const wirePorts: GoType<readonly WirePort[]> = goList(goStruct<WirePort>({ Proto: goInt, Port: goInt }))

export interface WireIpamCapabilities {
  readonly RequiresMACAddress: boolean
  readonly RequiresRequestReplay: boolean
}
export const wireIpamCapabilities: GoType<WireIpamCapabilities> = goStruct<WireIpamCapabilities>({
  RequiresMACAddress: goBool,
  RequiresRequestReplay: goBool,
})

export interface WireAddressSpaces {
  readonly LocalDefaultAddressSpace: string
  readonly GlobalDefaultAddressSpace: string
}
export const wireAddressSpaces: GoType<WireAddressSpaces> = goStruct<WireAddressSpaces>({
  LocalDefaultAddressSpace: goString,
  GlobalDefaultAddressSpace: goString,
})

export interface WirePoolRequest {
  readonly AddressSpace: string
  readonly Pool: string
  readonly SubPool: string
  readonly Options: Readonly<Record<string, string>>
  readonly V6: boolean
}
export const wirePoolRequest: GoType<WirePoolRequest> = goStruct<WirePoolRequest>({
  AddressSpace: goString,
  Pool: goString,
  SubPool: goString,
  Options: goMap(goString),
  V6: goBool,
})

export interface WirePool {
  readonly PoolID: string
  readonly Pool: string
  readonly Data: Readonly<Record<string, string>>
}
export const wirePool: GoType<WirePool> = goStruct<WirePool>({
  PoolID: goString,
  Pool: goString,
  Data: goMap(goString),
})

export interface WirePoolId {
  readonly PoolID: string
}
export const wirePoolId: GoType<WirePoolId> = goStruct<WirePoolId>({ PoolID: goString })

export interface WireAddressRequest extends WirePoolId {
  /** Plain. */
  readonly Address: string
  readonly Options: Readonly<Record<string, string>>
}
export const wireAddressRequest: GoType<WireAddressRequest> = goStruct<WireAddressRequest>({
  PoolID: goString,
  Address: goString,
  Options: goMap(goString),
})

export interface WireAddress {
  /** CIDR. */
  readonly Address: string
  readonly Data: Readonly<Record<string, string>>
}
export const wireAddress: GoType<WireAddress> = goStruct<WireAddress>({ Address: goString, Data: goMap(goString) })

export interface WireAddressRelease extends WirePoolId {
  readonly Address: string
}
export const wireAddressRelease: GoType<WireAddressRelease> = goStruct<WireAddressRelease>({
  PoolID: goString,
  Address: goString,
})
