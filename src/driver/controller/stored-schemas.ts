import { dictionary, either, list, number, object, oneOf, type Schema, text, yesNo } from '../../model/schema.ts'
import type {
  AddressLease,
  AllocatedPool,
  DnsSettings,
  Endpoint,
  EndpointLink,
  Network,
  NetworkIpam,
  PlacedInterface,
  Sandbox,
} from '../model.ts'
import type { EndpointInterface, IpamData, NetworkConfig, Port, PortBinding, StaticRoute } from '../network-driver.ts'

/** What the files of a controller's state folder must be; they may come from another version of this program. */

const state = oneOf('creating', 'ready', 'removing')
const texts = dictionary(text)
const scope = oneOf('local', 'global')
const family = either(oneOf(4), oneOf(6))
const protocol = oneOf('tcp', 'udp', 'sctp')

const ipamData: Schema<IpamData> = object<IpamData>(
  { addressSpace: text, pool: text, auxAddresses: texts },
  { gateway: text },
)

const config: Schema<NetworkConfig> = object<NetworkConfig>(
  {
    id: text,
    options: texts,
    internal: yesNo,
    enableIpv4: yesNo,
    enableIpv6: yesNo,
    ipv4: list(ipamData),
    ipv6: list(ipamData),
  },
  {},
)

const pool: Schema<AllocatedPool> = object<AllocatedPool>(
  { id: text, family, addressSpace: text, pool: text, chosen: yesNo, reserved: list(text) },
  { subPool: text, gateway: text },
)

const ipam: Schema<NetworkIpam> = object<NetworkIpam>({ driver: text, options: texts, pools: list(pool) }, {})

export const STORED_NETWORK: Schema<Network> = object<Network>(
  { id: text, name: text, driver: text, scope, state, config, ipam, labels: texts, predefined: yesNo },
  {},
)

const dns: Schema<DnsSettings> = object<DnsSettings>(
  { servers: list(text), search: list(text), options: list(text) },
  {},
)

export const STORED_SANDBOX: Schema<Sandbox> = object<Sandbox>(
  { id: text, name: text, hostname: text, path: text, inode: number, state, hostNamespace: yesNo, dns, sysctls: texts },
  { dnsPorts: object<{ udp: number; tcp: number }>({ udp: number, tcp: number }, {}) },
)

const requested: Schema<EndpointInterface> = object<EndpointInterface>(
  {},
  { address: text, addressIpv6: text, mac: text },
)

const placed: Schema<PlacedInterface> = object<PlacedInterface>(
  {},
  { address: text, addressIpv6: text, mac: text, name: text },
)

const port: Schema<Port> = object<Port>({ protocol, port: number }, {})

const binding: Schema<PortBinding> = object<PortBinding>(
  { protocol, port: number, hostPort: number, hostPortEnd: number },
  { hostAddress: text },
)

const route: Schema<StaticRoute> = object<StaticRoute>({ destination: text }, { nextHop: text })

export const STORED_ENDPOINT: Schema<Endpoint> = object<Endpoint>(
  {
    id: text,
    network: text,
    sandbox: text,
    state,
    interface: placed,
    gatewayPriority: number,
    routes: list(route),
    disableGatewayService: yesNo,
    aliases: list(text),
    links: list(object<EndpointLink>({ sandbox: text, alias: text }, {})),
    exposedPorts: list(port),
    portBindings: list(binding),
    driverOptions: texts,
    requested,
    leases: list(object<AddressLease>({ poolId: text, address: text }, {})),
  },
  { gateway: text, gatewayIpv6: text },
)
