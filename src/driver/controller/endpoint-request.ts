import { TsnetError } from '../../errors.ts'
import { dockerMac } from '../docker-mac.ts'
import type { IpamDriver } from '../ipam/ipam-driver.ts'
import type { ConnectRequest, Endpoint, Network, Sandbox } from '../model.ts'
import { checkInterfaceName } from '../sandbox/interface-name.ts'
import type { ControllerState } from './controller-state.ts'
import { checkId, newId } from './parts.ts'

/** What a request asks for, before anything is done about it. */
export function newEndpoint(request: ConnectRequest, network: Network, sandbox: Sandbox): Endpoint {
  const { ipv4, ipv6, mac, aliases = [], links = [], exposedPorts = [], portBindings = [] } = request
  const { gatewayPriority = 0, driverOptions = {}, interfaceName } = request
  return {
    id: request.id ?? newId(),
    network: network.id,
    sandbox: sandbox.id,
    state: 'creating',
    interface: interfaceName === undefined ? {} : { name: checkInterfaceName(interfaceName) },
    gatewayPriority,
    routes: [],
    disableGatewayService: false,
    aliases,
    links,
    exposedPorts,
    portBindings,
    driverOptions,
    requested: {
      ...(ipv4 === undefined ? {} : { address: ipv4 }),
      ...(ipv6 === undefined ? {} : { addressIpv6: ipv6 }),
      ...(mac === undefined ? {} : { mac: checkMac(mac) }),
    },
    leases: [],
  }
}

/** @throws TsnetError `usage` or `failed` when the two cannot be connected, in Docker's words */
export function checkConnectable(state: ControllerState, endpoint: Endpoint, network: Network, sandbox: Sandbox): void {
  const { id, requested } = endpoint
  checkId('endpoint', id)
  if (state.endpoints.get(id)) throw new TsnetError('usage', `endpoint id ${id} is already in use`)
  if (network.state !== 'ready')
    throw new TsnetError('failed', `network ${network.name} is not ready: ${network.state}`)
  if (sandbox.state !== 'ready')
    throw new TsnetError('failed', `sandbox ${sandbox.name} is not ready: ${sandbox.state}`)
  const others = state.endpointsOf(sandbox.id)
  if (others.some((other) => other.network === network.id)) {
    throw new TsnetError('usage', `endpoint with name ${sandbox.name} already exists in network ${network.name}`)
  }
  checkCombination(state, network, sandbox)
  if (network.ipam.pools.length === 0 && Object.keys(requested).length > 0) {
    throw new TsnetError(
      'usage',
      `network ${network.name} gives neither addresses nor links, so there is none to choose`,
    )
  }
}

/** The networks host and none are all or nothing. */
function checkCombination(state: ControllerState, network: Network, sandbox: Sandbox): void {
  if (sandbox.hostNamespace !== (network.driver === 'host')) {
    throw new TsnetError(
      'usage',
      'container cannot be disconnected from host network or connected to host network',
      sandbox.hostNamespace ? {} : { hint: 'a sandbox for the host network is made with the namespace of the host' },
    )
  }
  const drivers = state.endpointsOf(sandbox.id).map((other) => state.networks.get(other.network)?.driver)
  if (drivers.length > 0 && [...drivers, network.driver].includes('none')) {
    throw new TsnetError(
      'usage',
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    )
  }
}

/** The MAC that an endpoint needs before it asks for an address; undefined = the driver may choose. */
export async function macBeforeAddress(ipam: IpamDriver, { requested }: Endpoint): Promise<string | undefined> {
  if (requested.mac !== undefined) return requested.mac
  return (await ipam.capabilities()).requiresMacAddress ? dockerMac() : undefined
}

function checkMac(mac: string): string {
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) return mac.toLowerCase()
  throw new TsnetError('usage', `MAC ${mac}: six pairs of hexadecimal digits are needed, 02:42:0a:00:00:02`)
}
