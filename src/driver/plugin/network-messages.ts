import { TsnetError } from '../../errors.ts'
import type {
  ConnectivityRequest,
  EndpointConfig,
  EndpointInterface,
  IpamData,
  JoinRequest,
  JoinResult,
  NetworkConfig,
  StaticRoute,
} from '../network-driver.ts'
import { LABEL } from './labels.ts'
import { decodePorts, encodePorts } from './port-messages.ts'
import {
  ROUTE_TYPE,
  type WireConnectivity,
  type WireEndpoint,
  type WireEndpointId,
  type WireInterface,
  type WireIpamData,
  type WireJoin,
  type WireJoinAnswer,
  type WireNetwork,
  type WireRoute,
} from './wire.ts'

/** Ids become names of files and links. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

/** @throws TsnetError `usage` for none or one that cannot be */
export function decodeNetworkId({ NetworkID }: { readonly NetworkID: string }): string {
  if (!ID.test(NetworkID)) throw new TsnetError('usage', `NetworkID ${JSON.stringify(NetworkID)}: not an id`)
  return NetworkID
}

export interface EndpointIds {
  readonly networkId: string
  readonly endpointId: string
}

export function decodeIds(wire: WireEndpointId): EndpointIds {
  const { EndpointID } = wire
  if (!ID.test(EndpointID)) throw new TsnetError('usage', `EndpointID ${JSON.stringify(EndpointID)}: not an id`)
  return { networkId: decodeNetworkId(wire), endpointId: EndpointID }
}

export function encodeIds(networkId: string, endpointId: string): WireEndpointId {
  return { NetworkID: networkId, EndpointID: endpointId }
}

export function decodeNetwork(wire: WireNetwork): NetworkConfig {
  const { Options, IPv4Data, IPv6Data } = wire
  return {
    id: decodeNetworkId(wire),
    options: textsOf(Options[LABEL.GENERIC]),
    internal: isYes(Options[LABEL.INTERNAL], false),
    enableIpv4: isYes(Options[LABEL.ENABLE_IPV4], true),
    enableIpv6: isYes(Options[LABEL.ENABLE_IPV6], false),
    ipv4: IPv4Data.map(decodeIpamData),
    ipv6: IPv6Data.map(decodeIpamData),
  }
}

export function encodeNetwork({ id, options, internal, enableIpv4, enableIpv6, ipv4, ipv6 }: NetworkConfig): object {
  return {
    NetworkID: id,
    Options: {
      [LABEL.ENABLE_IPV6]: enableIpv6,
      ...(enableIpv4 ? {} : { [LABEL.ENABLE_IPV4]: false }),
      ...(internal ? { [LABEL.INTERNAL]: true } : {}),
      [LABEL.GENERIC]: options,
    },
    IPv4Data: ipv4.map(encodeIpamData),
    IPv6Data: ipv6.map(encodeIpamData),
  }
}

export function decodeEndpoint(wire: WireEndpoint): EndpointConfig {
  const { networkId, endpointId } = decodeIds(wire)
  const {
    [LABEL.EXPOSED_PORTS]: _exposed,
    [LABEL.PORT_MAP]: _published,
    [LABEL.MAC_ADDRESS]: _mac,
    ...rest
  } = wire.Options
  return {
    networkId,
    id: endpointId,
    interface: decodeInterface(wire.Interface),
    ...decodePorts(wire.Options),
    options: textsOf(rest),
  }
}

export function encodeEndpoint(endpoint: EndpointConfig): object {
  const { mac } = endpoint.interface
  return {
    ...encodeIds(endpoint.networkId, endpoint.id),
    Interface: { ...EMPTY_INTERFACE, ...encodeInterface(endpoint.interface) },
    Options: {
      ...endpoint.options,
      ...encodePorts(endpoint),
      ...(mac === undefined
        ? {}
        : { [LABEL.MAC_ADDRESS]: Buffer.from(mac.replaceAll(':', ''), 'hex').toString('base64') }),
    },
  }
}

const EMPTY_INTERFACE: WireInterface = { Address: '', AddressIPv6: '', MacAddress: '' }

export function decodeInterface(wire: WireInterface | undefined): EndpointInterface {
  const { Address = '', AddressIPv6 = '', MacAddress = '' } = wire ?? {}
  return {
    ...(Address === '' ? {} : { address: Address }),
    ...(AddressIPv6 === '' ? {} : { addressIpv6: AddressIPv6 }),
    ...(MacAddress === '' ? {} : { mac: MacAddress }),
  }
}

export function encodeInterface({ address, addressIpv6, mac }: EndpointInterface): Partial<WireInterface> {
  return {
    ...(address === undefined ? {} : { Address: address }),
    ...(addressIpv6 === undefined ? {} : { AddressIPv6: addressIpv6 }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
  }
}

export function decodeJoin(wire: WireJoin): JoinRequest {
  return { ...decodeIds(wire), sandboxKey: wire.SandboxKey, options: wire.Options }
}

export function encodeJoin({ networkId, endpointId, sandboxKey, options }: JoinRequest): WireJoin {
  return { ...encodeIds(networkId, endpointId), SandboxKey: sandboxKey, Options: options }
}

export function encodeJoinAnswer(join: JoinResult): object {
  const { source, prefix, name } = join.interfaceName
  return {
    ...(source === undefined
      ? {}
      : { InterfaceName: { SrcName: source, DstPrefix: prefix, ...(name === undefined ? {} : { DstName: name }) } }),
    Gateway: join.gateway ?? '',
    GatewayIPv6: join.gatewayIpv6 ?? '',
    StaticRoutes: join.routes.map(encodeRoute),
    DisableGatewayService: join.disableGatewayService,
  }
}

/** @throws TsnetError `failed` for a route of an unknown kind */
export function decodeJoinAnswer(wire: WireJoinAnswer): JoinResult {
  const { SrcName = '', DstPrefix = '', DstName = '' } = wire.InterfaceName ?? {}
  return {
    interfaceName: {
      ...(SrcName === '' ? {} : { source: SrcName }),
      prefix: DstPrefix === '' ? DEFAULT_PREFIX : DstPrefix,
      ...(DstName === '' ? {} : { name: DstName }),
    },
    ...(wire.Gateway === '' ? {} : { gateway: wire.Gateway }),
    ...(wire.GatewayIPv6 === '' ? {} : { gatewayIpv6: wire.GatewayIPv6 }),
    routes: wire.StaticRoutes.map(decodeRoute),
    disableGatewayService: wire.DisableGatewayService,
  }
}

/** Docker's, where the driver names none. */
const DEFAULT_PREFIX = 'eth'

function encodeRoute({ destination, nextHop }: StaticRoute): WireRoute {
  return nextHop === undefined
    ? { Destination: destination, RouteType: ROUTE_TYPE.CONNECTED, NextHop: '' }
    : { Destination: destination, RouteType: ROUTE_TYPE.NEXTHOP, NextHop: nextHop }
}

function decodeRoute({ Destination, RouteType, NextHop }: WireRoute): StaticRoute {
  if (RouteType === ROUTE_TYPE.CONNECTED) return { destination: Destination }
  if (RouteType === ROUTE_TYPE.NEXTHOP) return { destination: Destination, nextHop: NextHop }
  throw new TsnetError('failed', `route ${Destination}: unknown RouteType ${RouteType}`)
}

export function decodeConnectivity(wire: WireConnectivity): ConnectivityRequest {
  return { ...decodeIds(wire), ...decodePorts(wire.Options) }
}

export function encodeConnectivity(request: ConnectivityRequest): WireConnectivity {
  return { ...encodeIds(request.networkId, request.endpointId), Options: encodePorts(request) }
}

function decodeIpamData({ AddressSpace, Pool, Gateway, AuxAddresses }: WireIpamData): IpamData {
  return {
    addressSpace: AddressSpace,
    pool: Pool,
    auxAddresses: AuxAddresses,
    ...(Gateway === '' ? {} : { gateway: Gateway }),
  }
}

function encodeIpamData({ addressSpace, pool, gateway, auxAddresses }: IpamData): Partial<WireIpamData> {
  return {
    AddressSpace: addressSpace,
    Pool: pool,
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(Object.keys(auxAddresses).length === 0 ? {} : { AuxAddresses: auxAddresses }),
  }
}

/** Engines send booleans, people with a network from a file strings. */
function isYes(value: unknown, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise
  return value === true || value === 'true'
}

/** What of a map can be an option of a driver: text, numbers and booleans. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const plain = Object.entries(value).filter(([, one]) => ['string', 'number', 'boolean'].includes(typeof one))
  return Object.fromEntries(plain.map(([key, one]) => [key, String(one)]))
}
