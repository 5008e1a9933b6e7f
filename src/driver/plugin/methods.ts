import { TsnetError } from '../../errors.ts'
import type { IpamDriver } from '../ipam/ipam-driver.ts'
import type { NetworkDriver } from '../network-driver.ts'
import type { GoType } from './go-json.ts'
import { decodeAddressRequest, decodePoolId, decodePoolRequest, encodeAddress, encodePool } from './ipam-messages.ts'
import {
  decodeConnectivity,
  decodeEndpoint,
  decodeIds,
  decodeJoin,
  decodeNetwork,
  decodeNetworkId,
  encodeInterface,
  encodeJoinAnswer,
} from './network-messages.ts'
import {
  wireAddressRelease,
  wireAddressRequest,
  wireConnectivity,
  wireDiscovery,
  wireEndpoint,
  wireEndpointId,
  wireJoin,
  wireNetwork,
  wireNetworkId,
  wirePoolId,
  wirePoolRequest,
} from './wire.ts'

/** What a plugin serves: one of the two, or both. */
export interface PluginDrivers {
  readonly network?: NetworkDriver
  readonly ipam?: IpamDriver
}

/** One method of the protocol. */
export interface PluginMethod {
  /** What has to come in: a message, or nothing, and then whatever comes is ignored. */
  readonly takesBody: boolean
  /** Changes something, so that it waits for others: for all of them, or for those with the same key. */
  readonly turn?: 'alone' | ((body: unknown) => string)
  /** @returns the answer as it is written */
  call(drivers: PluginDrivers, body: unknown): Promise<object>
}

/** Every method but Plugin.Activate, by its path: CNM protocol v1. */
export const PLUGIN_METHODS: ReadonlyMap<string, PluginMethod> = new Map([
  [
    'NetworkDriver.GetCapabilities',
    query(async ({ network }) => {
      const { scope, connectivityScope } = await required(network).capabilities()
      return { Scope: scope, ConnectivityScope: connectivityScope }
    }),
  ],
  [
    'NetworkDriver.GwAllocCheck',
    look(wireNetwork, async ({ network }) => {
      required(network)
      return { SkipIPv4: false, SkipIPv6: false }
    }),
  ],
  // what comes back is all that the nodes of a swarm get to see of the user's options
  [
    'NetworkDriver.AllocateNetwork',
    look(wireNetwork, async ({ network }, wire) => {
      required(network)
      decodeNetworkId(wire)
      return { Options: wire.Options }
    }),
  ],
  [
    'NetworkDriver.FreeNetwork',
    look(wireNetworkId, async ({ network }, wire) => {
      required(network)
      decodeNetworkId(wire)
      return {}
    }),
  ],
  [
    'NetworkDriver.CreateNetwork',
    change(wireNetwork, async ({ network }, wire) => {
      await required(network).createNetwork(decodeNetwork(wire))
      return {}
    }),
  ],
  [
    'NetworkDriver.DeleteNetwork',
    change(wireNetworkId, async ({ network }, wire) => {
      await required(network).deleteNetwork(decodeNetworkId(wire))
      return {}
    }),
  ],
  [
    'NetworkDriver.CreateEndpoint',
    changeEndpoint(wireEndpoint, async ({ network }, wire) => {
      return { Interface: encodeInterface(await required(network).createEndpoint(decodeEndpoint(wire))) }
    }),
  ],
  [
    'NetworkDriver.EndpointOperInfo',
    look(wireEndpointId, async ({ network }, wire) => {
      const { networkId, endpointId } = decodeIds(wire)
      return { Value: await required(network).endpointInfo(networkId, endpointId) }
    }),
  ],
  [
    'NetworkDriver.DeleteEndpoint',
    changeEndpoint(wireEndpointId, async ({ network }, wire) => {
      const { networkId, endpointId } = decodeIds(wire)
      await required(network).deleteEndpoint(networkId, endpointId)
      return {}
    }),
  ],
  [
    'NetworkDriver.Join',
    changeEndpoint(wireJoin, async ({ network }, wire) => {
      return encodeJoinAnswer(await required(network).join(decodeJoin(wire)))
    }),
  ],
  [
    'NetworkDriver.Leave',
    changeEndpoint(wireEndpointId, async ({ network }, wire) => {
      const { networkId, endpointId } = decodeIds(wire)
      await required(network).leave(networkId, endpointId)
      return {}
    }),
  ],
  [
    'NetworkDriver.ProgramExternalConnectivity',
    changeEndpoint(wireConnectivity, async ({ network }, wire) => {
      await required(network).programExternalConnectivity(decodeConnectivity(wire))
      return {}
    }),
  ],
  [
    'NetworkDriver.RevokeExternalConnectivity',
    changeEndpoint(wireEndpointId, async ({ network }, wire) => {
      const { networkId, endpointId } = decodeIds(wire)
      await required(network).revokeExternalConnectivity(networkId, endpointId)
      return {}
    }),
  ],
  [
    'NetworkDriver.DiscoverNew',
    look(wireDiscovery, async ({ network }) => {
      required(network)
      return {}
    }),
  ],
  [
    'NetworkDriver.DiscoverDelete',
    look(wireDiscovery, async ({ network }) => {
      required(network)
      return {}
    }),
  ],
  [
    'IpamDriver.GetCapabilities',
    query(async ({ ipam }) => {
      const { requiresMacAddress, requiresRequestReplay } = await required(ipam).capabilities()
      return { RequiresMACAddress: requiresMacAddress, RequiresRequestReplay: requiresRequestReplay }
    }),
  ],
  [
    'IpamDriver.GetDefaultAddressSpaces',
    query(async ({ ipam }) => {
      const { local, global } = await required(ipam).defaultAddressSpaces()
      return { LocalDefaultAddressSpace: local, GlobalDefaultAddressSpace: global }
    }),
  ],
  [
    // pools and addresses are changed in one go, without waiting for anything: there is nothing to take turns for
    'IpamDriver.RequestPool',
    look(wirePoolRequest, async ({ ipam }, wire) => {
      return encodePool(await required(ipam).requestPool(decodePoolRequest(wire)))
    }),
  ],
  [
    'IpamDriver.ReleasePool',
    look(wirePoolId, async ({ ipam }, wire) => {
      await required(ipam).releasePool(decodePoolId(wire))
      return {}
    }),
  ],
  [
    'IpamDriver.RequestAddress',
    look(wireAddressRequest, async ({ ipam }, wire) => {
      return encodeAddress(await required(ipam).requestAddress(decodeAddressRequest(wire)))
    }),
  ],
  [
    'IpamDriver.ReleaseAddress',
    look(wireAddressRelease, async ({ ipam }, wire) => {
      await required(ipam).releaseAddress(decodePoolId(wire), wire.Address)
      return {}
    }),
  ],
])

/** Whether the plugin has the driver that a method belongs to. */
export function isServed(path: string, { network, ipam }: PluginDrivers): boolean {
  return path.startsWith('NetworkDriver.') ? network !== undefined : ipam !== undefined
}

function query(call: (drivers: PluginDrivers) => Promise<object>): PluginMethod {
  return { takesBody: false, call }
}

function look<T>(type: GoType<T>, call: (drivers: PluginDrivers, message: T) => Promise<object>): PluginMethod {
  return { takesBody: true, call: (drivers, body) => call(drivers, type(body, '')) }
}

function change<T>(type: GoType<T>, call: (drivers: PluginDrivers, message: T) => Promise<object>): PluginMethod {
  return { ...look(type, call), turn: 'alone' }
}

/** Endpoints have little in common, and the removal of many at once costs hardly more than that of one. */
function changeEndpoint<T>(
  type: GoType<T>,
  call: (drivers: PluginDrivers, message: T) => Promise<object>,
): PluginMethod {
  return { ...look(type, call), turn: (body) => wireEndpointId(body, '').EndpointID }
}

function required<T>(driver: T | undefined): T {
  if (driver === undefined) throw new TsnetError('usage', 'plugin: this kind of driver is not served')
  return driver
}
